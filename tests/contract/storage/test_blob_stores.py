"""What every blob store does, whatever it keeps blobs in."""

import asyncio
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.storage import BlobKeyError, BlobMissingError, BlobStore


@pytest.fixture
def key() -> str:
    return f"ab/{uuid4().hex}/photo_1.jpg"


@pytest.mark.parametrize(
    "content", [b"\x00picture\xff", b"", bytes(range(256)) * 40_000], ids=["small", "none", "10 MB"]
)
async def test_what_is_put_comes_back(store: BlobStore, key: str, content: bytes) -> None:
    await store.put(key, content)
    assert await store.get(key) == content


async def test_a_later_put_replaces_and_the_same_put_twice_is_fine(store: BlobStore, key: str) -> None:
    for content in (b"one", b"two", b"two"):
        await store.put(key, content)
        assert await store.get(key) == content


async def test_puts_at_the_same_time_leave_one_whole_content(store: BlobStore, key: str) -> None:
    contents = [bytes([n]) * 50_000 for n in range(16)]
    await asyncio.gather(*(store.put(key, content) for content in contents))
    assert await store.get(key) in contents


async def test_a_key_without_a_blob_is_missing(store: BlobStore, key: str) -> None:
    await store.put(key, b"1")
    for other in ("nothing", key + "x", key.rpartition("/")[0], key + "/y"):
        with pytest.raises(BlobMissingError):
            await store.get(other)
        for size in (0, 5):
            with pytest.raises(BlobMissingError):
                await store.head(other, size)


async def test_a_deleted_blob_is_gone_and_deleting_again_is_fine(store: BlobStore, key: str) -> None:
    await store.put(key, b"1")
    for _ in range(3):
        await store.delete(key)
    with pytest.raises(BlobMissingError):
        await store.get(key)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=40), size=st.integers(0, 50))
async def test_the_head_is_the_first_bytes(store: BlobStore, key: str, content: bytes, size: int) -> None:
    await store.put(key, content)
    assert await store.head(key, size) == content[:size]


HOSTILE = ["", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/./x", "a//x", "a/", ".hidden", "A", "a\0", "佳", "a b"]


@pytest.mark.parametrize("key", [*HOSTILE, "a" * 201, "a/" * 8 + "a", "a?versionId=1", "a%2fb"])
async def test_a_key_of_another_form_is_refused_by_every_method(store: BlobStore, key: str) -> None:
    for call in (store.put(key, b"x"), store.get(key), store.head(key, 1), store.delete(key)):
        with pytest.raises(BlobKeyError):
            await call
