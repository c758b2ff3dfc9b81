"""Writing many licences at once: identifiers, places in the status lists, and the rows themselves by COPY."""

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import clock, db
from app.kit.crypto import keyring
from app.kit.ids import new_id
from app.licences import identifiers
from app.licences.identifiers import LicenceIdentifier
from app.licences.imports import states
from app.licences.imports.known import Owners
from app.licences.imports.rows import ImportedLicence
from app.licences.models import HOLDER, Licence, LicenceState, Origin
from app.licences.status.service import mark_lists, take_places

_REFERENCE_BYTES = 8
_SEALED = ("holder", "holder_code", "values", "state_reason")
_TAKE_SERIALS = """
INSERT INTO licence_serials (id, type_code, year, last_number) VALUES (gen_random_uuid(), $1, $2, $3)
ON CONFLICT (type_code, year) DO UPDATE SET last_number = licence_serials.last_number + $3
RETURNING last_number
"""
_TAKEN = "SELECT identifier FROM licences WHERE identifier = ANY($1::text[])"


@dataclass(slots=True)
class Entry:
    """A licence to write: the row it comes from, its type, the version before it, and the identifier it gets."""

    row: ImportedLicence
    definition: LicenceTypeDefinition
    earlier: Licence | None = None
    identifier: str = ""

    @property
    def version(self) -> int:
        """Its version, from 1."""
        return self.earlier.version + 1 if self.earlier else 1


async def write_licences(entries: list[Entry], owners: Owners, import_id: UUID, today: date) -> None:
    """Write licences within the caller's transaction. Those whose identifier is not told get one of GB/T 36904."""
    await _identify(entries)
    places = await take_places(len(entries))
    records = [_record(entry, owners, import_id, place, today) for entry, place in zip(entries, places, strict=True)]
    await mark_lists({record["status_list"] for record in records if record["state"] != LicenceState.VALID})
    if records:
        async with db.connection().acquire_connection() as raw:
            await raw.copy_records_to_table(
                Licence.Meta.table, records=[tuple(record.values()) for record in records], columns=list(records[0])
            )


async def _identify(entries: list[Entry]) -> None:
    for entry in entries:
        entry.identifier = _told(entry)
    here = await _taken(entry.identifier for entry in entries if entry.earlier)
    waiting: list[Entry] = []
    for entry in entries:
        if not entry.identifier or entry.identifier in here:
            waiting.append(entry)
        else:
            here.add(entry.identifier)
    while waiting:
        await _number(waiting)
        here |= await _taken(entry.identifier for entry in waiting)
        waiting = [entry for entry in waiting if entry.identifier in here]


def _told(entry: Entry) -> str:
    """The identifier that a row tells, or that follows the earlier version's; empty where one is to be made."""
    told = entry.row.identifier or ""
    if entry.earlier is None or (told and told != entry.earlier.identifier):
        return told
    try:
        before = identifiers.parse(entry.earlier.identifier)
        return str(LicenceIdentifier(before.type_code, before.issuer, before.serial, entry.version))
    except ValueError:
        return ""


async def _number(entries: list[Entry]) -> None:
    """Make identifiers from the serial numbers that licences issued here are counted by, too."""
    many = Counter((entry.definition.code, entry.row.issued_on.year) for entry in entries)
    # In one order, so that no two who take several wait for each other.
    last = {kind: await db.row(_TAKE_SERIALS, *kind, count) for kind, count in sorted(many.items())}
    following = {kind: (row["last_number"] if row else 0) - many[kind] for kind, row in last.items()}
    for entry in entries:
        kind = entry.definition.code, entry.row.issued_on.year
        following[kind] += 1
        serial = f"{kind[1]}{following[kind]:07d}"
        made = LicenceIdentifier(entry.definition.type_code, entry.row.issuer_code, serial, entry.version)
        entry.identifier = str(made)


async def _taken(named: Iterable[str]) -> set[str]:
    sought = [identifier for identifier in named if identifier]
    return {row["identifier"] for row in await db.rows(_TAKEN, sought)} if sought else set()


def _record(entry: Entry, owners: Owners, import_id: UUID, place: tuple[int, int], today: date) -> dict[str, Any]:
    row, earlier = entry.row, entry.earlier
    state, reason = row.state(today), states.reason(row.elsewhere)
    changed_at = _changed_at(row, state)
    if earlier and earlier.state is LicenceState.SUSPENDED and state is LicenceState.VALID:
        # What was suspended here stays so in the version that follows.
        state, reason, changed_at = earlier.state, earlier.state_reason, earlier.state_changed_at
    values = {
        "holder": row.holder,
        "holder_code": row.holder_code,
        "values": row.values,
        "state_reason": reason,
    }
    sealed = {name: Licence._meta.fields_map[name].to_db_value(values[name], Licence) for name in _SEALED}
    return {
        "id": new_id(),
        "citizen_id": owners.citizen_of(row),
        "company_id": owners.company_of(row),
        "type_code": row.type_code,
        "identifier": entry.identifier,
        "reference": secrets.token_hex(_REFERENCE_BYTES),
        "number": row.number,
        "origin": Origin.IMPORTED.value,
        "import_id": import_id,
        "previous_id": earlier.id if earlier else None,
        "version": entry.version,
        "state": state.value,
        "state_changed_at": changed_at,
        **sealed,
        "holder_kind": row.holder_kind.value,
        "holder_hash": keyring().lookup(row.holder_code, HOLDER),
        "issuer": row.issuer,
        "issuer_code": row.issuer_code,
        "region": row.region,
        "issued_on": row.issued_on,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "status_list": place[0],
        "status_index": place[1],
    }


def _changed_at(row: ImportedLicence, state: LicenceState) -> datetime | None:
    """When a licence became what it is: as the row says, else after its last day, else at present; None while valid."""
    if state is LicenceState.VALID:
        return None
    day = row.state_changed_on
    if day is None and state is LicenceState.EXPIRED and row.valid_until and row.elsewhere == "valid":
        day = row.valid_until + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=clock.CITY_TIME).astimezone(UTC) if day else clock.now()
