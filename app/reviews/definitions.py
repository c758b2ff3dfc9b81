"""What the city sets about reviews, as it stands in ``config/city/reviews.yaml``."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from app.reviews.rules import Tone
from config.reading import read_yaml
from config.settings import CITY_DATA


class Terms(BaseModel):
    """Days and counts; ``config/city/reviews.yaml`` says what each means."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    review_days: int = Field(ge=1)
    call_back_working_days: int = Field(ge=1)
    rectify_working_days: int = Field(ge=1)
    answer_days: int = Field(ge=1)
    call_attempts: int = Field(ge=1)
    rounds: int = Field(ge=1)
    small_group: int = Field(ge=1)
    reasons: dict[Tone, dict[str, str]]


@cache
def terms() -> Terms:
    """All that is set."""
    return Terms.model_validate(read_yaml(CITY_DATA / "reviews.yaml"))


def titles(codes: list[str]) -> list[str]:
    """The titles of reasons; one that is offered no more is left out."""
    known = {code: title for reasons in terms().reasons.values() for code, title in reasons.items()}
    return [known[code] for code in codes if code in known]
