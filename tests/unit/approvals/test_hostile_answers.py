"""Whatever an approval system answers, or writes into its tables, is read or is one of the known errors."""

import asyncio
import json
import random
from datetime import datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.approvals.connector import HttpApprovalSystem
from app.approvals.tables.rows import events_of, in_order
from app.kit.ports import AmbiguousError
from app.kit.signed_http import SignedHttp
from app.kit.signing import Signer
from tests.unit.approvals.test_http_events import event

_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1e300,
    "",
    "a\x00b",
    "\ud800",
    "a" * 2000,
    [],
    [[]],
    [None],
    {},
    {"a": {}},
)
_ANSWER: dict[str, Any] = {
    "items": [event(1), event(2)],
    "events": [event(1), event(2)],
    "supplements": ["a"],
    "notices": ["b"],
    "withdrawn": False,
    "next_cursor": "2",
}


class Answering:
    """An approval system over HTTP that answers ``content``."""

    content = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(self.content)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + self.content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def altered(chance: random.Random) -> bytes:
    """An answer with something else somewhere in it, or with bytes that are others."""
    answer = json.loads(json.dumps(_ANSWER))
    place = chance.choice([answer, answer, answer["items"][0], answer["events"][0]])
    name = chance.choice(sorted(place))
    if chance.random() < 0.2:
        del place[name]
    else:
        place[name] = chance.choice(_ODD)
    content = bytearray(json.dumps(chance.choice([answer, answer, answer, chance.choice(_ODD)])).encode())
    if chance.random() < 0.2:
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


async def is_read(system: HttpApprovalSystem) -> bool:
    """Whether an answer is read, so that it can be kept; else it is as if there had been none."""
    try:
        page = await system.events_after("0")
        await system.get_case("case")
    except AmbiguousError:
        return False
    assert page.next_cursor.isprintable()
    assert len(page.next_cursor) <= 64
    return True


@pytest.mark.parametrize("many", [200, pytest.param(2_000, marks=pytest.mark.long)])
async def test_an_answer_is_read_or_is_as_good_as_none(many: int) -> None:
    """Of the feed and of one case."""
    answering, chance = Answering(), random.Random(many)
    server = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as http:
        system = HttpApprovalSystem(SignedHttp(http, Signer("test", b"secret")))
        read = 0
        for _ in range(many):
            answering.content = altered(chance)
            read += await is_read(system)
    assert many // 10 < read < many


_MOMENT = "2026-03-02T09:00:00"
_COLUMNS = {
    **dict.fromkeys(("row_guid", "project_no", "handle_explain", "special_name", "special_reason"), ("x",)),
    **dict.fromkeys(("result_explain", "result_cetr_no"), ("x",)),
    **dict.fromkeys(("sync_time", "accept_date", "event_start_time", "special_time", "end_time"), (_MOMENT,)),
    "result_date": (_MOMENT,),
    "event_name": ("02", "06"),
    "result_type": ("1", "2"),
}
_TABLES = ("up_pro_accept", "up_pro_process", "up_pro_special_procedure", "up_pro_result")


def column(usual: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """What a column of others' tables may hold: what it mostly does, nothing, a moment, a number, any text."""
    odd = st.none() | st.datetimes().map(datetime.isoformat) | st.text(max_size=40) | st.integers()
    return st.one_of(st.sampled_from(usual), st.sampled_from(usual), odd)


@given(st.sampled_from(_TABLES), st.fixed_dictionaries({name: column(usual) for name, usual in _COLUMNS.items()}))
def test_a_row_is_read_or_is_one_of_which_it_is_told_why_not(table: str, row: dict[str, Any]) -> None:
    """By the column, or by the reader of a code; what is read has its order."""
    try:
        events = events_of("city", table, row)
    except ValidationError as error:
        told = {str(one["loc"][0]) for one in error.errors()}
    except ValueError as error:
        told = {str(error)}
    else:
        told = set()
        assert len(in_order(events)) == len(events)
        assert all(found.case_no == row["project_no"] for found in events)
    assert told <= set(row)
