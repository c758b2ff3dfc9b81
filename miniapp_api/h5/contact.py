"""How a citizen is reached about a case and how its result is to come, said on a page."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field, ValidationError
from sanic import HTTPResponse

from app.applications import errors, queries
from app.applications.models import Application
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.guide import Guide
from app.kit.errors import DomainError, NotFoundError
from miniapp_api.citizen.application_views import ReachView
from miniapp_api.citizen.cases import ContactRequest, change_contact
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.case_actions import actions_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.typed import MOST_TYPED
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_OWN = (errors.ApplicationNotFoundError, ItemNotFoundError, NotFoundError)
_REFUSED = (errors.StateForbidsError, errors.PickUpPlaceUnknownError)


class ReachForm(QuerySchema):
    """How one is reached, and how the result is to come: each method has its own fields."""

    phone: str = Field(default="", max_length=MOST_TYPED)
    address: str = Field(default="", max_length=MOST_TYPED)
    method: Literal["electronic", "pick_up", "post"] = "electronic"
    hall: str = Field(default="", max_length=MOST_TYPED)
    receiver: str = Field(default="", max_length=MOST_TYPED)
    post_phone: str = Field(default="", max_length=MOST_TYPED)
    post_address: str = Field(default="", max_length=MOST_TYPED)

    @classmethod
    def of(cls, application: Application) -> "ReachForm":
        """What an application says of it."""
        reach = ReachView.of(application)
        delivery: dict[str, Any] = reach.delivery.model_dump()
        return cls(
            phone=reach.contact.phone or "",
            address=reach.contact.address or "",
            method=delivery["method"],
            hall=delivery.get("hall", ""),
            receiver=delivery.get("receiver", ""),
            post_phone=delivery.get("phone", ""),
            post_address=delivery.get("address", ""),
        )

    def read(self) -> ContactRequest:
        """It as the interface has it. Raises ValidationError."""
        delivery: dict[str, str] = {"method": self.method}
        if self.method == "pick_up":
            delivery["hall"] = self.hall
        if self.method == "post":
            delivery |= {
                "receiver": self.receiver.strip(),
                "phone": _tight(self.post_phone),
                "address": self.post_address.strip(),
            }
        contact = {"phone": _tight(self.phone) or None, "address": self.address.strip() or None}
        return ContactRequest.model_validate({"contact": contact, "delivery": delivery})


def _tight(phone: str) -> str:
    return "".join(phone.split())


def _wrong(error: ValidationError) -> list[str]:
    """The names of the fields of the page that are wrong."""
    found = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        part, name = str(problem["loc"][0]), str(problem["loc"][-1])
        found.append(f"post_{name}" if part == "delivery" and name in {"phone", "address"} else name)
    return found


def _halls(guide: Guide) -> list[tuple[str, str]]:
    return [(window.hall, window.name) for window in guide.windows if window.hall]


async def _page(
    call: Call,
    application_id: UUID,
    form: ReachForm | None = None,
    wrong: list[str] | None = None,
    refused: DomainError | None = None,
) -> HTTPResponse:
    application, asked, _ = await queries.get_asked(call.party, application_id)
    if "contact" not in actions_of(application.state, submitted=application.case_no is not None):
        return moved(f"/h5/cases/{application_id}", status=303)
    return page(
        call.request,
        "contact.html",
        status=status_of(type(refused)) if refused else 422 if wrong else 200,
        case=application,
        reach=form or ReachForm.of(application),
        halls=_halls(asked.guide),
        wrong=wrong or [],
        refused=sentence_of(call.request, refused) if refused else "",
    )


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/contact",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=(303,),
    errors=_OWN,
)
async def open_contact(call: Call, application_id: UUID) -> HTTPResponse:
    """How I am reached about a case, and how its result is to come."""
    return await _page(call, application_id)


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/contact",
    actor=Actor.CITIZEN,
    acting=True,
    limit="contact",
    status=303,
    media_type="text/html",
    also=(422,),
    errors=(*_OWN, *_REFUSED),
)
async def change_contact_on_page(call: Call, application_id: UUID, form: ReachForm) -> HTTPResponse:
    """Say how I am reached and how the result is to come."""
    try:
        await change_contact(call, application_id, form.read())
    except ValidationError as error:
        return await _page(call, application_id, form, _wrong(error))
    except _REFUSED as refused:
        return await _page(call, application_id, form, refused=refused)
    application, _, _ = await queries.get_asked(call.party, application_id)
    step = "/check" if application.case_no is None else "?done=contact"
    return moved(f"/h5/cases/{application_id}{step}", status=303)
