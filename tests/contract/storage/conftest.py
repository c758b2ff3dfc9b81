"""The stores that a blob may live in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from media.storage import BlobStore, FolderStore
from tests.contract.storage.stores import s3_server, s3_store


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """A running server that speaks S3."""
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Each of the stores in turn."""
    if request.param == "folder":
        return FolderStore(tmp_path / "blobs")
    return s3_store(request.getfixturevalue("s3_address"))
