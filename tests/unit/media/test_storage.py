"""The folder store: what lies in its folder, and that no key leads out. What all stores do: tests/contract/storage."""

import asyncio
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media.storage import BlobKeyError, BlobStore, FolderStore


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def store(root: Path) -> BlobStore:
    return FolderStore(root)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The kernel itself refuses to write more: the honest form of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_later_put_replaces_and_the_same_put_twice_is_fine(store: BlobStore, root: Path) -> None:
    for content in (b"one", b"two", b"two"):
        await store.put("ab/x", content)
        assert await store.get("ab/x") == content
    assert files_below(root) == ["ab/x"]


async def test_puts_at_the_same_time_leave_one_whole_content(store: BlobStore, root: Path) -> None:
    contents = [bytes([n]) * 50_000 for n in range(16)]
    await asyncio.gather(*(store.put("ab/cd/x", content) for content in contents))
    assert await store.get("ab/cd/x") in contents
    assert files_below(root) == ["ab/cd/x"]


HOSTILE = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a/./x",
    "a//x",
    "a/",
    ".hidden",
    "a/.x",
    "A",
    "a\\x",
    "a\0",
    "a\n",
    "佳",
    "a b",
    "~",
    "a" * 201,
    "a/" * 8 + "a",
]


@pytest.mark.parametrize("key", HOSTILE)
async def test_a_key_of_another_form_is_refused_by_every_method(store: BlobStore, root: Path, key: str) -> None:
    for call in (store.put(key, b"x"), store.get(key), store.delete(key)):
        with pytest.raises(BlobKeyError) as refused:
            await call
        assert refused.value.code == "blob_key"
    assert files_below(root.parent) == []


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("az09_-./A\\ \0"), max_size=12))
@example("../x")
@example("a/../../x")
def test_whatever_the_key_its_file_lies_below_the_root_or_it_is_refused(key: str) -> None:
    with tempfile.TemporaryDirectory() as outer:
        with suppress(BlobKeyError):
            asyncio.run(FolderStore(Path(outer, "in", "blobs")).put(key, b"x"))
            assert files_below(Path(outer)) == [f"in/blobs/{key}"]
            return
        assert files_below(Path(outer)) == []


async def test_a_write_that_fails_leaves_the_old_content_and_no_partial_file(store: BlobStore, root: Path) -> None:
    await store.put("ab/x", b"old")
    with files_no_larger_than(1000), pytest.raises(OSError, match="large"):
        await store.put("ab/x", b"new" * 10_000)
    assert await store.get("ab/x") == b"old"
    assert files_below(root) == ["ab/x"]


async def test_a_blob_does_not_take_the_place_of_a_folder(store: BlobStore, root: Path) -> None:
    await store.put("ab/x", b"1")
    with pytest.raises(OSError, match="ab"):
        await store.put("ab", b"2")
    assert files_below(root) == ["ab/x"]
