"""Pages of a list while rows come in: shown on records of an audit chain, whose ids are UUIDv7 as everywhere."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.audit.models import AuditRecord
from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.kit.ids import new_id
from app.kit.paging import PAGE, encode_cursor, newest_first

pytestmark = pytest.mark.usefixtures("house")


async def insert(chain: str, first: int, count: int) -> None:
    """More records; only their ids and their chain matter here."""
    await AuditRecord.bulk_create(
        AuditRecord(
            id=new_id(),
            chain=chain,
            position=number,
            at=clock.now(),
            actor="system",
            action="counted",
            details={},
            previous=b"",
            digest=b"",
        )
        for number in range(first, first + count)
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3 * PAGE), st.lists(st.integers(0, PAGE), max_size=4))
async def test_what_comes_in_between_pages_shifts_nothing(before: int, between: list[int]) -> None:
    """Whoever reads on sees each row that was there once, the newest first, and no page is empty but the only one."""
    chain, written = f"test:{uuid4()}", before
    await insert(chain, 1, before)
    late = iter(between)
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = await newest_first(AuditRecord.filter(chain=chain), cursor)
        assert 0 < len(page.items) <= PAGE or not before
        seen += [record.position for record in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        more = next(late, 0)
        await insert(chain, written + 1, more)
        written += more
    assert seen == list(range(before, 0, -1))
    await AuditRecord.filter(chain=chain).delete()


@pytest.mark.parametrize("cursor", ["garbage", "_", "é", encode_cursor("x"), encode_cursor(1), encode_cursor("a", "b")])
async def test_a_cursor_that_names_no_row_of_ours_is_refused(cursor: str) -> None:
    """Before the database is asked."""
    with pytest.raises(InvalidCursorError):
        await newest_first(AuditRecord.filter(chain="none"), cursor)
