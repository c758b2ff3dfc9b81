"""What the city promises around drafts and cases: ``config/city/cases.yaml``."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from config.reading import read_yaml
from config.settings import CITY_DATA

_STRICT = ConfigDict(extra="forbid", frozen=True)


class CaseTerm(BaseModel):
    """A number of days and its ground; ``local`` marks one that no law sets."""

    model_config = _STRICT
    days: int = Field(ge=1)
    basis: str = Field(min_length=1)
    local: bool


class CaseTerms(BaseModel):
    """After how many days a draft that nobody touches is warned of, and lapses after that; a case may be hurried again.

    The last is in working days.
    """

    model_config = _STRICT
    draft_warned_after: CaseTerm
    draft_lapses_after: CaseTerm
    hurried_again_after: CaseTerm


@cache
def case_terms() -> CaseTerms:
    """The terms as the city wrote them."""
    return CaseTerms.model_validate(read_yaml(CITY_DATA / "cases.yaml"))
