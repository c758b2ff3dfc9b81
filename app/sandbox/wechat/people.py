"""What people do at WeChat that it tells the product: they write, tap, follow, scan and answer what they are asked."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer, read
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import OFFICIAL_OPENID, Apps, Kind, WeChatApp
from app.sandbox.wechat.events import Events, EventSettings
from app.sandbox.wechat.push import Delivery, Pusher
from app.sandbox.wechat.push_body import Format, Mode, Style, subscription_event
from app.sandbox.wechat.state import WeChatState

_MOST_TIMES = 20
# Taps and scans that let the account write for 48 hours; any message does.
_SEEN_BY = frozenset({"subscribe", "SCAN", "CLICK", "scancode_push", "scancode_waitmsg"})


class _PushBody(BaseModel):
    app: Kind
    mode: Mode | None = None
    format: Format | None = None
    fields: dict[str, Any]
    times: Annotated[int, Field(ge=1, le=_MOST_TIMES)] = 1
    aes_key: str | None = None


class _FollowBody(BaseModel):
    openid: str
    following: bool = True


class _ScanBody(BaseModel):
    openid: str
    ticket: str


class _SubscriptionsBody(BaseModel):
    openid: str
    event: Literal["popup", "change"] = "popup"
    accepted: list[str] = []
    rejected: list[str] = []
    long_term: bool = False


class People:
    """What people do, remembered and pushed."""

    def __init__(self, apps: Apps, state: WeChatState, events: Events, pusher: Pusher) -> None:
        self._apps = apps
        self._state = state
        self._events = events
        self._pusher = pusher

    async def push(self, body: _PushBody) -> list[Delivery]:
        """Push anything, several times where it is asked for: each time is another delivery of the same push."""
        app = self._apps.of_kind(body.app)
        style = self._events.settings.style(app)
        style = Style(body.mode or style.mode, body.format or style.format)
        fields = self._pusher.complete(app, body.fields)
        self._note(fields)
        return [await self._pusher.deliver(app, fields, style, aes_key=body.aes_key) for _ in range(body.times)]

    def _note(self, fields: dict[str, Any]) -> None:
        openid, event = str(fields.get("FromUserName", "")), fields.get("Event")
        if not openid.startswith(OFFICIAL_OPENID):
            return
        if event == "unsubscribe":
            self._state.followers.unfollow(openid)
        elif event == "subscribe":
            self._state.followers.follow(openid)
        elif fields.get("MsgType") != "event" or event in _SEEN_BY:
            self._state.followers.see(openid)

    async def follow(self, body: _FollowBody) -> Delivery:
        """Follow or unfollow the official account."""
        self._check(self._apps.official, body.openid)
        event = "subscribe" if body.following else "unsubscribe"
        if body.following:
            self._state.followers.follow(body.openid)
        else:
            self._state.followers.unfollow(body.openid)
        return await self._tell(self._apps.official, body.openid, {"Event": event, "EventKey": ""})

    async def scan(self, body: _ScanBody) -> Delivery:
        """Scan a code of the official account's: a follower's scan is an event, anybody else follows by it."""
        self._check(self._apps.official, body.openid)
        scene = self._state.codes.scene_of(body.ticket)
        if self._state.followers.is_following(body.openid):
            self._state.followers.see(body.openid)
            fields = {"Event": "SCAN", "EventKey": scene, "Ticket": body.ticket}
        else:
            self._state.followers.follow(body.openid, scene="ADD_SCENE_QR_CODE", qr_scene=scene)
            fields = {"Event": "subscribe", "EventKey": f"qrscene_{scene}", "Ticket": body.ticket}
        return await self._tell(self._apps.official, body.openid, fields)

    async def answer(self, body: _SubscriptionsBody) -> Delivery:
        """Allow or refuse templates, when asked (popup) or later in the settings (change)."""
        try:
            app = self._apps.of_openid(body.openid)
        except PlatformError:
            raise RefusedError(400, "unknown_openid", "openid应以o-或oa-开头") from None
        if not (body.accepted or body.rejected) or (body.event == "change" and body.accepted):
            raise RefusedError(409, "impossible", "弹窗要有选择；设置里的变更只会推送拒绝")
        self._state.messages.grant(body.openid, body.accepted, long_term=body.long_term)
        self._state.messages.refuse(body.openid, body.rejected)
        answers = [(one, "accept") for one in body.accepted] + [(one, "reject") for one in body.rejected]
        more = {"PopupScene": "0"} if body.event == "popup" else {}
        items = [{"TemplateId": one, "SubscribeStatusString": status, **more} for one, status in answers]
        form = self._events.settings.style(app).format
        return await self._tell(app, body.openid, subscription_event(body.event, items, form))

    def _check(self, app: WeChatApp, openid: str) -> None:
        try:
            right = self._apps.of_openid(openid) is app
        except PlatformError:
            right = False
        if not right:
            raise RefusedError(400, "unknown_openid", "公众号的openid应以oa-开头")

    async def _tell(self, app: WeChatApp, openid: str, fields: dict[str, Any]) -> Delivery:
        complete = self._pusher.complete(app, {"FromUserName": openid, "MsgType": "event", **fields})
        return await self._pusher.deliver(app, complete, self._events.settings.style(app))


def blueprint(people: People, events: Events) -> Blueprint:
    """The routes under ``/control/wechat`` that push."""
    routes = Blueprint("wechat_push_control", url_prefix="/control/wechat")

    @routes.post("/push")
    async def push(request: Request) -> HTTPResponse:
        return answer({"items": [one.public() for one in await people.push(read(_PushBody, request))]})

    @routes.post("/follow")
    async def follow(request: Request) -> HTTPResponse:
        return answer((await people.follow(read(_FollowBody, request))).public())

    @routes.post("/scan")
    async def scan(request: Request) -> HTTPResponse:
        return answer((await people.scan(read(_ScanBody, request))).public())

    @routes.post("/subscriptions")
    async def subscriptions(request: Request) -> HTTPResponse:
        return answer((await people.answer(read(_SubscriptionsBody, request))).public())

    @routes.get("/events")
    async def event_settings(_request: Request) -> HTTPResponse:
        return answer(events.public())

    @routes.post("/events")
    async def set_events(request: Request) -> HTTPResponse:
        events.settings = read(EventSettings, request)
        return answer(events.public())

    return routes
