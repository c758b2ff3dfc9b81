"""A service item's guide as it stands in ``config/city/items/``: the national fields, typed."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid", frozen=True)


class GuideMaterial(BaseModel):
    """A material the applicant hands in. ``replaced_by`` names a licence or shared data that makes it needless."""

    model_config = _STRICT
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)
    name: str
    required: bool
    copies: int = Field(ge=0)
    obtained_from: str
    form: str
    replaced_by: str | None
    note: str = ""


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


class Window(BaseModel):
    """Where the item is handled in person."""

    model_config = _STRICT
    name: str
    address: str
    hours: str
    phone: str


class ItemForm(BaseModel):
    """The item's form as JSON Schema (2020-12), and an example that passes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    form_schema: dict[str, Any] = Field(alias="schema")
    example: dict[str, Any]


class Guide(BaseModel):
    """A whole service item. Time limits are in working days."""

    model_config = _STRICT
    item_code: str = Field(pattern=r"^[0-9A-Z]{18}[0-9]{13}$")
    basic_code: str = Field(pattern=r"^[0-9]{12}$")
    name: str
    short_name: str = Field(max_length=20)
    task_type: str = Field(pattern=r"^[0-9]{2}$")
    department: str
    region: str
    level: Literal["city", "county", "township", "village"]
    audience: list[Literal["person", "company"]]
    handling: Literal["promised", "immediate"]
    statutory_days: int = Field(ge=0)
    promised_days: int = Field(ge=0)
    online_depth: int = Field(ge=0, le=4)
    visits: int = Field(ge=0)
    assurance_level: int = Field(ge=0, le=3)
    licence_type: str | None
    keywords: list[str]
    conditions: list[str]
    materials: list[GuideMaterial]
    steps: list[GuideStep]
    fees: GuideFees
    legal_basis: list[LegalBasis]
    questions: list[Question]
    windows: list[Window]
    consultation_phone: str
    complaint_phone: str
    form: ItemForm
