"""Materials of an application on pages: what is asked, and for each the photographs and PDFs that are given."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sanic import HTTPResponse

from app.applications import queries
from app.applications.asked import AskedApplication
from app.applications.materials import errors
from app.applications.materials import service as materials
from app.applications.materials.errors import MaterialUnknownError
from app.applications.materials.rules import MAX_UPLOAD_BYTES, SET_ASIDE
from app.applications.models import Application, Material, State
from app.kit.errors import DomainError, NotFoundError
from miniapp_api.citizen.application_views import AskedMaterialView
from miniapp_api.citizen.material_views import MaterialView
from miniapp_api.citizen.materials import (
    ASKED_ERRORS,
    FILE_ERRORS,
    ROOM_ERRORS,
    SCAN_ERRORS,
    EarlierQuery,
    MaterialUpload,
    ReuseRequest,
    add_material,
    list_earlier_materials,
    reuse_material,
)
from miniapp_api.errors import UploadMissingError, sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_GIVING = (State.DRAFT, State.SUPPLEMENT_REQUESTED)
_ADDING = (*ROOM_ERRORS, *FILE_ERRORS, UploadMissingError)
_REUSING = (*ROOM_ERRORS, errors.MaterialNotReusableError, *SCAN_ERRORS)
_REMOVING = (errors.MaterialHandedInError,)


class OneFile(QuerySchema):
    """A file."""

    file_id: UUID


class MaterialQuery(QuerySchema):
    """What was just done with a material."""

    done: Literal["", "given", "removed"] = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A material as an application asks it, and the files that are there for it."""

    asked: AskedMaterialView
    files: list[MaterialView]

    @property
    def count(self) -> int:
        """How many files are there that count."""
        return len([file for file in self.files if file.scan not in SET_ASIDE])


def _path(application_id: UUID, material_id: str = "") -> str:
    path = f"/h5/cases/{application_id}/materials"
    return f"{path}/{material_id}" if material_id else path


async def given_of(call: Call, application_id: UUID) -> tuple[Application, AskedApplication, list[Given]]:
    """An application, what it asks for, and each of its materials with the files that are there for it."""
    application, asks, asked = await queries.get_asked(call.party, application_id)
    files = await Material.filter(application=application).order_by("id")
    found = [
        Given(
            AskedMaterialView.of_asked(one),
            [MaterialView.of(file) for file in files if file.material_id == one.material.id],
        )
        for one in asked
    ]
    return application, asks, found


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/materials",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=ASKED_ERRORS,
)
async def open_materials(call: Call, application_id: UUID) -> HTTPResponse:
    """What an application asks for, and what of it is there; where it asks for nothing, the next step."""
    application, _, given = await given_of(call, application_id)
    if application.state not in _GIVING:
        return moved(f"/h5/cases/{application_id}")
    if not given and application.state is State.DRAFT:
        return moved(f"/h5/cases/{application_id}/check")
    return page(call.request, "materials.html", case=application, given=given)


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/materials/<material_id:str>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=ASKED_ERRORS,
)
async def open_material(call: Call, application_id: UUID, material_id: str, query: MaterialQuery) -> HTTPResponse:
    """One material: photograph it, choose a file, or give one of an earlier case once more."""
    return await _page(call, application_id, material_id, done=query.done)


async def _page(
    call: Call, application_id: UUID, material_id: str, *, refused: DomainError | None = None, done: str = ""
) -> HTTPResponse:
    application, _, given = await given_of(call, application_id)
    if application.state not in _GIVING:
        return moved(f"/h5/cases/{application_id}")
    one = next((one for one in given if one.asked.id == material_id), None)
    if one is None:
        raise MaterialUnknownError
    earlier = []
    # An item may have given up the material since, or the whole item.
    with suppress(MaterialUnknownError, NotFoundError):
        query = EarlierQuery(item_code=application.item_code, material_id=material_id)
        earlier = (await list_earlier_materials(call, query)).items
    return page(
        call.request,
        "material.html",
        status=status_of(type(refused)) if refused else 200,
        case=application,
        one=one,
        earlier=[file for file in earlier if file.file_id not in {given.reused_from for given in one.files}],
        refused=sentence_of(call.request, refused) if refused else "",
        done=done,
        most=MAX_UPLOAD_BYTES,
    )


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/materials/<material_id:str>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=303,
    media_type="text/html",
    upload=MaterialUpload,
    errors=(*ASKED_ERRORS, *_ADDING),
)
async def add_on_page(call: Call, application_id: UUID, material_id: str) -> HTTPResponse:
    """Give a photograph or a PDF; why it cannot be taken is said on the same page."""
    try:
        await add_material(call, application_id)
    except _ADDING as refused:
        return await _page(call, application_id, material_id, refused=refused)
    return moved(f"{_path(application_id, material_id)}?done=given", status=303)


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/materials/<material_id:str>/reuse",
    actor=Actor.CITIZEN,
    acting=True,
    limit="upload",
    status=303,
    media_type="text/html",
    errors=(*ASKED_ERRORS, *_REUSING),
)
async def reuse_on_page(call: Call, application_id: UUID, material_id: str, form: OneFile) -> HTTPResponse:
    """Give a file of an earlier case of mine once more."""
    try:
        await reuse_material(call, application_id, ReuseRequest(material_id=material_id, file_id=form.file_id))
    except _REUSING as refused:
        return await _page(call, application_id, material_id, refused=refused)
    return moved(f"{_path(application_id, material_id)}?done=given", status=303)


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/materials/<material_id:str>/removal",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(*ASKED_ERRORS, *_REMOVING),
)
async def remove_on_page(call: Call, application_id: UUID, material_id: str, form: OneFile) -> HTTPResponse:
    """Take back a file that was not handed in."""
    try:
        await materials.delete_material(call.party, application_id, form.file_id)
    except _REMOVING as refused:
        return await _page(call, application_id, material_id, refused=refused)
    return moved(f"{_path(application_id, material_id)}?done=removed", status=303)
