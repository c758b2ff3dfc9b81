"""Which messages a citizen wants, by which ways, and when not, on a page."""

import json

from pydantic import Field, ValidationError
from sanic import HTTPResponse

from app.notifications import preferences, rules
from app.notifications.definitions import city_messages
from app.notifications.errors import MessageGroupUnknownError
from app.notifications.rules import Channel, Preferences
from miniapp_api.citizen.messages import PreferencesView, Quiet, SubscriptionQuery, list_subscriptions
from miniapp_api.h5.pages import moved, page
from miniapp_api.parsing import form_values
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_PAGE = "/h5/me/messages"
_USUAL = rules.USUAL_QUIET
_WAYS = tuple(channel for channel in Channel if channel is not Channel.INBOX)


class PreferencesQuery(QuerySchema):
    """Whether it was kept just now."""

    saved: bool = False


class PreferencesForm(QuerySchema):
    """The quiet hours as typed; the ``groups`` and ``channels`` that are wanted stand beside them."""

    quiet: bool = False
    start: str = Field(default="", max_length=32)
    end: str = Field(default="", max_length=32)


@routes.add("GET", _PAGE, actor=Actor.CITIZEN, limit="read", media_type="text/html")
async def open_preferences(call: Call, query: PreferencesQuery) -> HTTPResponse:
    """Which messages I get, and what WeChat may still send."""
    wanted = await preferences.preferences_of(call.citizen_id)
    quiet = wanted.quiet or _USUAL
    typed = PreferencesForm(quiet=wanted.quiet is not None, start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}")
    return await _page(call, wanted, typed, saved=query.saved)


async def _page(
    call: Call, wanted: Preferences, typed: PreferencesForm, *, saved: bool = False, wrong: bool = False
) -> HTTPResponse:
    view = PreferencesView.of(wanted)
    return page(
        call.request,
        "preferences.html",
        status=422 if wrong else 200,
        groups=[(group.group, group.name) for group in view.groups],
        wanted_groups=[group.group for group in view.groups if not group.muted],
        channels=[channel.value for channel in _WAYS],
        wanted_channels=[channel.value for channel in _WAYS if channel not in wanted.muted_channels],
        typed=typed,
        saved=saved,
        wrong=wrong,
        subscriptions=(await list_subscriptions(call, SubscriptionQuery())).items,
    )


@routes.add(
    "POST",
    _PAGE,
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    also=(422,),
    errors=(MessageGroupUnknownError,),
)
async def set_preferences_on_page(call: Call, form: PreferencesForm) -> HTTPResponse:
    """Choose which messages I get, by which ways, and when not."""
    ticked, ways = form_values(call.request, "groups"), form_values(call.request, "channels")
    groups = frozenset(group for group in city_messages().groups if group not in ticked)
    channels = frozenset(channel.value for channel in _WAYS if channel not in ways)
    try:
        quiet = Quiet.model_validate_json(json.dumps({"start": form.start, "end": form.end})) if form.quiet else None
    except ValidationError:
        return await _page(call, Preferences(groups, channels, None), form, wrong=True)
    await preferences.set_preferences(
        call.citizen_id, Preferences(groups, channels, rules.Quiet(quiet.start, quiet.end) if quiet else None)
    )
    return moved(f"{_PAGE}?saved=true", status=303)
