"""Uploads in chunks: nothing that arrived is lost, nothing counts twice, nothing lies about for good."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.applications.errors import ApplicationNotFoundError, StateForbidsError
from app.applications.forgetting import delete_applications
from app.applications.materials import errors, rules, uploads
from app.applications.materials.models import Upload, UploadChunk
from app.applications.materials.service import delete_material
from app.applications.models import Application, Material, State
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit import clock
from app.kit.blobs import delete_due
from app.kit.db import transaction
from app.mandates.party import Party
from media.files import inspect_file
from media.storage import BlobStore
from tests.service.cases import photograph, ready_draft, verified_citizen


def digest_of(content: bytes) -> str:
    """The SHA-256 by which a phone announces a file."""
    return hashlib.sha256(content).hexdigest()


class Device:
    """A phone that uploads one file to one draft."""

    def __init__(self, house: House, citizen: Citizen, draft: Application, content: bytes) -> None:
        self.blobs: BlobStore = house.blobs
        self.party, self.draft, self.content = Party.own(citizen.id), draft, content

    async def begin(self) -> uploads.Progress:
        """Announce the file."""
        digest = digest_of(self.content)
        return await uploads.begin_upload(self.party, self.draft.id, "site_photo", len(self.content), digest)

    def chunk(self, number: int) -> bytes:
        """A chunk of the file."""
        return self.content[number * rules.CHUNK_BYTES :][: rules.CHUNK_BYTES]

    async def put(self, upload: Upload, number: int, content: bytes | None = None) -> uploads.Progress:
        """Send a chunk."""
        content = self.chunk(number) if content is None else content
        return await uploads.put_chunk(self.blobs, self.party, self.draft.id, upload.id, number, content)

    async def put_all(self, upload: Upload) -> None:
        """Send the whole file."""
        for number in rules.chunks_of(upload.size, upload.chunk_size):
            await self.put(upload, number)

    async def complete(self, upload: Upload) -> Material:
        """Make a material of it."""
        return await uploads.complete_upload(self.blobs, self.party, self.draft.id, upload.id, scan_needed=False)


@pytest.fixture(scope="module")
def large() -> bytes:
    """A photograph of several chunks, the last of which is shorter."""
    content = photograph(900)
    assert len(content) > 3 * rules.CHUNK_BYTES
    return content


@pytest.fixture
async def device(quiet: House, large: bytes) -> AsyncIterator[Device]:
    """The phone of a citizen with a draft that has a small photograph already."""
    citizen = await verified_citizen(quiet)
    yield Device(quiet, citizen, await ready_draft(quiet, citizen), large)
    with clock.travel(timedelta(days=3)):
        await delete_due(quiet.blobs)


async def chunk_keys(upload: Upload) -> list[str]:
    """Where the chunks of an upload lie."""
    return [chunk.blob_key async for chunk in UploadChunk.filter(upload=upload)]


async def lie_there(house: House, keys: list[str]) -> list[bool]:
    """Which of these blobs are in the store."""
    found = []
    for key in keys:
        try:
            found.append(bool(await house.blobs.get(key)))
        except LookupError:
            found.append(False)
    return found


async def test_chunks_in_any_order_make_the_material_that_one_request_makes(
    quiet: House, device: Device, large: bytes
) -> None:
    """Each answer says how far it has come; afterwards the chunks are gone."""
    upload = (await device.begin()).upload
    numbers = list(rules.chunks_of(upload.size, upload.chunk_size))
    random.shuffle(numbers)
    received = 0
    for number in numbers:
        progress = await device.put(upload, number)
        received += len(device.chunk(number))
        assert progress.received == received
        assert number in progress.chunks
    keys = await chunk_keys(upload)
    assert await lie_there(quiet, keys) == [True] * len(numbers)
    material = await device.complete(upload)
    limits = {"max_bytes": len(large), "max_pixels": rules.MAX_PIXELS, "max_pages": 1}
    assert material.sha256 == inspect_file(large, **limits).sha256
    await delete_due(quiet.blobs)
    assert await lie_there(quiet, keys) == [False] * len(numbers)
    assert await lie_there(quiet, [material.blob_key]) == [True]
    after = await uploads.read_upload(device.party, device.draft.id, upload.id)
    assert (after.received, after.upload.file_id) == (len(large), material.id)


async def test_whoever_announces_the_same_file_again_goes_on(device: Device) -> None:
    """A lost answer, or another phone, costs nothing that has arrived."""
    upload = (await device.begin()).upload
    await device.put(upload, 1)
    again = await device.begin()
    assert (again.upload.id, again.chunks, again.received) == (upload.id, [1], rules.CHUNK_BYTES)
    await device.put_all(upload)
    await device.complete(upload)
    assert (await device.begin()).upload.id != upload.id


async def test_a_chunk_comes_twice_but_not_otherwise(device: Device) -> None:
    """The same again is fine; another content, number or length is refused and changes nothing."""
    upload = (await device.begin()).upload
    await device.put(upload, 0)
    assert (await device.put(upload, 0)).chunks == [0]
    with pytest.raises(errors.UploadChunkDiffersError):
        await device.put(upload, 0, bytes(rules.CHUNK_BYTES))
    chunks = len(rules.chunks_of(upload.size, upload.chunk_size))
    for number, content in ((chunks, b"x"), (-1, device.chunk(0)), (1, device.chunk(1)[:-1]), (1, b"")):
        with pytest.raises(errors.UploadChunkInvalidError):
            await device.put(upload, number, content)
    assert (await uploads.read_upload(device.party, device.draft.id, upload.id)).chunks == [0]


async def test_chunks_and_completions_at_once_are_one_material(quiet: House, device: Device) -> None:
    """Each chunk eight times at once, then eight completions: one row of each, and no file that no row knows."""
    upload = (await device.begin()).upload
    numbers = rules.chunks_of(upload.size, upload.chunk_size)
    await asyncio.gather(*(device.put(upload, number) for number in [*numbers] * 8))
    assert await UploadChunk.filter(upload=upload).count() == len(numbers)
    made = await asyncio.gather(*(device.complete(upload) for _ in range(8)))
    assert len({material.id for material in made}) == 1
    assert await Material.filter(application=device.draft).count() == 2
    with clock.travel(timedelta(days=2)):
        await delete_due(quiet.blobs)
    assert await lie_there(quiet, [made[0].blob_key]) == [True]


async def test_an_upload_that_lacks_chunks_is_not_completed(device: Device) -> None:
    """The answer names them."""
    upload = (await device.begin()).upload
    await device.put(upload, 1)
    with pytest.raises(errors.UploadIncompleteError) as refused:
        await device.complete(upload)
    missing = set(rules.chunks_of(upload.size, upload.chunk_size)) - {1}
    assert set(refused.value.context["missing"]) == missing


async def test_what_is_not_what_was_announced_is_sent_anew(quiet: House, device: Device) -> None:
    """The upload is over, its chunks are gone, and the same file can be announced again."""
    upload = (await device.begin()).upload
    await device.put(upload, 0, bytes(rules.CHUNK_BYTES))
    for number in rules.chunks_of(upload.size, upload.chunk_size)[1:]:
        await device.put(upload, number)
    keys = await chunk_keys(upload)
    with pytest.raises(errors.UploadDigestWrongError):
        await device.complete(upload)
    await delete_due(quiet.blobs)
    assert not any(await lie_there(quiet, keys))
    again = await device.begin()
    assert (again.upload.id != upload.id, again.chunks) == (True, [])


async def test_what_is_no_picture_is_refused_at_its_completion(device: Device) -> None:
    """As in one request, and again with the same answer."""
    device.content = b"MZ" + bytes(5000)
    upload = (await device.begin()).upload
    await device.put_all(upload)
    for _ in range(2):
        with pytest.raises(errors.UploadUnsupportedError):
            await device.complete(upload)


async def test_a_case_that_was_submitted_takes_no_more(device: Device) -> None:
    """What was under way then is not taken any more."""
    upload = (await device.begin()).upload
    await device.put_all(upload)
    await Application.filter(id=device.draft.id).update(state=State.SUBMITTED)
    with pytest.raises(StateForbidsError):
        await device.complete(upload)
    with pytest.raises(StateForbidsError):
        await device.begin()


async def test_so_many_uploads_and_bytes_at_once(quiet: House, device: Device) -> None:
    """Of an application, and of an account over all applications; one that is given up makes room."""

    async def begin(draft: Application, number: int, size: int) -> Upload:
        digest = digest_of(str(number).encode())
        return (await uploads.begin_upload(device.party, draft.id, "site_photo", size, digest)).upload

    with pytest.raises(errors.UploadTooLargeError):
        await begin(device.draft, 0, rules.MAX_UPLOAD_BYTES + 1)
    begun = [await begin(device.draft, n, rules.MAX_UPLOAD_BYTES) for n in range(rules.MAX_UPLOADS_OF_CASE)]
    with pytest.raises(errors.TooManyUploadsError):
        await begin(device.draft, 99, 1)
    other = await ready_draft(quiet, await Citizen.get(id=device.party.actor_id))
    left = rules.MAX_UPLOAD_BYTES_OF_ACCOUNT - len(begun) * rules.MAX_UPLOAD_BYTES
    await begin(other, 0, left)
    with pytest.raises(errors.TooManyUploadsError):
        await begin(other, 1, 1)
    await uploads.cancel_upload(device.party, device.draft.id, begun[0].id)
    await begin(other, 1, 1)
    assert len(await uploads.list_uploads(device.party, device.draft.id)) == len(begun) - 1


async def test_an_upload_ends_after_a_day(quiet: House, device: Device) -> None:
    """Nobody finds it any more, it counts no more, and its chunks go."""
    upload = (await device.begin()).upload
    await device.put(upload, 0)
    keys = await chunk_keys(upload)
    with clock.travel(timedelta(days=1, seconds=1)):
        with pytest.raises(errors.UploadNotFoundError):
            await device.put(upload, 1)
        assert (await device.begin()).upload.id != upload.id
    with clock.travel(timedelta(days=1, hours=2)):
        await delete_due(quiet.blobs)
    assert not any(await lie_there(quiet, keys))


async def test_a_chunk_whose_process_died_leaves_nothing(quiet: House, device: Device) -> None:
    """It lies in the store without a row until the upload's end, and can be sent again meanwhile."""
    keys: list[str] = []

    class Dying:
        async def put(self, key: str, data: bytes) -> None:
            await quiet.blobs.put(key, data)
            keys.append(key)
            raise ConnectionResetError

        async def get(self, key: str) -> bytes:
            raise NotImplementedError

        async def head(self, key: str, size: int) -> bytes:
            raise NotImplementedError

        async def delete(self, key: str) -> None:
            raise NotImplementedError

    upload = (await device.begin()).upload
    device.blobs = Dying()
    with pytest.raises(ConnectionResetError):
        await device.put(upload, 0)
    device.blobs = quiet.blobs
    assert (await device.put(upload, 0)).chunks == [0]
    assert await lie_there(quiet, keys) == [True]
    with clock.travel(timedelta(days=1, hours=2)):
        await delete_due(quiet.blobs)
    assert await lie_there(quiet, keys) == [False]


async def test_uploads_go_with_their_draft(quiet: House, device: Device) -> None:
    """Its chunks at once."""
    upload = (await device.begin()).upload
    await device.put(upload, 0)
    keys = await chunk_keys(upload)
    async with transaction():
        await delete_applications([device.draft.id])
    assert not await Upload.exists(id=upload.id)
    await delete_due(quiet.blobs)
    assert not any(await lie_there(quiet, keys))


async def test_a_material_that_was_deleted_does_not_come_back(device: Device) -> None:
    """A completion that is repeated afterwards finds no upload."""
    upload = (await device.begin()).upload
    await device.put_all(upload)
    material = await device.complete(upload)
    await delete_material(device.party, device.draft.id, material.id)
    with pytest.raises(errors.UploadNotFoundError):
        await device.complete(upload)


async def test_nobody_else_finds_an_upload(quiet: House, device: Device) -> None:
    """Neither a stranger, nor its owner under another application."""
    upload = (await device.begin()).upload
    stranger = await verified_citizen(quiet)
    with pytest.raises(ApplicationNotFoundError):
        await uploads.read_upload(Party.own(stranger.id), device.draft.id, upload.id)
    theirs = await ready_draft(quiet, stranger)
    with pytest.raises(errors.UploadNotFoundError):
        await uploads.put_chunk(quiet.blobs, Party.own(stranger.id), theirs.id, upload.id, 0, device.chunk(0))
