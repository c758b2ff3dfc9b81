"""Many rows in one statement are what the ORM makes of them one by one."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from tortoise.exceptions import ValidationError

from app.applications.models import Application, State, TimelineEntry
from app.audit.models import AuditRecord
from app.bootstrap import House
from app.kit import db
from app.kit.many import insert_all, update_all
from tests.service.cases import FORM, trip_item, verified_citizen

_MOMENT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


async def _case(house: House) -> Application:
    return await Application.create(
        citizen=await verified_citizen(house),
        item_code=await trip_item(),
        item_name="食品经营许可（新办）",
        form=FORM,
        created_at=_MOMENT,
        updated_at=_MOMENT,
    )


def _record(chain: str, **differing: Any) -> AuditRecord:
    columns = {
        "actor": "clock",
        "action": "counted",
        "details": {"数": [1, None]},
        "previous": b"\0",
        "digest": b"\xff",
    }
    return AuditRecord(chain=chain, position=1, at=_MOMENT, **{**columns, **differing})


async def test_rows_inserted_together_are_those_inserted_alone(house: House) -> None:
    """Sealed columns, JSON, references, and what stands for nothing."""
    case, chain = await _case(house), uuid4().hex
    entries = [
        TimelineEntry(application=case, kind="submit", state=State.SUBMITTED, note=note, at=_MOMENT)
        for note in ("备注", None)
    ]
    await insert_all(entries)
    await TimelineEntry.create(application=case, kind="submit", state=State.SUBMITTED, note="备注", at=_MOMENT)
    first, second, third = await TimelineEntry.filter(application=case).order_by("id").values("note", "state", "at")
    assert first == third == {"note": "备注", "state": State.SUBMITTED, "at": _MOMENT}
    assert second["note"] is None
    await insert_all([_record(f"{chain}a", salt=b"s"), _record(f"{chain}b", salt=b"s")])
    await _record(f"{chain}c", salt=b"s").save()
    found = await db.rows("SELECT * FROM audit_records WHERE chain LIKE $1 || '_' ORDER BY chain", chain)
    assert [{**row, "id": "", "chain": ""} for row in found] == [{**found[2], "id": "", "chain": ""}] * 3
    await insert_all([])


async def test_only_the_fields_that_are_named_are_written(house: House) -> None:
    """Of all rows, each with its own value."""
    cases = [await _case(house), await _case(house)]
    for case, note in zip(cases, ("一", None), strict=True):
        case.supplement_note, case.promised_on, case.item_name = note, _MOMENT.date(), "别名"
    await update_all(cases, ("supplement_note", "promised_on"))
    for case, note in zip(cases, ("一", None), strict=True):
        await case.refresh_from_db()
        assert (case.supplement_note, case.promised_on) == (note, _MOMENT.date())
        assert case.item_name == "食品经营许可（新办）"


async def test_a_row_becomes_the_object_that_the_orm_makes_of_it(house: House) -> None:
    """With all that the ORM knows of it, so that it can be changed and saved."""
    case = await _case(house)
    found = await db.row("SELECT 'more' AS more, * FROM applications WHERE id = $1", case.id)
    assert found
    made = db.instance(Application, found)
    assert vars(made) == vars(await Application.get(id=case.id))
    made.item_name = "别名"
    await made.save()
    assert (await Application.get(id=case.id)).item_name == "别名"
    del found["item_name"]
    with pytest.raises(KeyError):
        db.instance(Application, found)


async def test_what_is_too_long_for_its_column_is_refused(house: House) -> None:
    """Not cut."""
    del house
    with pytest.raises(ValidationError):
        await insert_all([_record(uuid4().hex, actor="x" * 129)])
