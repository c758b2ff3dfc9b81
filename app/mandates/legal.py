"""Mandates that the authority confirms: a company's legal representative, and the guardian of a child."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.audit import service as audit
from app.identity import rules as identity_rules
from app.identity.joining import PERSON_PROVEN
from app.identity.models import Citizen
from app.identity.queries import lock_present
from app.identity.rules import Level, mask_name, require_level
from app.identity.service import get_citizen
from app.identity.wards import ward_of
from app.kit import clock, jobs, limits
from app.kit.db import transaction
from app.kit.ports import PortError
from app.mandates import rules
from app.mandates.errors import AuthorityUnavailableError, CompanyMismatchError, GuardianshipMismatchError
from app.mandates.models import Company, Mandate, MandateKind, MandateState
from app.mandates.ports import LegalAuthority
from app.mandates.queries import guardians
from app.mandates.service import end_locked
from app.notifications.service import notify

COMPANY_REPRESENTED = "licences.attach_to_company"


@dataclass(frozen=True, slots=True)
class Represented:
    """A company and the mandate of its representative; ``odd_code`` where its code fails GB 32100's check."""

    company: Company
    mandate: Mandate
    odd_code: bool


async def register_company(authority: LegalAuthority, citizen_id: UUID, uscc: str, name: str) -> Represented:
    """Become the representative here of a company that one represents in law, as the authority says, for a year.

    A representative before oneself is ended and told; agents stay, offers do not. It takes a face, since whoever knows
    a name and a number would take the company. Raises CreditCodeInvalidError,
    CompanyMismatchError, AuthorityUnavailableError, LevelTooLowError or RateLimitedError.
    """
    code, right = rules.parse_credit_code(uscc)
    name, citizen = name.strip(), await _verified(citizen_id)
    if not name:
        # The authority takes no such question.
        raise CompanyMismatchError
    await limits.hold(limits.rules()["legal_check"], f"citizen:{citizen_id}")
    try:
        matches = await authority.company_matches(code, name, citizen.name or "", citizen.id_number or "")
    except PortError as error:
        raise AuthorityUnavailableError from error
    if not matches:
        raise CompanyMismatchError
    moment = clock.now()
    async with transaction():
        await lock_present(citizen_id)
        citizen = await _verified(citizen_id)
        await Company.bulk_create(
            [Company(uscc=code, name=name, checked_at=moment, created_at=moment)], ignore_conflicts=True
        )
        company = await Company.select_for_update().get(uscc=code)
        company.name, company.checked_at = name, moment
        await company.save(update_fields=["name", "checked_at"])
        mandate = await _represent(company, citizen)
        await jobs.defer(COMPANY_REPRESENTED, company_id=str(company.id))
    return Represented(company, mandate, odd_code=not right)


async def _represent(company: Company, citizen: Citizen) -> Mandate:
    live = Mandate.filter(company=company, kind=MandateKind.REPRESENTATIVE, state=MandateState.ACTIVE)
    for mandate in await live.select_for_update(of=("mandates",)).prefetch_related("principal", "delegate", "company"):
        if mandate.delegate and mandate.delegate.id == citizen.id:
            mandate.ends_at = clock.now() + rules.REPRESENTATIVE_TERM
            await mandate.save(update_fields=["ends_at"])
            await audit.record(f"mandate:{mandate.id}", f"citizen:{citizen.id}", "mandate_renewed")
            return mandate
        await end_locked(mandate, citizen.id)
    # What the one before offered and nobody took yet is nobody's word any more.
    offered = Mandate.filter(company=company, kind=MandateKind.AGENT, state=MandateState.OFFERED)
    await offered.update(state=MandateState.ENDED, ended_at=clock.now(), invitation=None)
    return await _confirmed(
        MandateKind.REPRESENTATIVE, citizen.id, clock.now() + rules.REPRESENTATIVE_TERM, company_id=company.id
    )


async def take_ward(authority: LegalAuthority, citizen_id: UUID, name: str, id_number: str) -> Mandate:
    """Act for one's child until its fourteenth birthday, where the authority knows the guardianship.

    It takes a face; the child's other guardians are told. Raises IdNumberInvalidError, NotAMinorError,
    GuardianshipMismatchError, AuthorityUnavailableError, LevelTooLowError or RateLimitedError.
    """
    number = identity_rules.parse_id_number(id_number, today=clock.today())
    ends_at = rules.end_of_guardianship(number, clock.today())
    name, citizen = name.strip(), await _verified(citizen_id)
    if not name:
        raise GuardianshipMismatchError
    await limits.hold(limits.rules()["legal_check"], f"citizen:{citizen_id}")
    try:
        guardian = await authority.is_guardian(citizen.id_number or "", name, number)
    except PortError as error:
        raise AuthorityUnavailableError from error
    if not guardian:
        raise GuardianshipMismatchError
    async with transaction():
        await lock_present(citizen_id)
        await _verified(citizen_id)
        ward = await ward_of(name, number)
        known = await Mandate.get_or_none(
            kind=MandateKind.GUARDIAN, principal=ward, delegate_id=citizen_id, state=MandateState.ACTIVE
        ).prefetch_related("principal", "delegate", "company")
        if known:
            return known
        others = await guardians(ward.id)
        mandate = await _confirmed(MandateKind.GUARDIAN, citizen_id, ends_at, principal_id=ward.id)
        await jobs.defer(PERSON_PROVEN, citizen_id=str(ward.id))
        for other in others:
            await notify(
                other, "guardian_added", str(mandate.id), link="/mandates", person=mask_name(citizen.name or "")
            )
        return mandate


async def _verified(citizen_id: UUID) -> Citizen:
    citizen = await get_citizen(citizen_id)
    # A name and a number are known to many; what is taken here is others'.
    require_level(citizen.level, Level.FACE)
    return citizen


async def _confirmed(kind: MandateKind, delegate_id: UUID, ends_at: datetime, **side: Any) -> Mandate:
    moment = clock.now()
    mandate = await Mandate.create(
        kind=kind,
        delegate_id=delegate_id,
        matters=[rules.EVERYTHING],
        state=MandateState.ACTIVE,
        ends_at=ends_at,
        created_at=moment,
        confirmed_at=moment,
        **side,
    )
    await audit.record(f"mandate:{mandate.id}", f"citizen:{delegate_id}", "mandate_confirmed", kind=kind)
    return await Mandate.get(id=mandate.id).prefetch_related("principal", "delegate", "company")
