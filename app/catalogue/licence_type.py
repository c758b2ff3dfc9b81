"""A kind of e-licence as it stands in ``config/city/licence_types.yaml``, typed."""

from collections import Counter
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_STRICT = ConfigDict(extra="forbid", frozen=True)
ANNIVERSARY = "anniversary"
"""A yearly reminder on the day of the year on which the licence began."""


class Sensitivity(StrEnum):
    """What a field says of somebody: nothing, who they are, or what the law calls sensitive (PIPL, article 28)."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


class Preset(StrEnum):
    """What a holder chooses to show of a licence; CARD is all but numbers."""

    VALID = "valid"
    AGE_60 = "age_60"
    CARD = "card"
    ALL = "all"


class LicenceField(BaseModel):
    """A field of a licence; ``meaning`` is a sentence for whoever reads it.

    ``from_form`` names the form's field it is filled from; empty where the approval's result or an import gives it.
    A ``number`` is what somebody, or their papers, are found by elsewhere. A ``masked`` one is kept whole and shown
    with its middle hidden, to the holder too: a card is held out to others.
    """

    model_config = _STRICT
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    meaning: str = Field(min_length=1)
    sensitivity: Sensitivity
    from_form: str = ""
    number: bool = False
    masked: bool = False


class CardDesign(BaseModel):
    """How the licence's card looks: ``color`` as #rrggbb, and the fields on its sides from the top.

    Below those on the ``back`` stands what every licence says there: who issued it, its version, how it is verified.
    """

    model_config = _STRICT
    title: str
    color: str = Field(pattern=r"^#[0-9a-f]{6}$")
    front: list[str] = Field(min_length=1)
    back: list[str] = []


class Validity(BaseModel):
    """How long a licence runs, by exactly one of these rules.

    ``years`` from its first day; ``endless``; until the day that the form's field ``from_form`` says (an import: its
    own column), without end where it says none; or to the day before its person reaches the age ``until_age``.
    """

    model_config = _STRICT
    years: int | None = Field(default=None, ge=1, le=99)
    endless: Literal[True] | None = None
    from_form: str | None = Field(default=None, min_length=1)
    until_age: int | None = Field(default=None, ge=1, le=150)

    @model_validator(mode="after")
    def _by_one_rule(self) -> Self:
        if sum(rule is not None for rule in (self.years, self.endless, self.from_form, self.until_age)) != 1:
            raise ValueError("a validity has exactly one rule")
        return self


class YearlyReminder(BaseModel):
    """What a holder has to do every year: ``text`` says it, on a ``day`` (MM-DD) or on the anniversary of its start."""

    model_config = _STRICT
    day: str = Field(pattern=r"^(anniversary|(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8]))$")
    text: str = Field(min_length=1)


class Reminders(BaseModel):
    """When a holder is reminded: ``days_before`` the licence ends, 0 for never, and each year where it says so."""

    model_config = _STRICT
    days_before: int = Field(default=30, ge=0, le=366)
    yearly: YearlyReminder | None = None


class LicenceTypeDefinition(BaseModel):
    """A licence type. ``type_code`` is the definer's code and three digits (GB/T 36904).

    ``duties`` says which fields the staff of a duty may see; a duty that is not there sees none.
    ``assurance_level`` is what its holder needs to show it.
    """

    model_config = _STRICT
    code: str
    name: str
    type_code: str = Field(pattern=r"^[0-9A-Z]{18}[0-9]{3}$")
    department: str
    assurance_level: int = Field(ge=0, le=3)
    validity: Validity
    reminders: Reminders = Reminders()
    fields: list[LicenceField] = Field(min_length=1)
    duties: dict[Literal["verify", "window"], list[str]]
    presets: list[Preset] = Field(min_length=1)
    card: CardDesign

    @model_validator(mode="after")
    def _names_its_own_fields(self) -> Self:
        names = [field.name for field in self.fields]
        lists = {"card": self.card.front + self.card.back} | {f"duties.{duty}": of for duty, of in self.duties.items()}
        for place, named in (lists | {"fields": names, "presets": [str(preset) for preset in self.presets]}).items():
            if twice := [name for name, times in Counter(named).items() if times > 1]:
                raise ValueError(f"{place} names twice: {twice}")
        for place, named in lists.items():
            if unknown := sorted(set(named) - set(names)):
                raise ValueError(f"{place} names no field: {unknown}")
        return self

    def fields_for(self, duty: str) -> list[str]:
        """The names of the fields that the staff of a duty may see, in the licence's order."""
        allowed = next((named for of, named in self.duties.items() if of == duty), [])
        return [field.name for field in self.fields if field.name in allowed]

    def preset_fields(self, preset: Preset) -> list[str]:
        """The names of the fields that a preset shows, in the licence's order; VALID and AGE_60 show none."""
        if preset not in (Preset.CARD, Preset.ALL):
            return []
        return [field.name for field in self.fields if preset is Preset.ALL or not (field.number or field.masked)]
