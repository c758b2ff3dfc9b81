"""What an office asked for besides (补正), handed in on a page: materials, corrected fields, a note."""

from typing import Any
from uuid import UUID, uuid4

from pydantic import Field
from sanic import HTTPResponse

from app.applications import service
from app.applications.asked import asked_of
from app.applications.errors import ApplicationNotFoundError, StateForbidsError
from app.applications.models import State
from app.catalogue.errors import FormInvalidError, ItemNotFoundError
from app.kit.errors import NotFoundError
from miniapp_api.h5.filling import fields_shown, words_of
from miniapp_api.h5.form_fields import Shown
from miniapp_api.h5.form_reading import read, sent_of
from miniapp_api.h5.materials import given_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.typed import MOST_TYPED, written
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ERRORS = (ApplicationNotFoundError, ItemNotFoundError, NotFoundError)
_LONGEST_NOTE = 500


class SupplementForm(QuerySchema):
    """What is said to the office; the fields come beside, each under ``f.``. ``key`` makes of two sends one."""

    note: str = Field(default="", max_length=MOST_TYPED)
    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9a-f]+$")


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/supplement",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=(303,),
    errors=_ERRORS,
)
async def open_supplement(call: Call, application_id: UUID) -> HTTPResponse:
    """What the office asks for, and where it is handed in."""
    return await _page(call, application_id, {}, {}, "", uuid4().hex)


async def _page(
    call: Call, application_id: UUID, typed: dict[str, Any], wrong: dict[str, str], note: str, key: str
) -> HTTPResponse:
    application, _, given = await given_of(call, application_id)
    if application.state is not State.SUPPLEMENT_REQUESTED:
        return moved(f"/h5/cases/{application_id}", status=303)
    form = {**application.form, **{name: value for name, value in typed.items() if value is not None}}
    too_long = len(note) > _LONGEST_NOTE
    return page(
        call.request,
        "supplement.html",
        status=422 if wrong or too_long else 200,
        case=application,
        given=given,
        fields=await fields_shown(await asked_of(application), form, Shown(wrong=wrong)),
        wrong=wrong,
        changed=bool(typed),
        note=note,
        too_long=too_long,
        longest=_LONGEST_NOTE,
        key=key,
    )


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/supplement",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    also=(422,),
    errors=(*_ERRORS, FormInvalidError, StateForbidsError),
)
async def supplement_on_page(call: Call, application_id: UUID, form: SupplementForm) -> HTTPResponse:
    """Hand in what was asked for; what is wrong is told beside each field."""
    application, _, _ = await given_of(call, application_id)
    typed = read((await asked_of(application)).form_schema, sent_of(call.request))
    changes = {name: value for name, value in typed.items() if application.form.get(name) != value}
    note = written(form.note)
    if len(note) > _LONGEST_NOTE:
        return await _page(call, application_id, changes, {}, note, form.key)
    try:
        await service.supplement_application(call.party, application_id, note, changes, form.key)
    except FormInvalidError as refused:
        wrong = words_of(call, await asked_of(application), refused.context["fields"])
        return await _page(call, application_id, changes, wrong, note, form.key)
    except StateForbidsError:
        return moved(f"/h5/cases/{application_id}", status=303)
    return moved(f"/h5/cases/{application_id}?done=supplemented", status=303)
