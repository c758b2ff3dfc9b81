"""A citizen's cases on pages: where each stands, and what to do about it."""

from typing import Literal
from uuid import UUID

from sanic import HTTPResponse

from app.applications.errors import ApplicationNotFoundError
from app.catalogue.errors import ItemNotFoundError
from app.kit.errors import InvalidCursorError, NotFoundError
from miniapp_api.citizen.applications import list_applications, read_application, read_form
from miniapp_api.h5.pages import page
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()


class CaseQuery(QuerySchema):
    """What was just done."""

    done: Literal["", "submitted"] = ""


@routes.add(
    "GET",
    "/h5/cases",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=(302,),
    errors=(InvalidCursorError,),
)
async def open_cases(call: Call, query: PageQuery) -> HTTPResponse:
    """My cases, the newest first."""
    return page(call.request, "cases.html", found=await list_applications(call, query))


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=(302,),
    errors=(ApplicationNotFoundError, ItemNotFoundError, NotFoundError),
)
async def open_case(call: Call, application_id: UUID, query: CaseQuery) -> HTTPResponse:
    """A case: where it stands, what to do, its days, what happened."""
    case = await read_application(call, application_id)
    there = {material.material_id for material in case.materials}
    asked = await read_form(call, application_id)
    handed_in = [material.name for material in asked.materials if material.id in there]
    return page(call.request, "case.html", case=case, handed_in=handed_in, done=query.done)
