"""What kinds of broadcasts there are and when they may be sent: ``config/city/broadcasts.yaml``."""

from datetime import time
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from config.reading import read_yaml
from config.settings import CITY_DATA

_STRICT = ConfigDict(extra="forbid", frozen=True)


class Night(BaseModel):
    """The hours of the city in which only urgent broadcasts are sent."""

    model_config = _STRICT
    begins: time
    ends: time


class BroadcastKind(BaseModel):
    """A kind of notice: its WeChat template by id and name, and what each field of that is called for staff."""

    model_config = _STRICT
    title: str
    template_id: str
    template_name: str
    fields: dict[str, str]


class Broadcasting(BaseModel):
    """How the city broadcasts.

    ``most_a_day`` are the sends of a day that broadcasts may use of the account's quota; ``link_hosts`` the hosts, with
    all below them, that a notice may lead to.
    """

    model_config = _STRICT
    night: Night
    most_a_day: int = Field(ge=1)
    link_hosts: list[str]
    kinds: dict[str, BroadcastKind]


@cache
def broadcasting() -> Broadcasting:
    """The city's definitions."""
    return Broadcasting.model_validate(read_yaml(CITY_DATA / "broadcasts.yaml"))
