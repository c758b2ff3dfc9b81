"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel

from bench.peers.fastapi_house import presentations, reading, verifications
from bench.peers.fastapi_house.codes import read_keys
from bench.peers.fastapi_house.database import engine, redis


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    del app
    await read_keys()
    yield
    await redis.aclose()
    await engine.dispose()


app = FastAPI(lifespan=_lifespan)
app.include_router(presentations.router)
app.include_router(reading.router)
app.include_router(verifications.router)


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


@app.get("/health/live")
async def read_live() -> Alive:
    """The process answers."""
    return Alive()
