"""What becomes of a file: checked by content, kept, shown small, copied for a purpose, deleted."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pikepdf
import pytest
from PIL import Image

from app.applications import drafts
from app.applications.errors import ApplicationNotFoundError
from app.applications.forgetting import delete_applications
from app.applications.materials import copies, errors, rules
from app.applications.materials.copies import copy_material
from app.applications.materials.queries import read_own_material, read_preview
from app.applications.materials.service import add_material, delete_material
from app.applications.materials.tasks import preview_material
from app.applications.materials.uploads import begin_upload
from app.applications.models import Application, Material
from app.applications.service import submit_application
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit import clock
from app.kit.blobs import delete_due
from app.kit.db import transaction
from app.kit.errors import NotFoundError, TemporarilyUnavailableError
from app.kit.models import DoomedBlob
from app.mandates.party import Party
from media.files import inspect_file
from media.storage import BlobMissingError
from tests.service.cases import photograph, ready_draft, trip_item, verified_citizen
from tests.unit.media.papers import paper, photo_with_position, with_script


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(quiet)


@pytest.fixture
async def draft(quiet: House, citizen: Citizen) -> Application:
    """A draft without files."""
    del quiet
    return await drafts.start_application(Party.own(citizen.id), await trip_item())


async def added(house: House, citizen: Citizen, draft: Application, content: bytes) -> Material:
    """A file that was taken."""
    return await add_material(house.blobs, Party.own(citizen.id), draft.id, "site_photo", content, scan_needed=False)


async def test_a_pdf_is_taken_as_its_pages_alone(quiet: House, citizen: Citizen, draft: Application) -> None:
    """Told by content; what acts in it is gone, its pages are counted, and it is read back."""
    material = await added(quiet, citizen, draft, paper(with_script, pages=3))
    assert (material.content_type, material.pages) == ("application/pdf", 3)
    _, content = await read_own_material(quiet.blobs, Party.own(citizen.id), draft.id, material.id)
    assert content.startswith(b"%PDF-")
    assert b"JavaScript" not in content
    photo = await added(quiet, citizen, draft, photo_with_position())
    _, content = await read_own_material(quiet.blobs, Party.own(citizen.id), draft.id, photo.id)
    assert (photo.pages, b"SecretPhone" in content) == (1, False)


async def test_what_a_pdf_may_not_be(quiet: House, citizen: Citizen, draft: Application) -> None:
    """Locked, or too long: each has its own word, which tells the limit."""
    locked = paper(encryption=pikepdf.Encryption(owner="x", user="y"))
    with pytest.raises(errors.UploadEncryptedError):
        await added(quiet, citizen, draft, locked)
    with pytest.raises(errors.UploadTooManyPagesError) as refused:
        await added(quiet, citizen, draft, paper(pages=rules.MAX_PAGES + 1))
    assert refused.value.context["limit_pages"] == rules.MAX_PAGES
    assert not await Material.exists(application=draft)


async def test_one_material_has_so_many_bytes(quiet: House, citizen: Citizen, draft: Application) -> None:
    """Of all its files together; another material has room of its own."""
    first = await added(quiet, citizen, draft, photograph())
    await Material.filter(id=first.id).update(size=rules.MAX_BYTES_OF_MATERIAL)
    with pytest.raises(errors.MaterialTooLargeError):
        await added(quiet, citizen, draft, photograph())
    party = Party.own(citizen.id)
    assert await add_material(quiet.blobs, party, draft.id, "layout_plan", photograph(), scan_needed=False)


async def test_a_file_that_was_not_handed_in_can_be_taken_back(
    quiet: House, citizen: Citizen, draft: Application
) -> None:
    """With its preview, at once; a second time there is nothing, and nobody else can."""
    party, material = Party.own(citizen.id), await added(quiet, citizen, draft, photograph())
    await preview_material(quiet.blobs, str(material.id))
    material = await Material.get(id=material.id)
    stranger = await verified_citizen(quiet)
    with pytest.raises(ApplicationNotFoundError):
        await delete_material(Party.own(stranger.id), draft.id, material.id)
    await delete_material(party, draft.id, material.id)
    with pytest.raises(NotFoundError):
        await delete_material(party, draft.id, material.id)
    await delete_due(quiet.blobs)
    for key in (material.blob_key, material.preview_blob_key):
        with pytest.raises(BlobMissingError):
            await quiet.blobs.get(str(key))


async def test_what_was_handed_in_belongs_to_the_case(quiet: House, citizen: Citizen) -> None:
    """It cannot be taken back."""
    party, draft = Party.own(citizen.id), await ready_draft(quiet, citizen)
    material = await Material.get(application=draft)
    await submit_application(party, draft.id, None)
    with pytest.raises(errors.MaterialHandedInError):
        await delete_material(party, draft.id, material.id)
    assert await quiet.blobs.get(material.blob_key)


@pytest.mark.parametrize("content", [photograph(900), paper(pages=2)], ids=["photograph", "pdf"])
async def test_a_preview_is_small_and_of_the_first_page(
    quiet: House, citizen: Citizen, draft: Application, content: bytes
) -> None:
    """Made by the worker, once; until then there is none."""
    party, material = Party.own(citizen.id), await added(quiet, citizen, draft, content)
    with pytest.raises(errors.PreviewMissingError):
        await read_preview(quiet.blobs, party, draft.id, material.id)
    await preview_material(quiet.blobs, str(material.id))
    made = (await Material.get(id=material.id)).preview_blob_key
    await preview_material(quiet.blobs, str(material.id))
    assert (await Material.get(id=material.id)).preview_blob_key == made
    preview = await read_preview(quiet.blobs, party, draft.id, material.id)
    with Image.open(BytesIO(preview)) as picture:
        assert (picture.format, max(picture.size)) == ("JPEG", 480)
    with clock.travel(timedelta(days=2)):
        await delete_due(quiet.blobs)
    assert await read_preview(quiet.blobs, party, draft.id, material.id) == preview


@pytest.mark.parametrize("how", ["file", "draft"])
async def test_a_preview_that_comes_too_late_goes(quiet: House, citizen: Citizen, draft: Application, how: str) -> None:
    """The file, or its draft, is deleted while the worker draws it."""
    material, keys = await added(quiet, citizen, draft, photograph()), list[str]()

    class Slow:
        async def put(self, key: str, data: bytes) -> None:
            await quiet.blobs.put(key, data)
            keys.append(key)
            if how == "file":
                await delete_material(Party.own(citizen.id), draft.id, material.id)
            else:
                async with transaction():
                    await delete_applications([draft.id])

        async def get(self, key: str) -> bytes:
            return await quiet.blobs.get(key)

        async def head(self, key: str, size: int) -> bytes:
            return await quiet.blobs.head(key, size)

        async def delete(self, key: str) -> None:
            await quiet.blobs.delete(key)

    await preview_material(Slow(), str(material.id))
    with clock.travel(timedelta(hours=1, minutes=1)):
        await delete_due(quiet.blobs)
    with pytest.raises(BlobMissingError):
        await quiet.blobs.get(keys[0])


async def test_a_copy_says_what_it_is_for(quiet: House, citizen: Citizen, draft: Application) -> None:
    """Each purpose gives another picture of the same size; the file itself stays as it is."""
    party, material = Party.own(citizen.id), await added(quiet, citizen, draft, photograph(400))
    first, kind = await copy_material(quiet.blobs, party, draft.id, material.id, "办理入学")
    second, _ = await copy_material(quiet.blobs, party, draft.id, material.id, "租房")
    assert kind == "image/jpeg"
    with Image.open(BytesIO(first)) as one, Image.open(BytesIO(second)) as other:
        assert one.size == other.size == (material.width, material.height)
        assert one.tobytes() != other.tobytes()
    stranger = await verified_citizen(quiet)
    with pytest.raises(ApplicationNotFoundError):
        await copy_material(quiet.blobs, Party.own(stranger.id), draft.id, material.id, "x")


async def test_a_file_that_cannot_be_marked_is_said(quiet: House, citizen: Citizen, draft: Application) -> None:
    """With a code of its own; afterwards there is room for others."""
    party, material = Party.own(citizen.id), await added(quiet, citizen, draft, photograph())
    await Material.filter(id=material.id).update(content_type="application/pdf")
    for _ in range(5):
        with pytest.raises(errors.CopyImpossibleError):
            await copy_material(quiet.blobs, party, draft.id, material.id, "入学")


async def test_few_copies_are_made_at_once(
    quiet: House, citizen: Citizen, draft: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some wait, the next is told to come later, and afterwards there is room again."""
    party, material = Party.own(citizen.id), await added(quiet, citizen, draft, photograph())
    begun, go, at_work = threading.Event(), threading.Event(), list[int]()

    def slowly(content: bytes, content_type: str, text: str) -> tuple[bytes, str]:
        at_work.append(len(content))
        assert "仅供入学使用" in text
        begun.set()
        go.wait(60)
        return b"x", content_type

    monkeypatch.setattr(copies, "watermarked", slowly)
    waiting = [asyncio.create_task(copy_material(quiet.blobs, party, draft.id, material.id, "入学")) for _ in range(4)]
    assert await asyncio.to_thread(begun.wait, 60)
    with pytest.raises(TemporarilyUnavailableError):
        await copy_material(quiet.blobs, party, draft.id, material.id, "入学")
    assert len(at_work) == 1
    go.set()
    assert await asyncio.gather(*waiting) == [(b"x", "image/jpeg")] * 4
    assert await copy_material(quiet.blobs, party, draft.id, material.id, "入学")


async def held_by(citizen: Citizen) -> int:
    """The bytes of files in somebody's drafts."""
    sizes = await Material.filter(application__citizen_id=citizen.id).values_list("size", flat=True)
    return sum(int(str(size)) for size in sizes)


async def test_the_drafts_of_one_person_hold_so_many_bytes(
    quiet: House, citizen: Citizen, draft: Application, allowance_of: Callable[[int], None]
) -> None:
    """All of them together, and nothing that is more is put into the store; what was handed in counts no more."""
    party, content = Party.own(citizen.id), photograph(200)
    first = await added(quiet, citizen, draft, content)
    other = await ready_draft(quiet, citizen)
    allowance_of(await held_by(citizen) + first.size - 1)
    doomed = await DoomedBlob.all().count()
    with pytest.raises(errors.DraftsTooLargeError) as refused:
        await added(quiet, citizen, draft, content)
    with pytest.raises(errors.DraftsTooLargeError):
        await begin_upload(party, other.id, "site_photo", first.size, "0" * 64)
    assert refused.value.context == {"limit_bytes": await held_by(citizen) + first.size - 1}
    assert await DoomedBlob.all().count() == doomed
    stranger = await verified_citizen(quiet)
    strangers = await drafts.start_application(Party.own(stranger.id), await trip_item())
    assert await added(quiet, stranger, strangers, content)
    await submit_application(party, other.id, None)
    assert await added(quiet, citizen, draft, content)


async def test_files_that_come_at_once_hold_no_more_than_that(
    quiet: House, citizen: Citizen, allowance_of: Callable[[int], None]
) -> None:
    """Each to a draft of its own, all with room when they were looked at."""
    content = photograph(200)
    item, party = await trip_item(), Party.own(citizen.id)
    begun = [await drafts.start_application(party, item) for _ in range(6)]
    allowance_of(2 * inspect_file(content, max_bytes=len(content), max_pixels=rules.MAX_PIXELS, max_pages=1).size)
    outcomes = await asyncio.gather(*(added(quiet, citizen, one, content) for one in begun), return_exceptions=True)
    assert sum(isinstance(one, Material) for one in outcomes) == 2
    assert sum(isinstance(one, errors.DraftsTooLargeError) for one in outcomes) == 4
