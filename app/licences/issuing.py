"""Licences begin upon the result of a case, and end at the word of whoever issued them."""

import secrets
from datetime import date
from typing import Any
from uuid import UUID

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.identity.rules import born_on
from app.kit import clock, db
from app.kit.crypto import keyring
from app.licences import rules
from app.licences.identifiers import LicenceIdentifier
from app.licences.models import HOLDER, HolderKind, Licence, LicenceState
from app.licences.telling import tell

_REFERENCE_BYTES = 8

_NEXT_SERIAL = """
INSERT INTO licence_serials (id, type_code, year, last_number) VALUES (gen_random_uuid(), $1, $2, 1)
ON CONFLICT (type_code, year) DO UPDATE SET last_number = licence_serials.last_number + 1
RETURNING last_number
"""


async def issue_licence(
    *,
    citizen_id: UUID,
    company_id: UUID | None = None,
    mandate_id: UUID | None = None,
    licence_type: str,
    case_no: str,
    form: dict[str, Any],
    holder: str,
    holder_code: str | None,
    valid_from: date,
) -> Licence:
    """Issue the licence of an approved case within the caller's transaction; once per case, whatever repeats.

    ``mandate_id`` is the mandate by which the case was begun: its delegate hears of the licence too.
    """
    known = await Licence.get_or_none(case_no=case_no)
    if known:
        return known
    definition = await catalogue.get_licence_type(licence_type)
    department = await catalogue.get_department(definition.department)
    counted = await db.row(_NEXT_SERIAL, definition.code, valid_from.year)
    serial = f"{valid_from.year}{counted['last_number'] if counted else 0:07d}"
    licence = await Licence.create(
        citizen_id=citizen_id,
        company_id=company_id,
        type_code=definition.code,
        identifier=str(LicenceIdentifier(definition.type_code, department.uscc, serial, 1)),
        reference=secrets.token_hex(_REFERENCE_BYTES),
        number=f"{department.region}{serial}",
        case_no=case_no,
        holder=holder,
        holder_kind=HolderKind.COMPANY if company_id else HolderKind.PERSON,
        holder_code=holder_code,
        holder_hash=keyring().lookup(holder_code, HOLDER) if holder_code else None,
        values={field.name: form[field.from_form] for field in definition.fields if field.from_form in form},
        issuer=department.name,
        issuer_code=department.uscc,
        region=department.region,
        issued_on=clock.today(),
        valid_from=valid_from,
        valid_until=rules.last_day(
            definition.validity, valid_from, form=form, born=_born(holder_code) if company_id is None else None
        ),
    )
    await audit.record(f"licence:{licence.id}", "system", "licence_issued", case_no=case_no)
    await tell(licence, "licence_issued", case_no, mandate_id, definition, case_no=case_no)
    return licence


def _born(holder_code: str | None) -> date | None:
    return born_on(holder_code) if holder_code else None


async def revoke_licence(case_no: str, reason: str) -> None:
    """Revoke the licence of a case within the caller's transaction, at the word of the approval system."""
    licence = await Licence.select_for_update().get_or_none(case_no=case_no)
    if licence is None or licence.state is LicenceState.REVOKED:
        return
    licence.state, licence.state_reason, licence.state_changed_at = LicenceState.REVOKED, reason, clock.now()
    await licence.save(update_fields=["state", "state_reason", "state_changed_at"])
    await audit.record(f"licence:{licence.id}", "approval_system", "licence_revoked", case_no=case_no)
    definition = await catalogue.get_licence_type(licence.type_code)
    await tell(licence, "licence_revoked", case_no, None, definition, note=reason, case_no=case_no)
