"""The stand-in of the virus scanner, asked by the product's own connector and by hand."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.kit.ports import RefusedError, TryLaterError
from app.kit.scanning import ClamScanner, Verdict
from app.sandbox.scanner import EICAR
from tests.contract.sandbox.stand_ins import StandIns

pytestmark = pytest.mark.asyncio(loop_scope="session")

POINT = "scanner.scan.before"


def scanner(stand_ins: StandIns, *, seconds: float = 10.0, most: int = 25_000_000) -> ClamScanner:
    return ClamScanner("127.0.0.1", stand_ins.scanner_port, seconds, most)


@pytest_asyncio.fixture(loop_scope="session")
async def faulty(stand_ins: StandIns) -> AsyncIterator[StandIns]:
    """Stand-ins whose scanner has no fault afterwards."""
    yield stand_ins
    await stand_ins.http.delete(f"/control/faults/{POINT}")


async def arm(stand_ins: StandIns, action: str) -> None:
    body = {"point": POINT, "action": action, "seconds": 60}
    assert (await stand_ins.http.post("/control/faults", json=body)).status_code == 201


@pytest.mark.parametrize("content", [b"", b"x", random.Random(1).randbytes(3_000_000)], ids=["none", "one", "3 MB"])
async def test_a_clean_file_is_clean(stand_ins: StandIns, content: bytes) -> None:
    verdict = await scanner(stand_ins).scan(content)
    assert verdict == Verdict()
    assert verdict.clean


@pytest.mark.parametrize("before", [0, 262_144 - 30, 1_000_000])
async def test_the_test_file_is_found_wherever_it_stands(stand_ins: StandIns, before: int) -> None:
    """Across the edge of a chunk too."""
    verdict = await scanner(stand_ins).scan(bytes(before) + EICAR + b"\n")
    assert verdict == Verdict("Win.Test.EICAR_HDB-1")
    assert not verdict.clean


async def test_the_test_file_is_the_one_that_all_scanners_find() -> None:
    assert len(EICAR) == 68


async def test_a_file_above_the_limit_is_refused_by_both_sides(stand_ins: StandIns) -> None:
    with pytest.raises(RefusedError) as refused:
        await scanner(stand_ins, most=10).scan(bytes(11))
    assert refused.value.reason == "too_large"
    assert (await scanner(stand_ins, most=10).scan(bytes(10))).clean
    assert await by_hand(stand_ins, b"zINSTREAM\0" + (25_000_001).to_bytes(4)) == (
        b"INSTREAM size limit exceeded. ERROR\0"
    )


async def by_hand(stand_ins: StandIns, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", stand_ins.scanner_port)
    writer.write(sent)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_other_commands_are_answered_as_clamd_does(stand_ins: StandIns) -> None:
    assert await by_hand(stand_ins, b"zPING\0") == b"PONG\0"
    assert await by_hand(stand_ins, b"zRELOAD\0") == b"UNKNOWN COMMAND\0"
    for nonsense in (b"", b"x" * 5_000, b"zINSTREAM\0\0\0\0\x05abc"):
        assert await by_hand(stand_ins, nonsense) == b""


@pytest.mark.parametrize(
    ("action", "seconds", "reason"),
    [
        ("drop", 10.0, "unreachable"),
        ("delay", 0.2, "timeout"),
        ("error", 10.0, "no_verdict"),
    ],
)
async def test_a_scanner_without_a_verdict_is_asked_later(
    faulty: StandIns, action: str, seconds: float, reason: str
) -> None:
    await arm(faulty, action)
    with pytest.raises(TryLaterError) as failed:
        await scanner(faulty, seconds=seconds).scan(b"x")
    assert failed.value.reason == reason
    assert (await scanner(faulty).scan(b"x")).clean
