"""Signing keys of licences: made, taking over from each other, retired, and seen by processes that run."""

import asyncio
import logging
from datetime import timedelta

import pytest

from app.bootstrap import House
from app.kit import clock, db
from app.kit.errors import TemporarilyUnavailableError
from app.licences.keys import rules, service
from app.licences.keys.algorithms import Algorithm, Purpose
from app.licences.keys.errors import KeyActError
from app.licences.keys.models import LicenceKey
from app.licences.keys.ring import SigningKeys

ACTOR = "test"


class Reads(logging.Handler):
    """Counts how often the keys are read."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a statement about them."""
        self.number += 'FROM "licence_keys"' in record.getMessage()


async def signed(keys: SigningKeys, purpose: str) -> tuple[bytes, int, bytes]:
    """The id and the algorithm of the key that signs for a purpose, and its signature over ``b"data"``."""
    info = await keys.active(purpose)
    return info.key_id, info.algorithm, await keys.sign(info.key_id, b"data")


async def believed(keys: SigningKeys, by: tuple[bytes, int, bytes]) -> bool:
    """Whether a signature over ``b"data"`` is believed."""
    return await keys.verify(by[0], by[1], b"data", by[2])


async def test_a_key_signs_for_its_purpose_and_with_its_algorithm_alone(quiet: House) -> None:
    """What it signed is believed, nothing else."""
    keys = quiet.licence_keys
    key_id, algorithm, signature = await signed(keys, "code")
    assert algorithm == -8
    assert await keys.verify(key_id, -8, b"data", signature)
    assert await keys.verify(key_id, -8, b"data", signature, Purpose.CODE)
    assert not await keys.verify(key_id, -8, b"data", signature, Purpose.PAPER)
    assert not await keys.verify(key_id, -65600, b"data", signature)
    assert not await keys.verify(key_id, -8, b"date", signature)
    assert not await keys.verify(key_id, -8, b"data", signature[:-1])
    assert not await keys.verify((await keys.active("paper")).key_id, -8, b"data", signature)
    assert not await keys.verify(b"nobody", -8, b"data", signature)


async def test_a_key_takes_over_once_it_was_published_and_the_one_before_is_believed_to_its_last_code(
    quiet: House,
) -> None:
    """Made, published, active, retired, gone; by the clock alone."""
    keys = quiet.licence_keys
    old = await signed(keys, "code")
    made = await service.make_key(keys, Purpose.CODE, ACTOR)
    before, after = timedelta(hours=23), timedelta(hours=25)
    with clock.travel(before):
        other = SigningKeys()
        assert (await other.active("code")).key_id == old[0]
        assert made.id.encode() in {key.key_id for key in await other.published()}
    with clock.travel(after):
        other = SigningKeys()
        assert (await other.active("code")).key_id == made.id.encode()
        assert await believed(other, old)
        await service.forget_retired()
        row = await LicenceKey.get(id=old[0].decode())
        assert (row.handle, rules.state_of(row, clock.now())) == (None, rules.KeyState.RETIRED)
    with clock.travel(timedelta(hours=24) + rules.BELIEVED_FOR[Purpose.CODE]):  # type: ignore[operator]
        other = SigningKeys()
        assert not await believed(other, old)
        assert old[0] not in {key.key_id for key in await other.published()}
    await service.activate_key(made.id, ACTOR)


async def test_a_key_that_somebody_may_have_is_disowned_once_another_signs(quiet: House) -> None:
    """What it signed is believed no longer."""
    keys = SigningKeys()
    old = await signed(keys, "paper")
    key_id = old[0].decode()
    with pytest.raises(KeyActError):
        await service.retire_key(key_id, ACTOR, disown=True)
    made = await service.make_key(keys, Purpose.PAPER, ACTOR, published_for=timedelta())
    assert await believed(SigningKeys(), old)
    await service.retire_key(key_id, ACTOR, disown=True)
    other = SigningKeys()
    assert not await believed(other, old)
    assert (await other.active("paper")).key_id == made.id.encode()


async def test_a_process_that_runs_learns_of_a_key_by_the_first_thing_it_signed(quiet: House) -> None:
    """Though it read the keys before."""
    running = quiet.licence_keys
    await running.published()
    made = await service.make_key(SigningKeys(), Purpose.CREDENTIAL, ACTOR, published_for=timedelta())
    running._read_at -= 2  # two seconds later
    by = await signed(SigningKeys(), "credential")
    assert by[0] == made.id.encode()
    assert await believed(running, by)


async def test_a_flood_of_made_up_key_ids_reads_the_rows_once(quiet: House) -> None:
    """Not once for each."""
    running = SigningKeys()
    await running.published()
    running._read_at -= 2  # two seconds later
    reads = Reads()
    log = logging.getLogger("tortoise.db_client")
    log.addHandler(reads)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        forged = (running.verify(b"x%d" % number, -8, b"data", bytes(64)) for number in range(300))
        assert not any(await asyncio.gather(*forged))
    finally:
        log.removeHandler(reads)
        log.setLevel(logging.NOTSET)
        log.propagate = True
    assert 1 <= reads.number <= 2  # two where the flood lasts for more than a second
    del quiet


async def test_private_keys_are_sealed_in_their_rows(quiet: House) -> None:
    """No row shows one."""
    key = await LicenceKey.filter(purpose=Purpose.STATUS).first()
    assert key is not None
    assert key.handle is not None
    stored = await db.row("SELECT handle FROM licence_keys WHERE id = $1", key.id)
    assert stored is not None
    assert bytes.fromhex(key.handle) not in stored["handle"]
    assert key.handle.encode() not in stored["handle"]


async def test_no_log_and_no_representation_shows_a_private_key(quiet: House, caplog: pytest.LogCaptureFixture) -> None:
    """Neither while one is made, kept and used, nor where its keeper fails."""
    caplog.set_level(logging.DEBUG)
    keys = SigningKeys()
    made = await service.make_key(keys, Purpose.STATUS, ACTOR, published_for=timedelta())
    handle = str(made.handle)
    other = SigningKeys()
    assert await believed(other, await signed(other, "status"))
    other.keepers.clear()
    with pytest.raises(TemporarilyUnavailableError):
        await other.sign(made.id.encode(), b"data")
    shown = caplog.text + repr(made) + str(made) + repr(await other.published()) + repr(vars(other))
    assert made.id in shown
    assert handle not in shown
    assert repr(bytes.fromhex(handle)) not in shown
    del quiet


@pytest.mark.parametrize("purpose", [Purpose.PAPER, Purpose.CREDENTIAL])
async def test_what_lasts_for_years_is_believed_after_its_key_retired(quiet: House, purpose: Purpose) -> None:
    """Codes on paper and credentials outlive many keys; only a key that is disowned takes them along."""
    keys = SigningKeys()
    old = await signed(keys, purpose)
    await service.make_key(keys, purpose, ACTOR, published_for=timedelta())
    with clock.travel(timedelta(days=3650)):
        assert await believed(SigningKeys(), old)
    del quiet


async def test_an_sm2_key_signs_and_verifies(quiet: House) -> None:
    """Under its private number; a signature of Ed25519's length that it did not make is refused."""
    pytest.importorskip("tongsuopy")
    await service.make_key(SigningKeys(), Purpose.STATUS, ACTOR, algorithm=Algorithm.SM2, published_for=timedelta())
    keys = SigningKeys()
    key_id, algorithm, signature = await signed(keys, "status")
    assert (algorithm, len(signature)) == (-65600, 64)
    assert await keys.verify(key_id, -65600, b"data", signature)
    assert not await keys.verify(key_id, -65600, b"date", signature)
    assert not await keys.verify(key_id, -8, b"data", signature)
    assert not await keys.verify(key_id, -65600, b"data", bytes(64))
    await service.make_key(keys, Purpose.STATUS, ACTOR, algorithm=Algorithm.EDDSA, published_for=timedelta())
