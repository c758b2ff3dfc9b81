"""Code lists: the codes that national standards give to what people choose from."""

import hashlib
import json
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.catalogue.errors import CodeListNotFoundError
from app.catalogue.models import CODE_LIST_LENGTH, CodeList

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Code(BaseModel):
    """A code and what it stands for."""

    model_config = _STRICT
    code: str = Field(pattern=r"^[0-9A-Z]{1,16}$")
    name: str = Field(min_length=1, max_length=64)


class CodeListDefinition(BaseModel):
    """A list as it stands in ``config/city/code_lists.yaml``; ``standard`` is the one that gives the codes."""

    model_config = _STRICT
    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=CODE_LIST_LENGTH)
    title: str
    standard: str
    entries: list[Code] = Field(min_length=2)

    @model_validator(mode="after")
    def _no_code_twice(self) -> "CodeListDefinition":
        if len({entry.code for entry in self.entries}) < len(self.entries):
            raise ValueError("a code stands for one thing")
        return self


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list as phones get it: JSON text, and another ``etag`` whenever that is another."""

    answer: str
    etag: str


async def get_code_list(code: str) -> PublishedList:
    """A code list by its name. Raises CodeListNotFoundError."""
    found = await CodeList.get_or_none(code=code) if len(code) <= CODE_LIST_LENGTH else None
    if found is None:
        raise CodeListNotFoundError
    body = {"code": found.code, "title": found.title, "standard": found.standard, "entries": found.entries}
    answer = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return PublishedList(answer, hashlib.sha256(answer.encode()).hexdigest()[:32])
