"""Life events (一件事): several items that people come for together, asked for by one form."""

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.guide import Audience

_STRICT = ConfigDict(extra="forbid", frozen=True)


class CoveredItem(BaseModel):
    """An item of a life event; one that is not ``required`` may be left out by whoever does not need it."""

    model_config = _STRICT
    item_code: str
    required: bool


class LifeEventDefinition(BaseModel):
    """A life event as it stands in ``config/city/life_events/``.

    Each entry of ``same`` names by item the field that means one thing under different names; the first one's
    definition is what is asked by.
    """

    model_config = _STRICT
    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)
    name: str
    summary: str
    audience: list[Audience] = Field(min_length=1)
    themes: list[str]
    keywords: list[str]
    items: list[CoveredItem] = Field(min_length=2)
    same: list[dict[str, str]]
