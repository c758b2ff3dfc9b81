"""What an approval system over HTTP says of events: one that cannot be read holds up no other."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.approvals.connector import HttpApprovalSystem
from app.approvals.ports import FeedPage
from app.kit.ports import AmbiguousError
from app.kit.signed_http import SignedHttp
from app.kit.signing import Signer


def event(number: int, **changes: Any) -> dict[str, Any]:
    """An event on the wire."""
    return {
        "event_id": f"event-{number}",
        "case_no": "case",
        "sequence": number,
        "kind": "accepted",
        "occurred_at": "2026-03-02T09:00:00+08:00",
        **changes,
    }


async def feed_of(answer: Any) -> FeedPage:
    """The page that is read where a system answers so."""
    content = json.dumps(answer).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(base_url=address, trust_env=False) as http:
        return await HttpApprovalSystem(SignedHttp(http, Signer("test", b"secret"))).events_after("0")


@pytest.mark.parametrize(
    "unreadable",
    [
        event(1, kind="a kind of the next release"),
        event(1, kind="submit"),
        event(1, occurred_at="0001-01-01T00:00:00+08:00"),
        event(1, sequence="1"),
        event(1, event_id="a\0b"),
        event(1, event_id="half \ud83d"),
        event(1, case_no="a\0b"),
        "no event",
    ],
)
async def test_an_event_that_cannot_be_read_holds_up_no_other(unreadable: Any) -> None:
    """The feed is read on behind it; its place in the case's sequence stays open, which staff see."""
    page = await feed_of({"items": [unreadable, event(2)], "next_cursor": "2"})
    assert [one.sequence for one in page.events] == [2]
    assert page.next_cursor == "2"


@pytest.mark.parametrize("answer", [{}, {"items": None}, []])
async def test_an_answer_without_events_is_none(answer: Any) -> None:
    """It is asked for again."""
    with pytest.raises(AmbiguousError, match="unreadable_answer"):
        await feed_of(answer)
