"""How long each kind of data is kept: ``config/retention.yaml``."""

from datetime import datetime, timedelta
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from config.reading import read_yaml
from config.settings import RETENTION

_YEAR = 365


class Term(BaseModel):
    """How long one kind of data is kept after its end, and on what ground.

    ``local`` marks a number that no law sets and that the city may choose otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    days: int = Field(ge=0)
    basis: str
    local: bool

    def after(self, end: datetime) -> datetime:
        """Until when something is kept that ended at ``end``."""
        return end + timedelta(days=self.days)

    def before(self, moment: datetime) -> datetime:
        """What ended before this is kept no longer at ``moment``."""
        return moment - timedelta(days=self.days)

    @property
    def words(self) -> str:
        """The time in Chinese: years where it comes out even."""
        years, rest = divmod(self.days, _YEAR)
        return f"{years}年" if years and not rest else f"{self.days}天"


@cache
def terms() -> dict[str, Term]:
    """All terms by the kind of data."""
    loaded = read_yaml(RETENTION)
    return {kind: Term.model_validate(entry) for kind, entry in loaded.items()}
