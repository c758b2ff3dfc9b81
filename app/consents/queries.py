"""Reads of consents."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from app.consents import rules
from app.consents.definitions import Purpose, purposes
from app.consents.models import Consent


@dataclass(frozen=True, slots=True)
class Standing:
    """A purpose, the version a citizen consents to at present, and all they said to it."""

    purpose: Purpose
    given: int | None
    history: list[Consent]


async def consents_of(citizen_id: UUID) -> list[Standing]:
    """Each purpose for which consent is asked, as a citizen stands to it."""
    said: dict[str, list[Consent]] = defaultdict(list)
    async for consent in Consent.filter(citizen_id=citizen_id).order_by("id"):
        said[consent.purpose].append(consent)
    return [
        Standing(purpose, rules.standing(said[key]), said[key])
        for key, purpose in purposes().items()
        if purpose.kind == "separate_consent"
    ]
