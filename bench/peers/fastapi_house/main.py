"""The application."""

from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


@app.get("/health/live")
async def read_live() -> Alive:
    """The process answers."""
    return Alive()
