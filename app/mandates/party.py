"""The party to what is done: who acts, for whom, and in which matters."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.kit import clock
from app.mandates import rules
from app.mandates.errors import MandateInactiveError, MatterNotCoveredError
from app.mandates.models import Mandate, MandateState


@dataclass(frozen=True, slots=True)
class Party:
    """A citizen who acts: for themself, or by a mandate for another citizen or a company.

    Exactly one of ``citizen_id`` and ``company_id`` is set: whose things these are.
    """

    actor_id: UUID
    citizen_id: UUID | None
    company_id: UUID | None = None
    mandate_id: UUID | None = None
    matters: tuple[str, ...] = (rules.EVERYTHING,)

    @classmethod
    def own(cls, citizen_id: UUID) -> "Party":
        """A citizen who acts for themself."""
        return cls(actor_id=citizen_id, citizen_id=citizen_id)

    @property
    def owner(self) -> dict[str, Any]:
        """The columns by which what belongs to this party is found: a company's cases are no citizen's."""
        if self.company_id:
            return {"company_id": self.company_id}
        return {"citizen_id": self.citizen_id, "company_id": None}

    @property
    def name(self) -> str:
        """Who acts, for the audit."""
        by = f" by mandate:{self.mandate_id}" if self.mandate_id else ""
        return f"citizen:{self.actor_id}{by}"

    def covered(self, kind: str) -> list[str] | None:
        """The codes of one kind of matter (``item``, ``licence``) that are covered, None for all."""
        if rules.EVERYTHING in self.matters:
            return None
        return [code for covered, _, code in (matter.partition(":") for matter in self.matters) if covered == kind]

    def require(self, kind: str, code: str) -> None:
        """Raise MatterNotCoveredError unless the matter is covered."""
        if not rules.covers(self.matters, f"{kind}:{code}"):
            raise MatterNotCoveredError


async def party_of(citizen_id: UUID, mandate_id: UUID) -> Party:
    """The party that a citizen is by one of their mandates. Raises MandateInactiveError."""
    mandate = await Mandate.get_or_none(
        id=mandate_id, delegate_id=citizen_id, state=MandateState.ACTIVE, ends_at__gt=clock.now()
    )
    if mandate is None:
        raise MandateInactiveError
    return Party(
        actor_id=citizen_id,
        citizen_id=mandate.principal_id,  # type: ignore[attr-defined]  # Tortoise adds it
        company_id=mandate.company_id,  # type: ignore[attr-defined]  # Tortoise adds it
        mandate_id=mandate.id,
        matters=tuple(mandate.matters),
    )
