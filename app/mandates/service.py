"""Use cases of mandates between citizens: offered by one side, accepted by the other, ended by either.

Nobody is looked up by name or number: one side gets an invitation code and hands it to the other, who sees the terms
before they accept. So nobody learns who is known here, and nobody acts for somebody who did not say yes.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.catalogue.errors import ItemNotFoundError
from app.identity.queries import lock_present
from app.identity.rules import Level, mask_name, require_level
from app.identity.service import get_citizen
from app.kit import clock, db, limits
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.mandates import rules
from app.mandates.errors import InvitationInvalidError, MandateNotFoundError, MatterUnknownError
from app.mandates.models import Company, Mandate, MandateKind, MandateState
from app.mandates.queries import MandateView, representatives, represented, view
from app.notifications.service import notify

INVITATION_LIFETIME = timedelta(hours=24)
# 32 characters without those that look alike; ten of them are 50 bits, guarded by the limit on opening invitations.
_CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LENGTH = 10

# One statement decides who accepts: the code works once.
_ACCEPT = """
UPDATE mandates SET state = 'active', confirmed_at = $2, invitation = NULL,
    principal_id = CASE WHEN delegate_id IS NULL THEN principal_id ELSE $3 END, delegate_id = COALESCE(delegate_id, $3)
WHERE invitation = $1 AND state = 'offered' AND invitation_ends_at > $2 AND ends_at > $2
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A mandate that waits for its other side, and the code to hand over."""

    mandate: Mandate
    code: str
    ends_at: datetime


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()


async def known_matters(matters: Iterable[str]) -> list[str]:
    """The matters, each once and in order. Raises MatterUnknownError where one is no item and no licence type."""
    ordered = sorted(set(matters))
    for matter in ordered:
        kind, _, code = matter.partition(":")
        try:
            if kind == "item":
                await catalogue.get_item(code)
            elif kind == "licence":
                await catalogue.get_licence_type(code)
            else:
                raise MatterUnknownError
        except (ItemNotFoundError, NotFoundError) as error:
            raise MatterUnknownError from error
    return ordered


async def offer_proxy(citizen_id: UUID, *, give: bool, matters: Iterable[str], last_day: date) -> Offer:
    """Offer to let somebody act for oneself (``give``), or ask to act for somebody.

    Raises LevelTooLowError, MatterUnknownError or MandateTermInvalidError.
    """
    require_level((await get_citizen(citizen_id)).level, Level.REAL_NAME)
    side: dict[str, Any] = {"principal_id": citizen_id} if give else {"delegate_id": citizen_id}
    return await _offer(MandateKind.PROXY, citizen_id, matters, last_day, **side)


async def offer_agency(company: Company, citizen_id: UUID, matters: Iterable[str], last_day: date) -> Offer:
    """Offer, as a company's representative, that somebody acts for it.

    Raises MatterUnknownError or MandateTermInvalidError.
    """
    return await _offer(MandateKind.AGENT, citizen_id, matters, last_day, company_id=company.id)


async def _offer(kind: MandateKind, by: UUID, matters: Iterable[str], last_day: date, **side: Any) -> Offer:
    known = await known_matters(matters)
    ends_at = rules.end_of_term(last_day, clock.today())
    code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
    moment = clock.now()
    async with transaction():
        await lock_present(by)
        mandate = await Mandate.create(
            kind=kind,
            matters=known,
            state=MandateState.OFFERED,
            invitation=_digest(code),
            invitation_ends_at=moment + INVITATION_LIFETIME,
            ends_at=ends_at,
            created_at=moment,
            **side,
        )
        await audit.record(f"mandate:{mandate.id}", f"citizen:{by}", "mandate_offered", kind=kind, matters=known)
    return Offer(mandate, code, moment + INVITATION_LIFETIME)


async def read_invitation(citizen_id: UUID, code: str) -> MandateView:
    """The terms that wait under a code. Raises InvitationInvalidError, LevelTooLowError or RateLimitedError."""
    await limits.hold(limits.rules()["invitation"], f"citizen:{citizen_id}")
    require_level((await get_citizen(citizen_id)).level, Level.REAL_NAME)
    moment = clock.now()
    mandate = await Mandate.get_or_none(
        invitation=_digest(code), state=MandateState.OFFERED, invitation_ends_at__gt=moment, ends_at__gt=moment
    ).prefetch_related("principal", "delegate", "company")
    if mandate is None or citizen_id in _sides(mandate):
        raise InvitationInvalidError
    return view(mandate, citizen_id)


async def accept_invitation(citizen_id: UUID, code: str) -> MandateView:
    """Take the other side of an offer; from now on the mandate counts, and whoever offered it is told.

    Raises InvitationInvalidError, LevelTooLowError or RateLimitedError.
    """
    seen = await read_invitation(citizen_id, code)
    async with transaction():
        await lock_present(citizen_id)
        accepted = await db.row(_ACCEPT, _digest(code), clock.now(), citizen_id)
        if accepted is None:
            raise InvitationInvalidError
        mandate = await _loaded(seen.mandate.id)
        await audit.record(f"mandate:{mandate.id}", f"citizen:{citizen_id}", "mandate_accepted")
        await _tell_other_side(mandate, citizen_id, "mandate_accepted")
    return view(mandate, citizen_id)


async def end_mandate(citizen_id: UUID, mandate_id: UUID) -> None:
    """End a mandate from either side, an offer that still waits too; the other side is told.

    Codes that its delegate has handed out are worth nothing from this moment on. Raises MandateNotFoundError.
    """
    async with transaction():
        mandate = await Mandate.select_for_update().get_or_none(id=mandate_id)
        if mandate is None or mandate.state is MandateState.ENDED:
            raise MandateNotFoundError
        mandate = await _loaded(mandate_id)
        companies = await represented(citizen_id)
        if citizen_id not in _sides(mandate) and (mandate.company is None or mandate.company.id not in companies):
            raise MandateNotFoundError
        await end_locked(mandate, citizen_id)


async def end_all(citizen_id: UUID, by: UUID) -> None:
    """End every mandate that a citizen gave or holds, within the caller's transaction; the other sides are told.

    ``by`` is the citizen or, for a ward, its guardian.
    """
    own = Mandate.filter(Q(principal_id=citizen_id) | Q(delegate_id=citizen_id))
    for mandate in await own.exclude(state=MandateState.ENDED).select_for_update().order_by("id"):
        await end_locked(await _loaded(mandate.id), by)


async def end_locked(mandate: Mandate, by: UUID) -> None:
    """End a mandate whose row the caller's transaction holds, and tell the other side."""
    waiting = mandate.state is MandateState.OFFERED
    mandate.state, mandate.ended_at, mandate.ended_by_id = MandateState.ENDED, clock.now(), by
    mandate.invitation = None
    await mandate.save(update_fields=["state", "ended_at", "ended_by_id", "invitation"])
    await audit.record(f"mandate:{mandate.id}", f"citizen:{by}", "mandate_ended")
    if not waiting:
        await _tell_other_side(mandate, by, "mandate_ended")


async def _loaded(mandate_id: UUID) -> Mandate:
    return await Mandate.get(id=mandate_id).prefetch_related("principal", "delegate", "company")


def _sides(mandate: Mandate) -> set[UUID]:
    return {side.id for side in (mandate.principal, mandate.delegate) if side}


async def _tell_other_side(mandate: Mandate, by: UUID, kind: str) -> None:
    others = _sides(mandate) - {by}
    if mandate.company:
        others |= set(await representatives(mandate.company.id)) - {by}
    mover = await get_citizen(by)
    for other in sorted(others):
        await notify(
            other,
            kind,
            str(mandate.id),
            link="/mandates",
            person=mask_name(mover.name or ""),
            until=rules.last_day(mandate.ends_at).isoformat(),
        )
