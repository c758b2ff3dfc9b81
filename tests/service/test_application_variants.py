"""Applications in the situation that guided questions led to, and under the version they were begun with."""

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from app.applications import drafts
from app.applications.asked import asked_of
from app.applications.errors import MaterialsMissingError, NotADraftError
from app.applications.materials.errors import MaterialUnknownError
from app.applications.materials.service import add_material
from app.applications.models import Application, Material
from app.applications.service import submit_application
from app.bootstrap import House
from app.catalogue.errors import AnswerInvalidError, AnswersUnfinishedError, FormInvalidError
from app.catalogue.guide import Guide
from app.catalogue.models import ItemVersion, VersionOrigin
from app.catalogue.queries import get_item
from app.catalogue.service import lock_publishing, publish_guides
from app.kit import clock
from app.kit.blobs import delete_due
from app.kit.db import transaction
from app.mandates.party import Party
from media.storage import BlobMissingError
from tests.service.cases import answer_draft, fill_draft, verified_citizen
from tests.unit.catalogue.test_catalogue_guidance import GUIDANCE, GUIDE

LOST = {"why": "lost", "found": "yes"}
DAMAGED = {"why": "damaged"}


def guided(base: Guide, **changes: object) -> Guide:
    """An item of its own with guided conditions, that a person may apply for at L2."""
    code = base.item_code[:19] + "009999999001"
    form = {**GUIDE.form_schema, "additionalProperties": False}
    form["properties"] = {**form["properties"], "report_no": {"type": "string", "title": "回执编号", "maxLength": 20}}
    content = {
        **base.model_dump(),
        "item_code": code,
        "basic_code": code[19:],
        "name": "试办补领",
        "guidance": GUIDANCE,
        "materials": [material.model_dump() for material in GUIDE.materials],
        "form_schema": form,
        "form_example": {"name": "某"},
        **changes,
    }
    return Guide.model_validate(content)


async def publish(guide: Guide) -> None:
    """Put it into effect today."""
    async with transaction():
        await lock_publishing()
        await publish_guides([guide], clock.today(), VersionOrigin.TABLES)


@pytest.fixture
async def item(quiet: House) -> AsyncIterator[Guide]:
    """The item, as it was published last."""
    del quiet
    guide = guided((await get_item("11230800JB0000017Q3000131001001")).guide)
    await publish(guide)
    yield guide
    await ItemVersion.filter(item_code=guide.item_code).delete()


def photo() -> bytes:
    """A picture that is taken."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "JPEG")
    return out.getvalue()


async def test_answers_decide_what_is_asked_and_what_is_required(quiet: House, item: Guide) -> None:
    """The form and the materials of the variant, and nothing of the others."""
    party = Party.own((await verified_citizen(quiet)).id)
    draft = await drafts.start_application(party, item.item_code, LOST)
    assert (draft.variant, draft.answers) == ("reported", LOST)
    with pytest.raises(MaterialUnknownError):
        await add_material(quiet.blobs, party, draft.id, "photo", photo(), scan_needed=False)
    saved = await fill_draft(party, draft.id, {"name": "某"})
    assert [problem["field"] for problem in saved.missing] == ["report_no"]
    await fill_draft(party, draft.id, {"report_no": "1"})
    with pytest.raises(MaterialsMissingError) as caught:
        await submit_application(party, draft.id, None)
    assert [material["id"] for material in caught.value.context["materials"]] == ["report"]
    await add_material(quiet.blobs, party, draft.id, "report", photo(), scan_needed=False)
    assert (await submit_application(party, draft.id, None)).case_no


async def test_without_answers_an_application_is_asked_as_a_whole(quiet: House, item: Guide) -> None:
    """As it was before the item had guided conditions."""
    party = Party.own((await verified_citizen(quiet)).id)
    draft = await drafts.start_application(party, item.item_code)
    assert (draft.variant, draft.answers) == (None, None)
    await fill_draft(party, draft.id, {"name": "某", "report_no": "1"})
    assert (await submit_application(party, draft.id, None)).case_no


@pytest.mark.parametrize(
    ("answers", "error"), [({"why": "lost"}, AnswersUnfinishedError), ({"why": "x"}, AnswerInvalidError)]
)
async def test_bad_answers_begin_nothing_and_change_nothing(
    quiet: House, item: Guide, answers: dict[str, str], error: type[Exception]
) -> None:
    """Neither a new draft nor an old one."""
    citizen = await verified_citizen(quiet)
    party = Party.own(citizen.id)
    with pytest.raises(error):
        await drafts.start_application(party, item.item_code, answers)
    assert not await Application.exists(citizen=citizen)
    draft = await drafts.start_application(party, item.item_code, LOST)
    with pytest.raises(error):
        await answer_draft(party, draft.id, answers)
    assert (await Application.get(id=draft.id)).answers == LOST


async def test_other_answers_drop_fields_at_once_and_files_at_the_submission(quiet: House, item: Guide) -> None:
    """Until then the applicant may come back; what is not asked for is never handed in."""
    party = Party.own((await verified_citizen(quiet)).id)
    draft = await drafts.start_application(party, item.item_code, LOST)
    await fill_draft(party, draft.id, {"name": "某", "report_no": "1"})
    report = await add_material(quiet.blobs, party, draft.id, "report", photo(), scan_needed=False)
    changed = await answer_draft(party, draft.id, DAMAGED)
    assert changed.form == {"name": "某"}
    with pytest.raises(FormInvalidError):
        await fill_draft(party, draft.id, {"report_no": "1"})
    await add_material(quiet.blobs, party, draft.id, "photo", photo(), scan_needed=False)
    assert await Material.filter(application_id=draft.id).count() == 2
    await submit_application(party, draft.id, None)
    left = await Material.filter(application_id=draft.id)
    assert [(material.material_id, material.handed_in_at is not None) for material in left] == [("photo", True)]
    await delete_due(quiet.blobs)
    with pytest.raises(BlobMissingError):
        await quiet.blobs.get(report.blob_key)
    with pytest.raises(NotADraftError):
        await answer_draft(party, draft.id, LOST)


async def test_a_running_case_keeps_the_version_it_was_begun_under(quiet: House, item: Guide) -> None:
    """A new version asks others for more, not whoever began before."""
    party = Party.own((await verified_citizen(quiet)).id)
    draft = await drafts.start_application(party, item.item_code, DAMAGED)
    schema = {**item.form_schema, "required": [*item.form_schema["required"], "remark"]}
    await publish(guided(item, form_schema=schema, form_example={"name": "某", "remark": "x"}))
    try:
        old = await asked_of(await Application.get(id=draft.id))
        new = await asked_of(await drafts.start_application(party, item.item_code, DAMAGED))
        assert (old.form_schema["required"], new.form_schema["required"]) == (["name"], ["name", "remark"])
        saved = await fill_draft(party, draft.id, {"name": "某"})
        assert saved.missing == []
    finally:
        await publish(item)
