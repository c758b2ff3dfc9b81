"""The WeChat stand-in's ways from outside into both apps: codes, links, the ticket of web pages, and uploaded files.

Not confirmed: the codes for a wrong scene, page, width, path, query or lifetime.
"""

import hashlib
import io
import re
import secrets
import time
from typing import Any

from PIL import Image
from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, raw

from app.sandbox.answers import read
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import WeChatApp
from app.sandbox.wechat.codes import Codes
from app.sandbox.wechat.desk import OK, Answer, Desk
from media.qr import qr_png

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_PAGE = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")
_VERSIONS = frozenset({"release", "trial", "develop"})
_WIDTHS = range(280, 1281)
_LONGEST_QUERY = 1024
_LONGEST_DAYS = 30
_DAY = 86_400
_CODE_SECONDS = range(1, 30 * _DAY + 1)
_LONGEST_SCENE = 64
_LAST_FOREVER = 100_000
_LAST_SCENE = 2**32 - 1
_MEGABYTE = 1024 * 1024
# Kinds of media, their longest bytes and how their content begins (any where it is not looked at).
_MEDIA: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "image": (10 * _MEGABYTE, (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM")),
    "voice": (2 * _MEGABYTE, ()),
    "video": (10 * _MEGABYTE, ()),
    "thumb": (64 * 1024, (b"\xff\xd8\xff",)),
}


class _Scene(BaseModel):
    scene_id: int | None = None
    scene_str: str | None = None


class _ActionInfo(BaseModel):
    scene: _Scene


class _CodeBody(BaseModel):
    action_name: str
    action_info: _ActionInfo
    expire_seconds: int = 60


class _MiniCodeBody(BaseModel):
    scene: str
    page: str = ""
    check_path: bool = True
    env_version: str = "release"
    width: int = 430


class _LinkBody(BaseModel):
    path: str = ""
    query: str = ""
    expire_type: int = 0
    expire_time: int = 0
    expire_interval: int = 0
    env_version: str = "release"


def _wrong(what: str) -> PlatformError:
    return PlatformError(40097, f"invalid args: {what}")


def _scene_of(body: _CodeBody) -> str:
    """The scene of a code of the official account; raises PlatformError 40097."""
    scene = body.action_info.scene
    if body.action_name in {"QR_STR_SCENE", "QR_LIMIT_STR_SCENE"}:
        if scene.scene_str is None or not 0 < len(scene.scene_str) <= _LONGEST_SCENE:
            raise _wrong("scene_str")
        return scene.scene_str
    last = {"QR_SCENE": _LAST_SCENE, "QR_LIMIT_SCENE": _LAST_FOREVER}.get(body.action_name)
    if last is None or scene.scene_id is None or not 0 < scene.scene_id <= last:
        raise _wrong("scene_id")
    return str(scene.scene_id)


def _check_mini_code(body: _MiniCodeBody) -> None:
    if _SCENE.fullmatch(body.scene) is None:
        raise PlatformError(40169, "invalid length for scene, or the data is not json string")
    if body.page and (_PAGE.fullmatch(body.page) is None or (body.check_path and "missing" in body.page)):
        raise PlatformError(41030, "invalid page")
    if body.env_version not in _VERSIONS:
        raise _wrong("env_version")
    if body.width not in _WIDTHS:
        raise _wrong("width")


def _check_link(body: _LinkBody) -> None:
    if body.path and (_PAGE.fullmatch(body.path.removeprefix("/")) is None or "missing" in body.path):
        raise PlatformError(40165, "invalid weapp pagepath")
    if len(body.query) > _LONGEST_QUERY:
        raise PlatformError(40212, "invalid query")
    if body.env_version not in _VERSIONS or body.expire_type not in {0, 1}:
        raise _wrong("env_version or expire_type")
    now = int(time.time())
    ends = body.expire_time if body.expire_type == 0 else now + body.expire_interval * _DAY
    # Nought is the longest lifetime there is.
    if (body.expire_time or body.expire_interval) and not now < ends <= now + _LONGEST_DAYS * _DAY:
        raise PlatformError(85401, "expire time out of limit")


def _picture(text: str, width: int) -> bytes:
    content = io.BytesIO()
    with Image.open(io.BytesIO(qr_png(text))) as picture:
        picture.convert("L").resize((width, width)).save(content, "JPEG")
    return content.getvalue()


def _upload(request: Request, _app: WeChatApp) -> Answer:
    kind = request.args.get("type", "")
    if kind not in _MEDIA:
        raise PlatformError(40004, "invalid media type")
    file = request.files.get("media") if request.files else None
    if file is None or not file.body:
        raise PlatformError(41005, "media data missing")
    longest, beginnings = _MEDIA[kind]
    if len(file.body) > longest:
        raise PlatformError(40006, "invalid meida size")
    if beginnings and not file.body.startswith(beginnings):
        raise PlatformError(40005, "invalid file type")
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    digest = hashlib.sha256(file.body).hexdigest()
    return {"type": kind, name: f"{secrets.token_urlsafe(12)}-{digest[:32]}", "created_at": int(time.time())}


def _link(request: Request, _app: WeChatApp) -> Answer:
    _check_link(read(_LinkBody, request))
    return {**OK, "url_link": f"https://wxaurl.cn/{secrets.token_urlsafe(8)}"}


def _mini_code(request: Request, app: WeChatApp) -> Answer:
    body = read(_MiniCodeBody, request)
    _check_mini_code(body)
    return raw(_picture(f"{app.appid} {body.page}?scene={body.scene}", body.width), content_type="image/jpeg")


def blueprint(desk: Desk, codes: Codes) -> Blueprint:
    """WeChat's own routes, and the page that shows a code as a picture."""
    routes = Blueprint("wechat_links")

    def code(request: Request, _app: WeChatApp) -> Answer:
        body = read(_CodeBody, request)
        for_good = body.action_name.startswith("QR_LIMIT_")
        scene = _scene_of(body)
        if not for_good and body.expire_seconds not in _CODE_SECONDS:
            raise _wrong("expire_seconds")
        ticket = codes.make(scene, None if for_good else body.expire_seconds)
        answer: dict[str, Any] = {"ticket": ticket, "url": f"http://weixin.qq.com/q/{ticket[:24]}"}
        return answer if for_good else {**answer, "expire_seconds": body.expire_seconds}

    def page_ticket(request: Request, app: WeChatApp) -> Answer:
        if request.args.get("type") != "jsapi":
            raise _wrong("type")
        ticket, expires_in = codes.page_ticket(app.appid)
        return {**OK, "ticket": ticket, "expires_in": expires_in}

    @routes.get("/cgi-bin/showqrcode")
    async def show(request: Request) -> HTTPResponse:
        ticket = request.args.get("ticket", "")
        codes.scene_of(ticket)
        return raw(_picture(f"http://weixin.qq.com/q/{ticket[:24]}", 430), content_type="image/jpeg")

    desk.serve(routes, "POST", "/cgi-bin/qrcode/create", code, kinds=("official",))
    desk.serve(routes, "GET", "/cgi-bin/ticket/getticket", page_ticket, kinds=("official",))
    desk.serve(routes, "POST", "/cgi-bin/media/upload", _upload, kinds=("official", "mini"))
    desk.serve(routes, "POST", "/wxa/getwxacodeunlimit", _mini_code, kinds=("mini",))
    desk.serve(routes, "POST", "/wxa/generate_urllink", _link, kinds=("mini",))
    return routes
