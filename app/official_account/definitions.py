"""What the city sets for its official account: ``config/city/official_account.yaml``."""

from datetime import time
from enum import StrEnum
from functools import cache
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from config.reading import read_yaml
from config.settings import CITY_DATA

_FROZEN = ConfigDict(extra="forbid", frozen=True)
MOST_BAR, MOST_BELOW = 3, 5
# Source: WeChat's documentation of the custom menu, in bytes of UTF-8.
_BAR_BYTES, _BELOW_BYTES = 16, 60
LONGEST_KEY = 128
_LONGEST_PAGE = 1024


class Answer(StrEnum):
    """What a follower may ask for; a menu's click bears it as its key."""

    PROGRESS = "progress"
    LICENCES = "licences"
    FIND = "find"
    HALL = "hall"
    PEOPLE = "people"
    REGION = "region"
    STAFF = "staff"
    HELP = "help"


def _fits(most: int) -> AfterValidator:
    def check(name: str) -> str:
        if not 0 < len(name.encode()) <= most:
            raise ValueError(f"a button's name has 1 to {most} bytes")
        return name

    return AfterValidator(check)


class Button(BaseModel):
    """A button that does one thing: open a page of the mini-program or of ours, or ask for an answer."""

    model_config = _FROZEN
    name: Annotated[str, _fits(_BELOW_BYTES)]
    page: str | None = Field(default=None, min_length=1, max_length=_LONGEST_PAGE, pattern=r"^[^/\s]\S*$")
    path: str | None = Field(default=None, max_length=_LONGEST_PAGE, pattern=r"^/[^/\s]\S*$")
    answer: Answer | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if sum(what is not None for what in (self.page, self.path, self.answer)) != 1:
            raise ValueError(f"the button {self.name} has one of page, path and answer")
        return self


class Bar(BaseModel):
    """A button on the bar, and those that it opens."""

    model_config = _FROZEN
    name: Annotated[str, _fits(_BAR_BYTES)]
    buttons: list[Button] = Field(min_length=1, max_length=MOST_BELOW)


Bars = Annotated[list[Bar], Field(min_length=1, max_length=MOST_BAR)]


class StaffMenu(BaseModel):
    """The menu of those who bear a tag."""

    model_config = _FROZEN
    tag: str = Field(min_length=1, max_length=30)
    buttons: Bars


class Hours(BaseModel):
    """A part of a working day, in the city's time."""

    model_config = _FROZEN
    begin: time
    end: time

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.end <= self.begin:
            raise ValueError("hours end after they begin")
        return self


class People(BaseModel):
    """When people answer, in the order of the day, and the telephone that always does."""

    model_config = _FROZEN
    hours: list[Hours] = Field(min_length=1)
    phone: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(later.begin < earlier.end for earlier, later in zip(self.hours, self.hours[1:], strict=False)):
            raise ValueError("hours stand in the order of the day")
        return self


class Keyword(BaseModel):
    """Words that lead to an answer: as the whole of a text, or as a part of it."""

    model_config = _FROZEN
    answer: Answer
    whole: list[str] = []
    part: list[str] = []


class Poster(BaseModel):
    """What a poster's code says: a greeting, and what to look for among the items."""

    model_config = _FROZEN
    text: str = Field(min_length=1, max_length=200)
    find: str = Field(min_length=1, max_length=50)


class OfficialAccount(BaseModel):
    """All that is set."""

    model_config = _FROZEN
    menu: Bars
    staff_menu: StaffMenu
    people: People
    keywords: list[Keyword]
    posters: dict[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")], Poster] = {}


@cache
def definitions() -> OfficialAccount:
    """All that is set."""
    file = CITY_DATA / "official_account.yaml"
    return OfficialAccount.model_validate(read_yaml(file))
