"""Reads of mandates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.identity.rules import mask_name
from app.kit import clock, db
from app.kit.errors import NotFoundError
from app.mandates.errors import ActingNotPossibleError, CompanyNotFoundError
from app.mandates.models import Company, Mandate, MandateKind, MandateState
from app.mandates.party import Party

_LEVELS = "SELECT id, level, ward FROM citizens WHERE id = ANY($1::uuid[])"
_SHOWN_AFTER_END = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class MandateView:
    """A mandate as one of its sides sees it: people by masked names, companies by theirs."""

    mandate: Mandate
    given: bool
    principal: str | None
    delegate: str | None


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """A company with the person who represents it in law."""

    company: Company
    name: str | None
    id_number: str | None
    phone: str | None


class Subject(NamedTuple):
    """Whose something is: a citizen's or a company's, and the mandate under which somebody acts in it."""

    citizen_id: UUID
    company_id: UUID | None
    mandate_id: UUID | None


def view(mandate: Mandate, citizen_id: UUID) -> MandateView:
    """The view of a mandate whose sides are loaded."""
    held = mandate.delegate is not None and mandate.delegate.id == citizen_id
    return MandateView(mandate, not held, _principal(mandate), _masked(mandate.delegate))


def _principal(mandate: Mandate) -> str | None:
    return mandate.company.name if mandate.company else _masked(mandate.principal)


def _masked(citizen: object) -> str | None:
    name = getattr(citizen, "name", None)
    return mask_name(name) if name else None


async def list_mandates(citizen_id: UUID) -> list[MandateView]:
    """What a citizen has given and holds, the newest first, those of their companies and wards included.

    Ended ones are shown for a year, so that both sides can see what was.
    """
    since = clock.now() - _SHOWN_AFTER_END
    companies, wards = await represented(citizen_id), await wards_of(citizen_id)
    mine = Q(principal_id__in=[citizen_id, *wards]) | Q(delegate_id=citizen_id) | Q(company_id__in=companies)
    found = (
        await Mandate.filter(mine, Q(ended_at=None) | Q(ended_at__gt=since))
        .order_by("-id")
        .prefetch_related("principal", "delegate", "company")
    )
    return [view(mandate, citizen_id) for mandate in found]


async def principal_of(mandate_id: UUID) -> str:
    """For whom a mandate lets act: a masked name, or a company's name."""
    mandate = await Mandate.get(id=mandate_id).prefetch_related("principal", "company")
    return _principal(mandate) or ""


async def represented(citizen_id: UUID) -> list[UUID]:
    """The companies that a citizen represents in law."""
    return [mandate.company_id async for mandate in _live(kind=MandateKind.REPRESENTATIVE, delegate_id=citizen_id)]  # type: ignore[attr-defined]  # Tortoise adds it


async def wards_of(citizen_id: UUID) -> list[UUID]:
    """The children for whom a citizen acts."""
    return [mandate.principal_id async for mandate in _live(kind=MandateKind.GUARDIAN, delegate_id=citizen_id)]  # type: ignore[attr-defined]  # Tortoise adds it


async def guardians(citizen_id: UUID) -> list[UUID]:
    """Who acts for a child."""
    return (await _guardians([citizen_id])).get(citizen_id, [])


async def represented_company(citizen_id: UUID, company_id: UUID) -> Company:
    """A company that the citizen represents in law. Raises CompanyNotFoundError."""
    if company_id not in await represented(citizen_id):
        raise CompanyNotFoundError
    return await Company.get(id=company_id)


async def legal_person(company_id: UUID) -> LegalPerson:
    """A company and its legal representative at present."""
    company = await Company.get(id=company_id)
    found = _live(company_id=company_id, kind=MandateKind.REPRESENTATIVE).order_by("-id")
    mandate = await found.prefetch_related("delegate").first()
    person = mandate.delegate if mandate else None
    if person is None:
        return LegalPerson(company, None, None, None)
    return LegalPerson(company, person.name, person.id_number, person.phone)


async def level_of(party: Party) -> int:
    """The assurance level of a party: the lower one of who acts and for whom, since a mandate proves nobody.

    A child has no face to show: its guardian's counts. Raises NotFoundError.
    """
    found = {row["id"]: row for row in await db.rows(_LEVELS, [party.actor_id, party.citizen_id])}
    if party.actor_id not in found or (party.citizen_id and party.citizen_id not in found):
        raise NotFoundError
    level = int(found[party.actor_id]["level"])
    if party.citizen_id and party.citizen_id != party.actor_id:
        principal = found[party.citizen_id]
        level = level if principal["ward"] else min(level, int(principal["level"]))
    return level


async def people_to_tell(citizen_id: UUID, company_id: UUID | None, mandate_id: UUID | None) -> list[UUID]:
    """Who hears what happens to something: its owner, and whoever acts in it while their mandate lasts.

    Of a company that is its agent, or its representatives where none is left. A child's guardians hear in its place.
    """
    return (await people_to_tell_of([Subject(citizen_id, company_id, mandate_id)]))[0]


async def people_to_tell_of(subjects: Sequence[Subject]) -> list[list[UUID]]:
    """The same for several, in their order."""
    guarding = await _guardians({one.citizen_id for one in subjects if not one.company_id})
    found = []
    for one in subjects:
        acting = await _delegates(id=one.mandate_id) if one.mandate_id else []
        if one.company_id:
            found.append(acting or await representatives(one.company_id))
        else:
            found.append(list(dict.fromkeys([one.citizen_id, *guarding.get(one.citizen_id, []), *acting])))
    return found


async def decided_for(party: Party) -> UUID:
    """The citizen whose personal data a party decides about: the caller, or the ward of a guardian.

    Nobody else decides about somebody's data (PIPL, articles 31 and 44 to 47). Raises ActingNotPossibleError.
    """
    if party.mandate_id is None:
        return party.actor_id
    guardian = await Mandate.exists(id=party.mandate_id, kind=MandateKind.GUARDIAN)
    if not guardian or party.citizen_id is None:
        raise ActingNotPossibleError
    return party.citizen_id


async def is_live(mandate_id: UUID) -> bool:
    """Whether a mandate counts at present."""
    return await _live(id=mandate_id).exists()


async def end_of(mandate_id: UUID) -> datetime:
    """The moment at which a mandate ends by itself."""
    return (await Mandate.get(id=mandate_id)).ends_at


async def representatives(company_id: UUID) -> list[UUID]:
    """Who represents a company in law at present."""
    return await _delegates(company_id=company_id, kind=MandateKind.REPRESENTATIVE)


async def _guardians(citizens: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Who acts for each of those of these who are children."""
    found: dict[UUID, list[UUID]] = {}
    async for mandate in _live(kind=MandateKind.GUARDIAN, principal_id__in=list(citizens)).order_by("id"):
        found.setdefault(mandate.principal_id, []).append(mandate.delegate_id)  # type: ignore[attr-defined]  # Tortoise adds them
    return found


async def _delegates(**which: object) -> list[UUID]:
    return [mandate.delegate_id async for mandate in _live(**which).order_by("id")]  # type: ignore[attr-defined]  # Tortoise adds it


def _live(**which: object) -> QuerySet[Mandate]:
    return Mandate.filter(state=MandateState.ACTIVE, ends_at__gt=clock.now(), **which)
