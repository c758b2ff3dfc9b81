"""Reading exchange tables: nothing missed that is committed late, nothing twice, nothing held up by a bad row."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from app.applications.models import Application, State, TimelineEntry
from app.approvals.connectors import Connector, Connectors
from app.approvals.feed import read_feed
from app.approvals.inbox import apply_events
from app.approvals.models import FeedCursor, InboxEvent
from app.approvals.ports import Event
from app.approvals.tables.front import FrontDatabase, make_tables
from app.approvals.tables.marks import PAGE, Mark, rows_after
from app.approvals.tables.system import TablesApprovalSystem
from app.bootstrap import House
from app.demo.house import ensure_database
from app.demo.plan import Plan
from app.kit.ports import RefusedError, TryLaterError
from tests.contract.approvals.ways import FILE, case_of, read_file
from tests.hostile import LONG, PRINTED
from tests.service.cases import FORM, trip_item, verified_citizen

_PROCESS = """
INSERT INTO up_pro_process (row_guid, project_no, event_name, event_start_time, handle_explain)
VALUES ($1, $2, $3, $4, $5)
"""
_RESULT = "INSERT INTO up_pro_result (row_guid, project_no, result_type, result_date) VALUES ($1, $2, '1', $3)"

_RESULT_SAYS = """
INSERT INTO up_pro_result (row_guid, project_no, result_type, result_date, result_cetr_no) VALUES ($1, $2, '1', $3, $4)
"""


def at(hour: int) -> datetime:
    """An hour of one day, in the city's time as tables have it."""
    return datetime(2026, 3, 2, hour)  # noqa: DTZ001  # tables have no zone


class Front:
    """A front database of its own, from both sides."""

    def __init__(self, url: str, connection: asyncpg.Connection, system: TablesApprovalSystem, name: str) -> None:
        self.url, self.connection, self.system, self.name = url, connection, system, name
        self.connectors = Connectors([Connector(name, system, 1000.0, 4, 60)], name, {})

    async def step(self, case_no: str, code: str | None, hour: int, connection: Any = None) -> str:
        """A step of the handling; its row's id."""
        guid = uuid.uuid4().hex
        await (connection or self.connection).execute(_PROCESS, guid, case_no, code, at(hour), "说明")
        return guid

    async def read(self, cursor: str) -> tuple[list[Event], str]:
        """All events behind a cursor, and where to read on."""
        found: list[Event] = []
        while True:
            page = await self.system.events_after(cursor)
            found += page.events
            if page.next_cursor == cursor:
                return found, cursor
            cursor = page.next_cursor


@pytest.fixture
async def front(plan: Plan, house: House) -> AsyncIterator[Front]:
    """An empty front database, on the same server."""
    del house
    base, _, _ = plan.database_url.rpartition("/")
    name = f"t{uuid.uuid4().hex[:12]}"
    await ensure_database(f"{base}/{name}")
    await make_tables(f"{base}/{name}")
    connection = await asyncpg.connect(f"{base}/{name}")
    async with FrontDatabase.opened(f"{base}/{name}", 5.0, 3) as database:
        yield Front(f"{base}/{name}", connection, TablesApprovalSystem(name, database, read_file), name)
    await connection.close()
    await FeedCursor.filter(id=name).delete()
    admin = await asyncpg.connect(f"{base}/postgres")
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
async def case(house: House) -> Application:
    """A submitted case that the worker knows nothing of."""
    moment = datetime.now(UTC)
    return await Application.create(
        citizen=await verified_citizen(house),
        item_code=await trip_item(),
        item_name="食品经营许可（新办）",
        state=State.SUBMITTED,
        form=FORM,
        case_no=f"t{uuid.uuid4().hex}",
        submitted_at=moment,
        created_at=moment,
        updated_at=moment,
    )


def kinds(events: list[Event]) -> list[str]:
    """What happened, in order."""
    return [event.kind.value for event in events]


async def test_a_row_that_is_committed_late_is_not_missed(front: Front) -> None:
    """Its id and its transaction are smaller than those of a row that was read before it could be seen."""
    early = await asyncpg.connect(front.url)
    waiting = early.transaction()
    await waiting.start()
    late_guid = await front.step("late", "02", 9, early)
    await front.step("soon", "02", 10)
    events, cursor = await front.read("0")
    assert [event.case_no for event in events] == ["soon"]
    await waiting.commit()
    events, cursor = await front.read(cursor)
    assert "late" in {event.case_no for event in events}
    assert await front.connection.fetchval("SELECT min(id) FROM up_pro_process WHERE row_guid = $1", late_guid) == 1
    await early.close()
    assert (await front.read(cursor))[0] == []


async def rows_read(front: Front, cursor: str) -> tuple[int, str]:
    """How many rows lie behind a cursor, and where to read on."""
    read = 0
    while True:
        rows, mark = await rows_after(front.connection, Mark.read(cursor))
        read += len(rows)
        if not rows:
            return read, cursor
        cursor = str(mark)


async def test_a_transaction_that_stays_open_makes_nothing_be_read_twice(front: Front) -> None:
    """However many rows are written meanwhile: each once, and its own when it ends."""
    early = await asyncpg.connect(front.url)
    waiting = early.transaction()
    await waiting.start()
    await front.step("late", "02", 9, early)
    for number in range(PAGE + 5):
        await front.step(f"meanwhile-{number}", "02", 9)
    counts, cursor = [], "0"
    for turn in range(3):
        read, cursor = await rows_read(front, cursor)
        counts.append(read)
        await front.step(f"more-{turn}", "02", 9)
    assert counts == [PAGE + 5, 1, 1]
    await waiting.commit()
    await early.close()
    assert (await rows_read(front, cursor))[0] == 2


async def test_more_open_transactions_than_a_mark_can_name_lose_nothing(front: Front) -> None:
    """The cursor fits its column; what is younger than those it names is read again until they end."""
    many = [await asyncpg.connect(front.url) for _ in range(20)]
    begun = [connection.transaction() for connection in many]
    for number, (connection, transaction) in enumerate(zip(many, begun, strict=True)):
        await transaction.start()
        await front.step(f"late-{number}", "02", 9, connection)
        await front.step(f"soon-{number}", "02", 9)
    page = await front.system.events_after("0")
    cursor = page.next_cursor
    assert {event.case_no for event in page.events} == {f"soon-{number}" for number in range(20)}
    assert len(cursor) <= FeedCursor._meta.fields_map["cursor"].max_length  # type: ignore[attr-defined]  # of a CharField
    for connection, transaction in zip(many, begun, strict=True):
        await transaction.commit()
        await connection.close()
    events, cursor = await front.read(cursor)
    assert {event.case_no for event in events} >= {f"late-{number}" for number in range(20)}
    assert (await front.read(cursor))[0] == []


async def test_many_writers_at_once_lose_nothing(front: Front) -> None:
    """Each writes in transactions that overlap the others' and end in another order than they began."""
    writers, each = 8, 30

    async def write(number: int) -> None:
        connection = await asyncpg.connect(front.url)
        for turn in range(each):
            async with connection.transaction():
                await front.step(f"{number}-{turn}", "02", 9, connection)
                await connection.execute("SELECT pg_sleep($1)", ((number * 7 + turn * 3) % 5) / 500)
        await connection.close()

    writing = asyncio.gather(*(write(number) for number in range(writers)))
    seen: set[str] = set()
    cursor = "0"
    while True:
        done = writing.done()
        events, cursor = await front.read(cursor)
        seen |= {event.case_no for event in events}
        if done:
            break
    await writing
    assert len(seen) == writers * each
    assert (await front.read(cursor))[0] == []


async def test_a_row_that_is_written_again_is_read_again(front: Front) -> None:
    """A special procedure ends by filling in its end; its beginning keeps its id."""
    insert = """INSERT INTO up_pro_special_procedure (row_guid, project_no, special_time, special_reason)
        VALUES ('s', 'case', $1, '现场核查')"""
    await front.connection.execute(insert, at(9))
    began, cursor = await front.read("0")
    await front.connection.execute("UPDATE up_pro_special_procedure SET end_time = $1", at(11))
    ended, _ = await front.read(cursor)
    assert (kinds(began), kinds(ended)) == (["special_procedure"], ["special_procedure", "resumed"])
    assert began[0] == ended[0]
    assert began[0].occurred_at == datetime(2026, 3, 2, 1, tzinfo=UTC)


async def test_pages_end_and_begin_at_the_right_rows(front: Front) -> None:
    """More rows than a page, of one transaction and of many."""
    async with front.connection.transaction():
        for number in range(PAGE + 5):
            await front.step(f"one-{number}", "02", 9)
    for number in range(5):
        await front.step(f"many-{number}", "02", 9)
    events, _ = await front.read("0")
    assert sorted(event.case_no for event in events) == sorted(
        [f"one-{number}" for number in range(PAGE + 5)] + [f"many-{number}" for number in range(5)]
    )


async def test_a_cursor_of_another_server_begins_anew(front: Front) -> None:
    """Its transactions say nothing here, so all is read again."""
    await front.step("case", "02", 9)
    events, cursor = await front.read("999999999999.1.5")
    assert kinds(events) == ["pre_review"]
    assert (await front.read(cursor))[0] == []


async def test_a_row_that_cannot_be_read_is_set_aside(front: Front) -> None:
    """With its reason, once, and the others are read; when it is corrected, it is read too."""
    bad = [await front.step("case", code, 9) for code in ("99", None)]
    await front.connection.execute(_PROCESS, uuid.uuid4().hex, "case", "02", None, None)
    await front.step("case", "02", 10)
    events, cursor = await front.read("0")
    assert kinds(events) == ["pre_review"]
    await front.connection.execute(_PROCESS, uuid.uuid4().hex, "case", "02", datetime(1, 1, 1, 1), None)  # noqa: DTZ001
    await front.read("0")
    noted = await front.connection.fetch("SELECT table_name, row_id, reason FROM pro_unread_row ORDER BY row_id")
    assert [tuple(row.values()) for row in noted] == [
        ("up_pro_process", 1, "event_name"),
        ("up_pro_process", 2, "event_name"),
        ("up_pro_process", 3, "event_start_time"),
        ("up_pro_process", 5, "event_start_time"),
    ]
    await front.connection.execute("UPDATE up_pro_process SET event_name = '06' WHERE row_guid = $1", bad[0])
    assert kinds((await front.read(cursor))[0]) == ["under_review"]


async def test_no_text_of_a_row_holds_up_the_others_or_reaches_a_citizen_unmended(
    front: Front, case: Application
) -> None:
    """Whatever stands in it, about whichever case; and days that no calendar of ours has."""
    case_no, execute = str(case.case_no), front.connection.execute
    for number, text in enumerate(PRINTED.values()):
        await execute(_PROCESS, f"{number}{text}"[:50], case_no, "02", at(number + 1), text)
        await execute(_PROCESS, f"{text}{number}"[-50:], text[:50], text[:2], at(9), text)
    for number, moment in enumerate(("infinity", "-infinity", "0044-03-15 BC", "294276-01-01")):
        await execute(_PROCESS.replace("$4", f"'{moment}'").replace("$5", "$4"), f"m{number}", case_no, "02", "x")
    broken = "\u202ea\x1b[31m\r\nb\x0bc\x85d\x7f" + LONG[:1900]
    await execute(_PROCESS, "broken", case_no, "06", at(10), broken)
    await execute(_RESULT_SAYS, "r", case_no, at(11), PRINTED["script"][:50])
    await read_feed(front.connectors, front.name)
    await apply_events(case_no)
    await case.refresh_from_db()
    assert case.state is State.COMPLETED
    kept = [event.data.get("note") for event in await InboxEvent.filter(case_no=case_no).order_by("sequence")]
    assert kept[: len(PRINTED)] == [text.replace("\r\n", "\n") for text in PRINTED.values()]
    said = await TimelineEntry.get(application=case, kind="under_review")
    assert said.note == "\u202ea[31m\nb\nc\nd" + LONG[:1900]
    assert await front.connection.fetchval("SELECT count(*) FROM pro_unread_row") == len(PRINTED) + 4


async def test_the_mark_moves_only_with_what_is_kept(front: Front, case: Application) -> None:
    """A read that fails in the middle is made again from the same place."""
    case_no = str(case.case_no)
    await front.step(case_no, "02", 9)

    class Failing(TablesApprovalSystem):
        """It reads, and what it read cannot be kept."""

        async def events_after(self, cursor: str) -> Any:
            page = await front.system.events_after(cursor)
            page.events.append(None)  # type: ignore[arg-type]
            return page

    failing = Failing(front.name, front.system._front, read_file)
    with pytest.raises(AttributeError):
        await read_feed(Connectors([Connector(front.name, failing, 1.0, 1, 60)], front.name, {}), front.name)
    assert not await FeedCursor.exists(id=front.name)
    await read_feed(front.connectors, front.name)
    assert [row.kind for row in await InboxEvent.filter(case_no=case_no)] == ["pre_review"]


async def test_steps_get_their_places_as_they_come_and_keep_them(front: Front, case: Application) -> None:
    """Reading all again changes nothing."""
    case_no = str(case.case_no)
    await front.step(case_no, "06", 11)
    await front.step(case_no, "02", 9)
    await read_feed(front.connectors, front.name)
    places = await InboxEvent.filter(case_no=case_no).order_by("sequence").values_list("kind", "sequence")
    assert places == [("pre_review", 1), ("under_review", 2)]
    await FeedCursor.filter(id=front.name).delete()
    await read_feed(front.connectors, front.name)
    assert await InboxEvent.filter(case_no=case_no).order_by("sequence").values_list("kind", "sequence") == places


async def test_a_step_that_was_overtaken_moves_nothing(front: Front, case: Application) -> None:
    """A request for a supplement from before the review does not bring the case back."""
    case_no = str(case.case_no)
    await front.step(case_no, "06", 11)
    await read_feed(front.connectors, front.name)
    await apply_events(case_no)
    await front.step(case_no, "03", 10)
    await read_feed(front.connectors, front.name)
    await apply_events(case_no)
    await case.refresh_from_db()
    assert (case.state, case.last_sequence) == (State.UNDER_REVIEW, 2)
    await front.step(case_no, "03", 12)
    await read_feed(front.connectors, front.name)
    await apply_events(case_no)
    await case.refresh_from_db()
    assert (case.state, case.last_sequence) == (State.SUPPLEMENT_REQUESTED, 3)


async def test_a_place_is_given_once_though_events_are_forgotten(front: Front, case: Application) -> None:
    """A case whose events went with their time counts on, and hears what comes after."""
    case_no = str(case.case_no)
    await front.step(case_no, "02", 9)
    await front.connection.execute(_RESULT, "r", case_no, at(10))
    await read_feed(front.connectors, front.name)
    await apply_events(case_no)
    await case.refresh_from_db()
    assert (case.state, case.last_sequence) == (State.COMPLETED, 3)
    await InboxEvent.filter(case_no=case_no).delete()
    await front.step(case_no, "06", 12)
    await read_feed(front.connectors, front.name)
    assert (await InboxEvent.get(case_no=case_no)).sequence == 4
    await apply_events(case_no)
    await case.refresh_from_db()
    assert (case.state, case.last_sequence) == (State.COMPLETED, 4)


async def test_a_decision_counts_whenever_it_comes(front: Front, case: Application) -> None:
    """Also where a later step was read before it; and it completes the case."""
    case_no = str(case.case_no)
    await front.step(case_no, "06", 11)
    await read_feed(front.connectors, front.name)
    await front.connection.execute(_RESULT, "r", case_no, at(10))
    await read_feed(front.connectors, front.name)
    await apply_events(case_no)
    await case.refresh_from_db()
    assert case.state is State.COMPLETED


async def test_a_case_is_written_with_its_files(front: Front) -> None:
    """In columns of the national tables; the files with their content, for whom no address reaches."""
    named = {"file_id": "f", "material_id": "photo", "file_name": "photo.jpeg", "content_type": "image/jpeg"}
    materials = [{**named, "size": len(FILE), "sha256": "0" * 64, "path": "/"}]
    company = {"uscc": "91230800MA1B2C3D4D", "name": "示例公司"}
    await front.system.send_case("person", case_of(materials=materials))
    await front.system.send_case("company", case_of(company=company))
    columns = "applyer_name, applyer_type, applyer_page_code, contact_name, apply_date"
    rows = await front.connection.fetch(f"SELECT {columns} FROM up_pro_accept ORDER BY id")  # noqa: S608  # our words
    assert [tuple(row.values()) for row in rows] == [
        ("张三", "1", "11010519491231002X", "张三", at(9)),
        ("示例公司", "2", "91230800MA1B2C3D4D", "张三", at(9)),
    ]
    file = await front.connection.fetchrow("SELECT project_no, material_name, content FROM up_pro_material")
    assert tuple(file.values()) == ("person", "photo", FILE)


async def test_a_name_that_is_longer_than_its_column_is_told_whole(front: Front) -> None:
    """Of a person and of a company; nobody's case is refused for a name."""
    name, company = "买买提" * 60, "公司" * 80
    applicant = {"name": name, "id_number": "1", "phone": None}
    await front.system.send_case("person", case_of(applicant=applicant))
    await front.system.send_case("company", case_of(applicant=applicant, company={"uscc": "9", "name": company}))
    rows = await front.connection.fetch("SELECT applyer_name, contact_name, case_data FROM up_pro_accept ORDER BY id")
    columns, more = zip(*((row[:2], json.loads(row["case_data"])) for row in rows), strict=True)
    assert columns == ((name[:100], name[:100]), (company[:100], name[:100]))
    assert [(one["applicant_name"], one.get("company_name")) for one in more] == [(name, None), (name, company)]


async def test_values_that_the_tables_refuse_are_refused_for_good(front: Front) -> None:
    """A number that is too long; where a table is missing the case is not at fault, and it is tried later."""
    long = case_of(applicant={"name": "长", "id_number": "1" * 501, "phone": None})
    with pytest.raises(RefusedError, match="sqlstate_22001"):
        await front.system.send_case("long", long)
    await front.connection.execute("DROP TABLE pro_notice")
    await front.system.send_case("case", case_of())
    with pytest.raises(TryLaterError, match="sqlstate_42P01"):
        await front.system.send_notice("case", {"notice_id": "n", "kind": "hurry"})
