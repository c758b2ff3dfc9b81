"""The approval system's stand-in behind exchange tables: takes the product's rows, and writes its own.

It decides as the stand-in over HTTP does, whose store and runner it has; only the ways in and out are tables.
"""

import asyncio
import hashlib
import json
import logging
from contextlib import suppress
from datetime import datetime
from typing import Any

import asyncpg

from app.kit.db import AWAY
from app.sandbox.answers import BEIJING, RefusedError
from app.sandbox.approvals_case import Kind
from app.sandbox.approvals_flow import Pace
from app.sandbox.approvals_runner import Runner
from app.sandbox.approvals_store import ApprovalsStore
from app.sandbox.product import Reply

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.1
_FAILED = (*AWAY, asyncpg.PostgresError)
_TAKEN, _NOT_TAKEN = Reply(200), Reply(None)

_STEPS = {
    Kind.PRE_REVIEW: ("02", "预审"),
    Kind.SUPPLEMENT_REQUESTED: ("03", "补正告知"),
    Kind.NOT_ACCEPTED: ("05", "不予受理"),
    Kind.UNDER_REVIEW: ("06", "审查"),
    Kind.EXPIRED: ("08", "逾期未补正"),
    Kind.RESULT_READY: ("09", "结果送达"),
    Kind.LICENCE_REVOKED: ("10", "吊销"),
    Kind.LICENCE_SUSPENDED: ("11", "暂扣"),
    Kind.LICENCE_RESUMED: ("12", "恢复"),
    Kind.LICENCE_CANCELLED: ("13", "注销"),
}
_PROCESS = """
INSERT INTO up_pro_process (row_guid, project_no, event_start_time, event_end_time, event_name, process_name,
    handle_explain, handle_user_name, data_source, cd_operation, cd_batch, cd_time)
VALUES ($1::text, $2, $3, $3, $4, $5, $6, '演示', 'SP', 'I', replace($1, '-', ''), $3)
ON CONFLICT (row_guid) DO NOTHING
"""
_RECEIVED = "UPDATE up_pro_accept SET is_sync = '1', sync_time = $2 WHERE project_no = $1 AND is_sync = '0'"
_ACCEPTED = """
UPDATE up_pro_accept SET accept_date = $2, accept_doc_no = '受' || project_no, handle_user_name = '演示'
WHERE project_no = $1 AND accept_date IS NULL
"""
_SPECIAL = """
INSERT INTO up_pro_special_procedure (row_guid, project_no, special_time, special_type, special_name, special_reason,
    handle_user, data_source, cd_operation, cd_batch, cd_time)
VALUES ($1::text, $2, $3, '9', '现场核查', $4, '演示', 'SP', 'I', replace($1, '-', ''), $3)
ON CONFLICT (row_guid) DO NOTHING
"""
_RESUMED = """
UPDATE up_pro_special_procedure SET end_time = $2, result = '核查完毕', cd_operation = 'U', cd_time = $2
WHERE project_no = $1 AND end_time IS NULL
"""
_RESULT = """
INSERT INTO up_pro_result (row_guid, project_no, result_date, result_type, result_explain, result_cetr_no,
    is_delivery_results, handle_user_name, data_source, cd_operation, cd_batch, cd_time)
VALUES ($1::text, $2, $3, $4, $5, $6, '0', '演示', 'SP', 'I', replace($1, '-', ''), $3)
ON CONFLICT (row_guid) DO NOTHING
"""
_NEW_CASES = "SELECT project_no, task_code, case_data FROM up_pro_accept WHERE is_sync = '0' ORDER BY id"
_MATERIALS = """
SELECT row_guid, material_name, sha256 FROM up_pro_material
WHERE project_no = $1 AND supplement_guid IS NOT DISTINCT FROM $2 ORDER BY id
"""


def _statement(event: dict[str, Any]) -> tuple[str, list[Any]] | None:
    """The row that says what happened, None where another says it too."""
    guid, case_no, data = event["event_id"], event["case_no"], event["data"]
    at = datetime.fromisoformat(event["occurred_at"]).astimezone(BEIJING).replace(tzinfo=None)
    said = data.get("reason") or data.get("note")
    match Kind(event["kind"]):
        case Kind.COMPLETED:
            return None
        case Kind.RECEIVED:
            sql, values = _RECEIVED, [case_no, at]
        case Kind.ACCEPTED:
            sql, values = _ACCEPTED, [case_no, at]
        case Kind.SPECIAL_PROCEDURE:
            sql, values = _SPECIAL, [guid, case_no, at, said]
        case Kind.RESUMED:
            sql, values = _RESUMED, [case_no, at]
        case Kind.APPROVED:
            sql, values = _RESULT, [guid, case_no, at, "1", None, data["decision_no"]]
        case Kind.REFUSED:
            sql, values = _RESULT, [guid, case_no, at, "2", said, None]
        case kind:
            sql, values = _PROCESS, [guid, case_no, at, *_STEPS[kind], said]
    return sql, values


class _Outlet:
    """The way back: events become rows, and materials stand in the tables with their content."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def post(self, _path: str, body: bytes) -> Reply:
        statement = _statement(json.loads(body))
        if statement is not None:
            try:
                await self._pool.execute(statement[0], *statement[1])
            except _FAILED:
                return _NOT_TAKEN
        return _TAKEN

    async def get(self, path: str) -> Reply:
        try:
            content = await self._pool.fetchval("SELECT content FROM up_pro_material WHERE row_guid = $1", path)
        except _FAILED:
            return _NOT_TAKEN
        return Reply(200, hashlib.sha256(content).hexdigest()) if content else Reply(404)


class TablesDesk:
    """Looks into the front database for the product's new rows, and keeps their cases moving."""

    def __init__(self, url: str, store: ApprovalsStore, pace: Pace) -> None:
        self._url, self._store, self._pace = url, store, pace
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._looking = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop; what was not taken is taken after the next start."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _run(self) -> None:
        async with asyncpg.create_pool(self._url, min_size=0, max_size=4, timeout=5, command_timeout=5) as pool:
            runner = Runner(self._store, _Outlet(pool), self._pace)
            runner.start()
            try:
                while True:
                    with suppress(*_FAILED):
                        await self._look(pool)
                    await asyncio.sleep(_LOOK_SECONDS)
            finally:
                await runner.stop()

    async def _look(self, pool: asyncpg.Pool) -> None:
        for row in await pool.fetch(_NEW_CASES):
            if row["project_no"] not in self._store.cases:
                materials = await self._materials(pool, row["project_no"], None)
                form = json.loads(row["case_data"]).get("form", {})
                case = {"case_no": row["project_no"], "item_code": row["task_code"], "form": form}
                self._store.receive({**case, "materials": materials})
        for row in await self._new(pool, "pro_supplement", "row_guid, supplement_data"):
            materials = await self._materials(pool, row["project_no"], row["row_guid"])
            form = json.loads(row["supplement_data"]).get("form", {})
            supplement = {"supplement_id": row["row_guid"], "form": form, "materials": materials}
            with suppress(RefusedError):
                self._store.supplement(row["project_no"], supplement)
            await self._taken(pool, "pro_supplement", row)
        for row in await self._new(pool, "pro_notice", "row_guid, kind"):
            with suppress(RefusedError):
                self._store.notice(row["project_no"], {"notice_id": row["row_guid"], "kind": row["kind"]})
            await self._taken(pool, "pro_notice", row)
        for row in await self._new(pool, "pro_withdrawal", "reason"):
            try:
                self._store.withdraw(row["project_no"], row["reason"])
            except RefusedError:
                await pool.execute("UPDATE pro_withdrawal SET is_agreed = '0' WHERE id = $1", row["id"])
            await self._taken(pool, "pro_withdrawal", row)

    @staticmethod
    async def _new(pool: asyncpg.Pool, table: str, columns: str) -> list[asyncpg.Record]:
        sql = f"SELECT id, project_no, {columns} FROM {table} WHERE is_sync = '0' ORDER BY id"  # noqa: S608  # our words
        found: list[asyncpg.Record] = await pool.fetch(sql)
        return found

    @staticmethod
    async def _taken(pool: asyncpg.Pool, table: str, row: asyncpg.Record) -> None:
        await pool.execute(f"UPDATE {table} SET is_sync = '1' WHERE id = $1", row["id"])  # noqa: S608  # our words

    @staticmethod
    async def _materials(pool: asyncpg.Pool, case_no: str, supplement: str | None) -> list[dict[str, Any]]:
        return [
            {
                "material_id": row["material_name"],
                "file_id": row["row_guid"],
                "sha256": row["sha256"],
                "path": row["row_guid"],
            }
            for row in await pool.fetch(_MATERIALS, case_no, supplement)
        ]
