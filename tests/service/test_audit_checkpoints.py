"""Checkpoints cover every record that was committed, whatever happens beside them."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from app.audit import checkpoints
from app.audit.checkpoints import make_checkpoints
from app.audit.models import ChainHead, ChangedChain, Checkpoint
from app.audit.service import record
from app.bootstrap import House
from app.demo.plan import Plan
from app.kit import db
from app.kit.db import transaction
from app.kit.record_signing import RecordSigner
from config.settings import Settings
from tests.conftest import REPOSITORY
from tests.service.audits import append, check


async def heads() -> list[tuple[int, str, int]]:
    """Every head that a checkpoint covers: number, chain, position."""
    return await ChainHead.all().order_by("number").values_list("number", "chain", "position")


async def test_a_checkpoint_covers_what_changed_since_the_last(empty_audit: House) -> None:
    """Each chain once, by its last record; what stood still is not taken again."""
    signer = empty_audit.record_signer
    await append("test:a", times=3)
    await append("test:b")
    assert await make_checkpoints(signer) == 1
    await append("test:b", times=2)
    assert await make_checkpoints(signer) == 1
    assert await heads() == [(1, "test:a", 3), (2, "test:b", 1), (3, "test:b", 3)]
    checked = await check(signer)
    assert (checked.records, checked.chains, checked.waiting, checked.checkpoints) == (6, 2, 0, 2)


async def test_nothing_changed_makes_no_checkpoint(empty_audit: House) -> None:
    """A quiet night writes nothing."""
    await append("test:a")
    assert await make_checkpoints(empty_audit.record_signer) == 1
    assert await make_checkpoints(empty_audit.record_signer) == 0
    assert await Checkpoint.all().count() == 1


@pytest.mark.parametrize(("chains", "made"), [(1, 1), (3, 1), (4, 2), (7, 3)])
async def test_many_changes_take_as_many_checkpoints_as_they_need(
    empty_audit: House, monkeypatch: pytest.MonkeyPatch, chains: int, made: int
) -> None:
    """Of three notes each. One that was not full is the last, however much is written meanwhile."""
    monkeypatch.setattr(checkpoints, "MOST_NOTES", 3)
    for number in range(chains):
        await append(f"test:{number}")
    turns = []

    async def counted(signer: RecordSigner) -> tuple[int, Checkpoint | None]:
        turns.append(await checkpoints_make_next(signer))
        return turns[-1]

    checkpoints_make_next = checkpoints._make_next
    monkeypatch.setattr(checkpoints, "_make_next", counted)
    assert await make_checkpoints(empty_audit.record_signer) == made
    assert [notes == 3 for notes, _ in turns] == [True] * (len(turns) - 1) + [False]
    assert (await check(empty_audit.record_signer)).waiting == 0


async def test_what_was_rolled_back_is_not_covered(empty_audit: House) -> None:
    """It never happened."""

    async def fail() -> None:
        async with transaction():
            await record("test:a", "system", "counted")
            raise RuntimeError("back")

    with pytest.raises(RuntimeError, match="back"):
        await fail()
    assert await make_checkpoints(empty_audit.record_signer) == 0
    assert not await ChangedChain.exists()


async def test_a_transaction_open_across_a_checkpoint_is_covered_by_the_next(empty_audit: House) -> None:
    """It began and wrote before, and was committed after; one begun later was committed before."""
    signer = empty_audit.record_signer
    wrote, may_commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with transaction():
            await record("test:slow", "system", "counted")
            wrote.set()
            await may_commit.wait()

    task = asyncio.create_task(slow())
    await wrote.wait()
    await append("test:quick")
    assert await make_checkpoints(signer) == 1
    assert [chain for _, chain, _ in await heads()] == ["test:quick"]
    may_commit.set()
    await task
    assert (await check(signer)).waiting == 1
    assert await make_checkpoints(signer) == 1
    assert [chain for _, chain, _ in await heads()] == ["test:quick", "test:slow"]
    assert (await check(signer)).waiting == 0


async def test_a_record_written_while_a_checkpoint_is_made_is_covered_by_the_next(empty_audit: House) -> None:
    """The checkpoint has its heads already and is not committed yet, when a chain among them grows."""
    signer = empty_audit.record_signer
    await append("test:a")
    async with half_made(signer):
        await append("test:a")
    assert await heads() == [(1, "test:a", 1)]
    assert (await check(signer)).waiting == 1
    assert await make_checkpoints(signer) == 1
    assert await heads() == [(1, "test:a", 1), (2, "test:a", 2)]


@asynccontextmanager
async def half_made(signer: RecordSigner) -> AsyncIterator[None]:
    """While this lasts, another worker has made its checkpoint and not committed it yet."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with transaction():
            await checkpoints._make_next(signer)
            begun.set()
            await may_end.wait()

    task = asyncio.create_task(slow())
    await begun.wait()
    try:
        yield
    finally:
        may_end.set()
        await task


@pytest.fixture(autouse=True)
def environment(quiet_settings: Settings, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of their own read the same settings and use the same database."""
    monkeypatch.setenv("JIABAN_CONFIG_FILE", str(plan.config_file))
    monkeypatch.setenv("JIABAN_DATABASE_URL", quiet_settings.database_url.get_secret_value())


async def test_writers_and_workers_at_once_leave_nothing_out(
    empty_audit: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chains grow while workers make checkpoints of a few notes each: afterwards the last one covers the rest."""
    signer = empty_audit.record_signer
    monkeypatch.setattr(checkpoints, "MOST_NOTES", 3)
    writing = [asyncio.create_task(append(f"test:{number}", times=12)) for number in range(5)]
    writers = asyncio.gather(*writing)
    while not writers.done():
        await asyncio.gather(*(make_checkpoints(signer) for _ in range(3)))
    await writers
    await make_checkpoints(signer)
    checked = await check(signer)
    assert (checked.records, checked.chains, checked.waiting) == (60, 5, 0)
    assert checked.checkpoints > 1
    assert not await ChangedChain.exists()


async def test_two_workers_make_one_checkpoint(empty_audit: House) -> None:
    """Of the same changes; neither fails."""
    await append("test:a")
    made = await asyncio.gather(*(make_checkpoints(empty_audit.record_signer) for _ in range(4)))
    assert sum(made) == 1
    assert (await check(empty_audit.record_signer)).checkpoints == 1


KILLED = """
import asyncio, os, signal
from app.audit.checkpoints import make_checkpoints
from app.bootstrap import open_house
from config.settings import load_settings

class Last:
    def sign(self, context, data):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_house(load_settings()):
        await make_checkpoints(Last())

asyncio.run(main())
"""


async def test_a_worker_killed_over_a_checkpoint_leaves_all_to_the_next(empty_audit: House) -> None:
    """It had taken the notes, and died before it signed."""
    await append("test:a", times=2)
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED], cwd=REPOSITORY, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not await Checkpoint.exists()
    await connections_of_the_dead_end()
    assert await make_checkpoints(empty_audit.record_signer) == 1
    assert await heads() == [(1, "test:a", 2)]


async def connections_of_the_dead_end() -> None:
    """Until PostgreSQL has noticed, the dead process still holds the lock and its notes."""
    async with transaction():
        await db.rows("SELECT pg_advisory_xact_lock($1)", checkpoints._LOCK)


async def test_a_worker_that_finds_another_at_it_leaves_it_to_them(empty_audit: House) -> None:
    """It does not wait, so that no worker's place is taken up by waiting."""
    await append("test:a")
    async with half_made(empty_audit.record_signer):
        assert await make_checkpoints(empty_audit.record_signer) == 0
    assert await Checkpoint.all().count() == 1


# As the first release wrote it: its digest was reckoned by that release's own code.
OLD_AT = datetime(2026, 11, 20, 1, 2, 3, 456, tzinfo=UTC)
OLD_DIGEST = bytes.fromhex("04e0306a5b50af91e5f6d3fccf6dce0e01437de9f53ffc8536d718e000ce757d")
OLD_WRITE = """
INSERT INTO audit_records (id, chain, position, at, actor, action, details, previous, digest)
VALUES (gen_random_uuid(), 'test:old', 1, $1, 'system', 'counted', $2, $3, $4)
"""


async def test_records_of_the_release_before_are_noted_as_well(empty_audit: House) -> None:
    """Its processes write on while the new one starts, and name neither algorithm nor salt."""
    await db.rows(OLD_WRITE, OLD_AT, '{"number": 0, "text": "数"}', bytes(32), OLD_DIGEST)
    assert await make_checkpoints(empty_audit.record_signer) == 1
    await append("test:old")
    assert (await check(empty_audit.record_signer)).records == 2
