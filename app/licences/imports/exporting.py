"""The metadata of licences (GB/T 36903) as a table, in the layout in which licences come here."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from app.audit import service as audit
from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import clock, texts
from app.kit.db import transaction
from app.licences.imports import states
from app.licences.imports.columns import heading
from app.licences.imports.template import headings_of
from app.licences.models import Licence, LicenceState
from app.upkeep.tables.signs import GuardedWriter, escaped

CHAIN = "licences:export"
"""The chain of the audit in which exports stand."""

_PAGE = 1_000
_CODES = {
    LicenceState.SUSPENDED: ("suspended",),
    LicenceState.REVOKED: ("03", "07"),
    LicenceState.CANCELLED: ("04", "06"),
    LicenceState.EXPIRED: ("05",),
}


def metadata_of(licence: Licence, definition: LicenceTypeDefinition) -> dict[str, str]:
    """What GB/T 36903 and the type's own fields say of a licence, by heading; what is not known is left out."""
    values = licence.values
    fields = {field.title: _shown(values[field.name]) for field in definition.fields if field.name in values}
    until = licence.valid_until.isoformat() if licence.valid_until else texts.text("licence", "endless")
    changed = licence.state_changed_at if licence.state is not LicenceState.VALID else None
    metadata = {
        "name": definition.name,
        "type": definition.type_code,
        "number": licence.number,
        "identifier": licence.identifier,
        "issuer": licence.issuer,
        "issuer_code": licence.issuer_code,
        "issued_on": licence.issued_on.isoformat(),
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": until,
        "holder": licence.holder,
        "holder_code": licence.holder_code or "",
        "holder_kind": licence.holder_kind.value,
        "region": licence.region,
        "state": _state(licence),
        "state_changed_on": changed.astimezone(clock.CITY_TIME).date().isoformat() if changed else "",
    }
    return fields | {heading(column): value for column, value in metadata.items()}


def _shown(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _state(licence: Licence) -> str:
    """The state as other systems write it: the code whose word is the reason, else the first that means the state."""
    codes = _CODES.get(licence.state, ())
    if not codes:
        return ""
    code = next((code for code in codes if states.reason(code) == licence.state_reason), codes[0])
    return f"{code if code.isdigit() else ''}{states.reason(code)}"


async def export_licences(
    path: Path, definition: LicenceTypeDefinition, actor: str, progress: Callable[[int, int], None]
) -> int:
    """Write the newest version of every licence of a type as .xlsx or, by any other name, as CSV; returns how many."""
    found = Licence.filter(type_code=definition.code).exclude(state=LicenceState.SUPERSEDED)
    total, done, titles = await found.count(), 0, headings_of(definition)
    with _writer(path) as write:
        write(titles)
        async for licence in _pages(found):
            cells = metadata_of(licence, definition)
            write([cells.get(title, "") for title in titles])
            done += 1
            progress(min(done, total), total)
    async with transaction():
        await audit.record(CHAIN, actor, "licences_exported", licence_type=definition.code, licences=done)
    return done


async def _pages(found: Any) -> AsyncIterator[Licence]:
    page = await found.order_by("id").limit(_PAGE)
    while page:
        for licence in page:
            yield licence
        page = await found.filter(id__gt=page[-1].id).order_by("id").limit(_PAGE)


@contextmanager
def _writer(path: Path) -> Iterator[Callable[[list[str]], None]]:
    """Writes rows into a file that only its owner reads and that is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    try:
        if path.suffix.lower() == ".xlsx":
            book = Workbook(write_only=True)
            sheet = book.create_sheet(texts.text("licence_import", "template_sheet"))
            yield lambda row: sheet.append([_text(sheet, cell) for cell in row])
            book.save(beside)
        else:
            with beside.open("w", encoding="utf-8-sig", newline="") as file:
                yield GuardedWriter(file).writerow
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _text(sheet: Any, value: str) -> Any:
    """A cell of text, whatever it begins with: openpyxl takes what begins with an equals sign for a formula."""
    cell = WriteOnlyCell(sheet, escaped(value))
    cell.data_type = "s"
    return cell
