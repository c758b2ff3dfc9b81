"""The definitions of messages, as they stand in ``config/city/messages.yaml``."""

from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from config.settings import CITY_DATA
from wechat.templates import fit

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Template(BaseModel):
    """A WeChat template and the text of each of its fields, with placeholders."""

    model_config = _STRICT
    id: str
    name: str
    fields: dict[str, str]
    page: str

    def filled(self, values: dict[str, str]) -> dict[str, str]:
        """The fields with their placeholders filled, each cut to what its kind may hold."""
        return {key: fit(key, text.format(**values)) for key, text in self.fields.items()}


class Definition(BaseModel):
    """What one kind of message says, and by which template."""

    model_config = _STRICT
    title: str
    text: str
    urgency: Literal["normal", "legal"]
    template: Template | None


@cache
def definitions() -> dict[str, Definition]:
    """All definitions by kind."""
    loaded = yaml.safe_load((CITY_DATA / "messages.yaml").read_text(encoding="utf-8"))
    return {kind: Definition.model_validate(entry) for kind, entry in loaded.items()}


def templates() -> dict[str, str]:
    """The name of each template in use, by its id."""
    return {entry.template.id: entry.template.name for entry in definitions().values() if entry.template}
