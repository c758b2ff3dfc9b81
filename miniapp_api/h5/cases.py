"""A citizen's cases on pages: where each stands, and what to do about it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sanic import HTTPResponse

from app.applications.errors import ApplicationNotFoundError, NotSubmittedError
from app.applications.models import State
from app.catalogue.errors import ItemNotFoundError
from app.kit.errors import InvalidCursorError, NotFoundError, TemporarilyUnavailableError
from app.reviews.rules import stages_of
from miniapp_api.citizen.applications import list_applications, read_application, read_form
from miniapp_api.citizen.receipts import read_receipt
from miniapp_api.h5.case_actions import actions_of
from miniapp_api.h5.pages import page
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()


class CaseQuery(QuerySchema):
    """What was just done."""

    done: Literal["", "submitted", "supplemented", "withdrawn", "hurried", "contact"] = ""


@routes.add(
    "GET",
    "/h5/cases",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
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
    errors=(ApplicationNotFoundError, ItemNotFoundError, NotFoundError),
)
async def open_case(call: Call, application_id: UUID, query: CaseQuery) -> HTTPResponse:
    """A case: where it stands, what to do, its days, what happened."""
    case = await read_application(call, application_id)
    there = {material.material_id for material in case.materials}
    asked = await read_form(call, application_id)
    handed_in = [material.name for material in asked.materials if material.id in there]
    actions = actions_of(State(case.state), submitted=case.case_no is not None)
    reviewable = stages_of((entry.kind, datetime.fromisoformat(entry.at)) for entry in case.timeline)
    return page(
        call.request,
        "case.html",
        case=case,
        handed_in=handed_in,
        actions=actions,
        reviewable=bool(reviewable),
        done=query.done,
    )


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/receipt",
    actor=Actor.CITIZEN,
    acting=True,
    limit="receipt",
    media_type="application/pdf",
    errors=(
        ApplicationNotFoundError,
        NotSubmittedError,
        ItemNotFoundError,
        NotFoundError,
        TemporarilyUnavailableError,
    ),
)
async def download_receipt(call: Call, application_id: UUID) -> HTTPResponse:
    """The receipt of a submission, by a link of a page: whoever opens it late signs in and comes back."""
    return await read_receipt(call, application_id)
