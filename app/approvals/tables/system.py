"""The approval system over exchange tables."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import asyncpg
from pydantic import ValidationError

from app.applications.materials.errors import MaterialInfectedError, MaterialLostError, MaterialPendingError
from app.approvals.ports import Event, FeedPage, RemoteCase
from app.approvals.tables import codes
from app.approvals.tables.front import FrontDatabase
from app.approvals.tables.marks import Mark, rows_after
from app.approvals.tables.rows import events_of, in_order
from app.kit import clock
from app.kit.ports import PortError, RefusedError, TryLaterError

_log = logging.getLogger(__name__)

ReadFile = Callable[[str, str], Awaitable[bytes]]
"""The content of a case's file, by the case's number and the file's id."""

_CASE = """
INSERT INTO up_pro_accept (row_guid, project_no, task_code, task_name, apply_date, applyer_name, applyer_type,
    applyer_page_type, applyer_page_code, contact_name, contact_type, contact_code, contact_mobile, case_data,
    data_source, cd_operation, cd_batch, cd_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT (project_no) DO NOTHING
"""
_MATERIAL = """
INSERT INTO up_pro_material (row_guid, project_no, supplement_guid, material_name, material_attach_name, content_type,
    sha256, material_data, content, data_source, cd_operation, cd_batch, cd_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (row_guid) DO NOTHING
"""
_SUPPLEMENT = """
INSERT INTO pro_supplement (row_guid, project_no, note, supplement_data, apply_date) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (row_guid) DO NOTHING
"""
_WITHDRAWAL = """
INSERT INTO pro_withdrawal (project_no, reason, apply_date) VALUES ($1, $2, $3) ON CONFLICT (project_no) DO NOTHING
"""
_NOTICE = """
INSERT INTO pro_notice (row_guid, project_no, kind, body, apply_date) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (row_guid) DO NOTHING
"""
# How long a name may be in its columns (the national tables'); one that is longer stands whole in the row's JSON.
_LONGEST_NAME = 100
# What has a column of its own; all else that is said stands in the row's JSON.
_CASE_COLUMNS = frozenset({"item_code", "item_name", "applicant", "company", "materials", "submitted_at"})
_SUPPLEMENT_COLUMNS = frozenset({"supplement_id", "note", "materials", "submitted_at"})
_MATERIAL_COLUMNS = frozenset({"file_id", "material_id", "file_name", "content_type", "sha256", "path"})
_KNOWN = "SELECT EXISTS (SELECT FROM up_pro_accept WHERE project_no = $1)"
_WITHDRAWN = "SELECT is_agreed IS DISTINCT FROM $2 FROM pro_withdrawal WHERE project_no = $1"
_DECIDED = """
SELECT EXISTS (SELECT FROM up_pro_result WHERE project_no = $1)
    OR EXISTS (SELECT FROM up_pro_process WHERE project_no = $1 AND event_name = ANY($2))
"""
_WORD_OF_CASE = "SELECT table_name, body FROM pro_word WHERE project_no = $1"
_GUIDS = {
    "supplements": "SELECT row_guid FROM pro_supplement WHERE project_no = $1",
    "notices": "SELECT row_guid FROM pro_notice WHERE project_no = $1",
}
_UNREAD = """
INSERT INTO pro_unread_row (table_name, row_id, write_mark, reason, noted_at) VALUES ($1, $2, $3::text::xid8, $4, $5)
ON CONFLICT DO NOTHING RETURNING row_id
"""


class TablesApprovalSystem:
    """ApprovalSystem over the tables of a front database.

    What is handed over is a row with a natural key, so that it is there once however often it is written.
    """

    def __init__(self, name: str, front: FrontDatabase, read_file: ReadFile) -> None:
        self._name, self._front, self._read_file = name, front, read_file

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """A row of up_pro_accept, and one of up_pro_material for each file, with its content.

        A name that is longer than its columns is cut there, and whole in ``case_data``.
        """
        files = await self._files(case_no, case["materials"])
        person, company = case["applicant"], case.get("company")
        applicant = (
            (_cut(company["name"]), codes.COMPANY, codes.CREDIT_CODE, company["uscc"])
            if company
            else (_cut(person["name"]), codes.PERSON, codes.IDENTITY_CARD, person["id_number"])
        )
        contact = (_cut(person["name"]), codes.IDENTITY_CARD, person["id_number"], person.get("phone"))
        names = {"applicant_name": person["name"], "company_name": company["name"] if company else ""}
        long = {key: name for key, name in names.items() if name and len(name) > _LONGEST_NAME}
        more = _more(case, _CASE_COLUMNS) | long
        task = (case["item_code"], case["item_name"], _city_time(case["submitted_at"]))
        async with self._front.writing() as connection:
            batch = _batch()
            await connection.execute(_CASE, uuid4().hex, case_no, *task, *applicant, *contact, more, *batch)
            await connection.executemany(_MATERIAL, [(*file, *batch) for file in files])

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """A row of pro_supplement, and one of up_pro_material for each file."""
        guid = supplement["supplement_id"]
        files = await self._files(case_no, supplement["materials"], guid)
        at = _city_time(supplement["submitted_at"])
        async with self._front.writing() as connection:
            await _require_known(connection, case_no)
            more = _more(supplement, _SUPPLEMENT_COLUMNS)
            await connection.execute(_SUPPLEMENT, guid, case_no, supplement["note"] or "", more, at)
            batch = _batch()
            await connection.executemany(_MATERIAL, [(*file, *batch) for file in files])

    async def send_withdrawal(self, case_no: str, reason: str) -> None:
        """A row of pro_withdrawal, where no decision stands in the tables yet."""
        async with self._front.writing() as connection:
            await _require_known(connection, case_no)
            if await connection.fetchval(_WITHDRAWN, case_no, codes.DISAGREED):
                return
            if await connection.fetchval(_DECIDED, case_no, codes.ENDING_STEPS):
                raise RefusedError("already_decided")
            await connection.execute(_WITHDRAWAL, case_no, reason, _now())

    async def send_notice(self, case_no: str, notice: dict[str, Any]) -> None:
        """A row of pro_notice."""
        async with self._front.writing() as connection:
            await _require_known(connection, case_no)
            await connection.execute(_NOTICE, notice["notice_id"], case_no, notice["kind"], notice, _now())

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """What stands in the tables about a case."""
        async with self._front.reading() as connection:
            if not await connection.fetchval(_KNOWN, case_no):
                return None
            word = await connection.fetch(_WORD_OF_CASE, case_no)
            guids = {
                what: frozenset(row["row_guid"] for row in await connection.fetch(sql, case_no))
                for what, sql in _GUIDS.items()
            }
            withdrawn = bool(await connection.fetchval(_WITHDRAWN, case_no, codes.DISAGREED))
        events = [event for row in word for event in self._readable(dict(row))]
        return RemoteCase(in_order(events), guids["supplements"], withdrawn, guids["notices"])

    async def events_after(self, cursor: str) -> FeedPage:
        """What the rows behind a mark tell. A row that cannot be read is set aside and holds up no other."""
        async with self._front.reading() as connection:
            rows, mark = await rows_after(connection, Mark.read(cursor))
        events: list[Event] = []
        for row in rows:
            try:
                events += events_of(self._name, row["table_name"], row["body"])
            except ValidationError as error:
                await self._set_aside(row, ", ".join(str(one["loc"][0]) for one in error.errors()))
            except ValueError as error:
                await self._set_aside(row, str(error))
        return FeedPage(in_order(events), str(mark) if mark != Mark() else cursor)

    def _readable(self, row: dict[str, Any]) -> list[Event]:
        try:
            return events_of(self._name, row["table_name"], row["body"])
        except ValueError:
            return []

    async def _set_aside(self, row: dict[str, Any], reason: str) -> None:
        """Note a row that cannot be read, for the people of both sides, once for each time it was written."""
        named = (row["table_name"], row["id"])
        try:
            async with self._front.writing() as connection:
                new = await connection.fetchval(_UNREAD, *named, row["write_mark"], reason, _now())
        except PortError:
            new = True
        if new:
            extra = {"connector": self._name, "table": named[0], "row": named[1], "reason": reason}
            _log.error("row_unreadable", extra=extra)

    async def _content(self, case_no: str, file_id: str) -> bytes:
        try:
            return await self._read_file(case_no, file_id)
        except (MaterialPendingError, MaterialInfectedError, MaterialLostError) as error:
            raise TryLaterError("file_not_ready") from error

    async def _files(self, case_no: str, materials: list[dict[str, Any]], supplement: str | None = None) -> list[Any]:
        return [
            (
                one["file_id"],
                case_no,
                supplement,
                one["material_id"],
                one["file_name"],
                one["content_type"],
                one["sha256"],
                _more(one, _MATERIAL_COLUMNS),
                await self._content(case_no, one["file_id"]),
            )
            for one in materials
        ]


def _cut(name: str | None) -> str | None:
    return name and name[:_LONGEST_NAME]


def _more(said: dict[str, Any], columns: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in columns}


async def _require_known(connection: asyncpg.Connection, case_no: str) -> None:
    if not await connection.fetchval(_KNOWN, case_no):
        raise RefusedError("unknown_case")


def _batch() -> tuple[str, str, str, datetime]:
    return codes.SOURCE, codes.INSERTED, uuid4().hex, _now()


def _now() -> datetime:
    return clock.now().astimezone(clock.CITY_TIME).replace(tzinfo=None)


def _city_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(clock.CITY_TIME).replace(tzinfo=None)
