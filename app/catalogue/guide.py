"""A service item's guide: the national fields of an item (政务服务事项), typed.

Fields follow the national exchange tables for items (up_task_general_basic, extend, material, questions); the file
``config/city/README.md`` tells what each means to those who write guides.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.catalogue.conditions import authored

_STRICT = ConfigDict(extra="forbid", frozen=True)
_NAME = r"^[a-z][a-z0-9_]*$"

Level = Literal["city", "county", "township", "village"]
Audience = Literal["person", "company"]
Answers = dict[str, str]
"""Answers to guided questions: the question's id to the option's value."""


class Replacement(BaseModel):
    """What makes a material needless: ``source`` names the licence type or the shared data; ``title`` says it."""

    model_config = _STRICT
    kind: Literal["licence", "shared_data", "statement"]
    source: str = Field(default="", max_length=64)
    title: str = Field(min_length=1)

    @model_validator(mode="after")
    def _licence_is_named(self) -> Self:
        if self.kind == "licence" and not self.source:
            raise ValueError("a licence that replaces a material is named by its type")
        return self


class GuideMaterial(BaseModel):
    """A material the applicant hands in, where nothing replaces it. ``copies`` counts paper copies or files."""

    model_config = _STRICT
    id: str = Field(pattern=_NAME, max_length=64)
    name: str
    required: bool
    copies: int = Field(ge=0)
    obtained_from: str
    form: Literal["electronic", "paper"]
    replaced_by: Replacement | None
    note: str = ""

    @property
    def promised(self) -> bool:
        """Whether the applicant's own statement stands for it (告知承诺)."""
        return self.replaced_by is not None and self.replaced_by.kind == "statement"


class GuideStep(BaseModel):
    """A step of the handling; ``days`` in working days."""

    model_config = _STRICT
    name: str
    days: int = Field(ge=0)
    description: str


class GuideFees(BaseModel):
    """Whether the item costs something, and by which rule."""

    model_config = _STRICT
    charged: bool
    description: str
    basis: str


class LegalBasis(BaseModel):
    """A law the item stands on."""

    model_config = _STRICT
    title: str
    article: str
    summary: str


class Question(BaseModel):
    """A question people ask, and its answer."""

    model_config = _STRICT
    question: str
    answer: str


class Position(BaseModel):
    """A point on the map in degrees, GCJ-02, the datum that WeChat's maps use."""

    model_config = _STRICT
    longitude: float = Field(ge=73, le=136)
    latitude: float = Field(ge=3, le=54)


class Window(BaseModel):
    """Where the item is handled in person; ``hall`` is the code of the hall the window stands in."""

    model_config = _STRICT
    name: str
    address: str
    hours: str
    phone: str
    hall: str | None = None
    position: Position | None = None


class Link(BaseModel):
    """A page or a file that belongs to the guide, such as a sample of a material."""

    model_config = _STRICT
    title: str
    url: str = Field(pattern=r"^https://", max_length=500)


class Option(BaseModel):
    """An answer that may be chosen."""

    model_config = _STRICT
    value: str = Field(pattern=_NAME, max_length=64)
    label: str


class GuidedQuestion(BaseModel):
    """A question that leads to a variant. It is asked where ``when`` holds: each question named got a value listed."""

    model_config = _STRICT
    id: str = Field(pattern=_NAME, max_length=64)
    question: str
    help: str = ""
    options: list[Option] = Field(min_length=2)
    when: dict[str, list[str]] = Field(default_factory=dict)


class Variant(BaseModel):
    """What an item asks for in one situation (情形).

    The first variant whose ``when`` holds is taken. ``materials`` are the ids of the materials that it needs: those not
    named are not asked for. ``omit_fields`` are taken out of the form, ``required_fields`` must be filled as well.
    """

    model_config = _STRICT
    id: str = Field(pattern=_NAME, max_length=64)
    name: str
    when: dict[str, list[str]]
    materials: list[str]
    omit_fields: list[str] = Field(default_factory=list)
    required_fields: list[str] = Field(default_factory=list)
    note: str = ""


class Guidance(BaseModel):
    """Guided conditions (情形引导): questions in the order they are asked, and the variants they lead to."""

    model_config = _STRICT
    questions: list[GuidedQuestion] = Field(min_length=1)
    variants: list[Variant] = Field(min_length=2)


class Guide(BaseModel):
    """A whole service item. Time limits are in working days.

    ``region`` is where the item is offered, with all places within; ``level`` is that of the office that handles it.
    ``form_schema`` is JSON Schema (2020-12) as its author wrote it, also where it was read as phones get it;
    ``form_example`` is a form that passes it.
    """

    model_config = _STRICT
    item_code: str = Field(pattern=r"^[0-9A-Z]{18}[0-9]{13}$")
    basic_code: str = Field(pattern=r"^[0-9]{12}$")
    name: str = Field(min_length=1, max_length=255)
    short_name: str = Field(min_length=1, max_length=20)
    task_type: str = Field(pattern=r"^[0-9]{2}$")
    department: str = Field(max_length=32)
    region: str = Field(max_length=12)
    level: Level
    audience: list[Audience] = Field(min_length=1)
    themes: list[str]
    handling: Literal["promised", "immediate"]
    statutory_days: int = Field(ge=0)
    promised_days: int = Field(ge=0)
    online_depth: int = Field(ge=0, le=4)
    visits: int = Field(ge=0)
    assurance_level: int = Field(ge=0, le=3)
    licence_type: str | None
    keywords: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(max_length=50)
    conditions: list[str]
    materials: list[GuideMaterial]
    steps: list[GuideStep]
    fees: GuideFees
    legal_basis: list[LegalBasis]
    questions: list[Question]
    windows: list[Window]
    consultation_phone: str
    complaint_phone: str
    links: list[Link] = Field(default_factory=list)
    guidance: Guidance | None = None
    form_schema: dict[str, Any]
    form_example: dict[str, Any]

    @field_validator("form_schema")
    @classmethod
    def _as_written(cls, schema: dict[str, Any]) -> dict[str, Any]:
        return authored(schema)
