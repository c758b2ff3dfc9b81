"""A licence begins upon the result of a case, on its own or as another version of an earlier one."""

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.models import Department
from app.identity.rules import born_on
from app.kit import clock, texts
from app.kit.crypto import keyring
from app.licences import identifiers, rules
from app.licences.identifiers import LicenceIdentifier
from app.licences.models import HOLDER, HolderKind, Licence, LicenceCause, LicenceState
from app.licences.moving import APPROVAL_SYSTEM, lock_newest, move_licence
from app.licences.queries import by_name
from app.licences.results import LicenceResult, Relation
from app.licences.serials import next_serial
from app.licences.status.service import mark, take_places
from app.licences.telling import tell

_REFERENCE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a licence is: a citizen, or the company that they acted for. ``code`` is a citizen's number or a USCC."""

    citizen_id: UUID
    company_id: UUID | None
    name: str
    code: str | None

    @property
    def kind(self) -> HolderKind:
        """By what the holder is known."""
        return HolderKind.COMPANY if self.company_id else HolderKind.PERSON

    @property
    def born(self) -> date | None:
        """A person's birthday, where their number is known."""
        return born_on(self.code) if self.code and self.kind is HolderKind.PERSON else None


async def issue_licence(
    holder: Holder,
    licence_type: str,
    case_no: str,
    form: dict[str, Any],
    result: LicenceResult,
    *,
    mandate_id: UUID | None = None,
) -> Licence:
    """Issue the licence of an approved case within the caller's transaction; once per case, whatever repeats.

    Where the result follows an earlier licence it is another version of it, and the earlier one is superseded.
    ``mandate_id`` is the mandate by which the case was begun: its delegate hears of the licence too. Raises
    ValidityUnknownError where nobody can say when it ends.
    """
    known = await Licence.get_or_none(case_no=case_no)
    if known:
        return known
    definition = await catalogue.get_licence_type(licence_type)
    department = await catalogue.get_department(definition.department)
    earlier = await _earlier(holder, definition, result)
    identifier, number = await _name(definition, department, earlier, result.valid_from.year)
    values = {name: form[source] for name, source in _sources(definition).items() if source in form}
    values |= {field.name: result.fields[field.name] for field in definition.fields if field.name in result.fields}
    [(status_list, status_index)] = await take_places(1)
    licence = Licence(
        citizen_id=holder.citizen_id,
        company_id=holder.company_id,
        type_code=definition.code,
        identifier=str(identifier),
        version=identifier.version,
        previous=earlier,
        reference=secrets.token_hex(_REFERENCE_BYTES),
        number=number,
        case_no=case_no,
        holder=holder.name,
        holder_kind=holder.kind,
        holder_code=holder.code,
        holder_hash=keyring().lookup(holder.code, HOLDER) if holder.code else None,
        values=earlier.values | values if earlier else values,
        issuer=department.name,
        issuer_code=department.uscc,
        region=department.region,
        issued_on=clock.today(),
        valid_from=result.valid_from,
        valid_until=_end(holder, definition, form, result, earlier),
        status_list=status_list,
        status_index=status_index,
    )
    if earlier:
        await _supersede(earlier, licence, result)
    await licence.save(force_create=True)
    version = {"version": licence.version, "earlier": str(earlier.id)} if earlier else {}
    await audit.record(f"licence:{licence.id}", "system", "licence_issued", case_no=case_no, **version)
    kind = "licence_reissued" if earlier else "licence_issued"
    await tell(licence, kind, case_no, mandate_id, definition, case_no=case_no, office=licence.issuer)
    return licence


def _sources(definition: LicenceTypeDefinition) -> dict[str, str]:
    return {field.name: field.from_form for field in definition.fields if field.from_form}


async def _earlier(holder: Holder, definition: LicenceTypeDefinition, result: LicenceResult) -> Licence | None:
    """The newest version of the licence that the result follows, locked; None where it is one of its own.

    It is the holder's, in their account or brought here before they came. One that was revoked or cancelled is followed
    by none.
    """
    if result.relation is None:
        return None
    theirs = Q(company_id=holder.company_id) if holder.company_id else Q(citizen_id=holder.citizen_id, company_id=None)
    if holder.code:
        hashes = keyring().lookups(holder.code, HOLDER)
        theirs |= Q(citizen_id=None, company_id=None, holder_kind=holder.kind, holder_hash__in=hashes)
    found = Licence.filter(theirs, type_code=definition.code)
    if result.follows:
        named = by_name(result.follows)
        licence = await found.filter(named).order_by("-version").first() if named else None
    else:
        only = await found.exclude(state=LicenceState.SUPERSEDED).limit(2)
        licence = only[0] if len(only) == 1 else None
    newest = await lock_newest(licence) if licence else None
    return newest if newest and rules.next_state(newest.state, LicenceCause.SUPERSEDED) else None


async def _name(
    definition: LicenceTypeDefinition, department: Department, earlier: Licence | None, year: int
) -> tuple[LicenceIdentifier, str]:
    """Identifier and number: of another version those of the earlier, its version raised (GB/T 36904)."""
    following = _following(definition, department, earlier) if earlier else None
    if earlier and following and not await Licence.exists(identifier=str(following)):
        return following, earlier.number
    version = earlier.version + 1 if earlier else 1
    while True:
        serial = await next_serial(definition.code, year)
        identifier = LicenceIdentifier(definition.type_code, department.uscc, serial, version)
        # A licence that was brought here may have the serial already.
        if not await Licence.exists(identifier=str(identifier)):
            return identifier, f"{department.region}{serial}"


def _following(definition: LicenceTypeDefinition, department: Department, earlier: Licence) -> LicenceIdentifier | None:
    """The identifier that follows an earlier one, None where that one is of no shape that can be followed."""
    try:
        before = identifiers.parse(earlier.identifier)
    except ValueError:
        return None
    after = LicenceIdentifier(definition.type_code, department.uscc, before.serial, before.version + 1)
    return after if after.is_strict else None


def _end(
    holder: Holder,
    definition: LicenceTypeDefinition,
    form: dict[str, Any],
    result: LicenceResult,
    earlier: Licence | None,
) -> date | None:
    """The last day: as the result says, else the earlier licence's, unless it is renewed, else as the type says."""
    if result.valid_until:
        return result.valid_until
    if earlier and result.relation is not Relation.RENEWAL:
        return earlier.valid_until
    return rules.last_day(definition.validity, result.valid_from, form=form, born=holder.born)


async def _supersede(earlier: Licence, licence: Licence, result: LicenceResult) -> None:
    """End the earlier version. A suspension goes on in the one that follows: only a word for it lifts it."""
    if earlier.state is LicenceState.SUSPENDED:
        licence.state, licence.state_reason = earlier.state, earlier.state_reason
        licence.state_changed_at = earlier.state_changed_at
        await mark(licence)
    cause = LicenceCause.SUPERSEDED
    reason = texts.text("licence_relation", str(result.relation))
    await move_licence(earlier, cause, actor=APPROVAL_SYSTEM, reason=reason, case_no=licence.case_no)
