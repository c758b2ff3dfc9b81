"""What the city sets about complaints, as it stands in ``config/city/complaints.yaml``."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from app.complaints.models import ComplaintKind
from config.reading import read_yaml
from config.settings import CITY_DATA


class Terms(BaseModel):
    """Who receives complaints, and days; ``config/city/complaints.yaml`` says what each means."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    office: str = Field(min_length=1)
    most_a_day: PositiveInt
    accept_working_days: PositiveInt
    answer_working_days: dict[ComplaintKind, PositiveInt]


@cache
def terms() -> Terms:
    """All that is set."""
    return Terms.model_validate(read_yaml(CITY_DATA / "complaints.yaml"))
