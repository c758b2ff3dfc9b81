"""What an object store at the other end of a wire can do to a blob."""

from uuid import uuid4

import pytest

from media.storage import BlobMissingError
from tests.contract.sandbox.stand_ins import free_port
from tests.contract.storage.stores import Wire, s3_store


@pytest.fixture
def key() -> str:
    return f"ab/{uuid4().hex}"


async def test_a_put_that_is_cut_off_leaves_nothing_and_what_was_there_before(s3_address: str, key: str) -> None:
    direct = s3_store(s3_address)
    async with Wire(s3_address).open() as wire:
        wire.cut_after = 40_000
        with pytest.raises(OSError, match="the blob store failed"):
            await s3_store(wire.address).put(key, b"n" * 200_000)
        with pytest.raises(BlobMissingError):
            await direct.get(key)
        await direct.put(key, b"old")
        with pytest.raises(OSError, match="the blob store failed"):
            await s3_store(wire.address).put(key, b"n" * 200_000)
        assert await direct.get(key) == b"old"
        assert 2 <= wire.connections <= 8, "it is tried again, and not for ever"


async def test_the_head_of_a_large_blob_fetches_little(s3_address: str, key: str) -> None:
    await s3_store(s3_address).put(key, b"head" + bytes(1_000_000))
    async with Wire(s3_address).open() as wire:
        assert await s3_store(wire.address).head(key, 4) == b"head"
        assert 4 <= wire.back < 5_000


async def test_a_store_that_is_away_or_silent_fails_as_a_store_does(s3_address: str, key: str) -> None:
    async with Wire(s3_address).open() as wire:
        wire.silent = True
        for address in (wire.address, f"http://127.0.0.1:{free_port()}"):
            store = s3_store(address, timeout_seconds=0.2)
            for call in (store.put(key, b"x"), store.get(key), store.head(key, 1), store.delete(key)):
                with pytest.raises(OSError, match="the blob store failed"):
                    await call


async def test_a_bucket_that_is_not_there_is_a_failure_and_no_missing_blob(s3_address: str, key: str) -> None:
    store = s3_store(s3_address, "elsewhere")
    for call in (store.put(key, b"x"), store.get(key), store.head(key, 1), store.delete(key)):
        with pytest.raises(OSError, match=r"bucket|failed"):
            await call


async def test_nothing_is_sent_in_the_clear_unless_that_is_allowed(s3_address: str, key: str) -> None:
    async with Wire(s3_address).open() as wire:
        with pytest.raises(OSError, match="the blob store failed"):
            await s3_store(wire.address, allow_http=False).put(key, b"x")
        assert wire.connections == 0
