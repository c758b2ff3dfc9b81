"""Staff verify on a web page: by the camera, a photograph of the code, or its text or digits."""

import asyncio
from contextlib import suppress
from uuid import uuid4

from pydantic import Field
from sanic import HTTPResponse

from app.catalogue.licence_type import Preset
from app.identity.errors import DutyMissingError, PasswordChangeNeededError, WeChatUnavailableError
from app.identity.rules import Duty
from app.identity.staff import require_duty
from app.kit.errors import NotFoundError
from app.licences.errors import DigitsPausedError, VerificationKeyReusedError
from app.licences.verifying.service import Checked, verify_code
from app.licences.verifying.verdicts import Verdict
from media.images import ImageRefusedError
from media.qr_reading import read_qr
from miniapp_api.errors import FieldInvalidError
from miniapp_api.h5.pages import DECODER, moved, page
from miniapp_api.h5.staff import PASSWORD
from miniapp_api.h5.view import is_in_wechat
from miniapp_api.parsing import parse_form
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema
from miniapp_api.staff.verifications import VerificationAnswer
from wechat.errors import WeChatError

routes = Routes()
_DUTIES = (Duty.VERIFY, Duty.WINDOW)
_PHOTOS_AT_ONCE = asyncio.Semaphore(2)
"""A photograph takes a tenth of a second and up to 150 MB while it is read."""
_PATH = "/h5/staff/verify"
_WECHAT_HOST = "https://res.wx.qq.com"
_WECHAT_SCRIPT = f"{_WECHAT_HOST}/open/js/jweixin-1.6.0.js"


class VerifyForm(QuerySchema):
    """What the camera read or somebody typed, else a ``photo`` beside it; ``key`` makes of two sends one scan."""

    code: str = Field(default="", max_length=4096)
    duty: Duty
    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9a-f-]+$")


class WeChatScanner(Schema):
    """What the page hands to WeChat's script, so that it may call the scanner; ``timestamp`` in seconds since 1970."""

    app_id: str
    timestamp: int
    nonce: str
    signature: str


@routes.add(
    "GET",
    _PATH,
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="read",
    media_type="text/html",
    also=(302,),
    errors=(DutyMissingError,),
)
async def open_verify(call: Call) -> HTTPResponse:
    """Where staff scan a code, photograph it or type it."""
    if call.staff.password_given:
        return moved(PASSWORD)
    return _form(call, _duties(call)[0])


@routes.add(
    "POST",
    _PATH,
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="verify",
    media_type="text/html",
    upload=VerifyForm,
    errors=(
        DutyMissingError,
        FieldInvalidError,
        PasswordChangeNeededError,
        VerificationKeyReusedError,
        DigitsPausedError,
        NotFoundError,
    ),
)
async def verify_on_page(call: Call) -> HTTPResponse:
    """Verify a code and spend it; the page says what it is worth and what may be seen."""
    form = parse_form(VerifyForm, call.request)
    if form.duty not in _duties(call):
        raise DutyMissingError(duty=form.duty)
    text = form.code.strip() or await _read_photo(call)
    if not text:
        return _form(call, form.duty, unread=True)
    checked = await verify_code(call.house.code_signer, call.staff, text, form.key, form.duty)
    found = VerificationAnswer.of(checked)
    return page(call.request, "verdict.html", found=found, staff=call.staff, askable=_askable(checked))


@routes.add(
    "GET",
    "/h5/staff/wechat-scanner",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="read",
    errors=(WeChatUnavailableError,),
)
async def sign_scanner(call: Call) -> WeChatScanner:
    """What lets the page for verifying call WeChat's scanner; the page asks beside being read, and does without."""
    try:
        signed = await call.house.official.js_signature(f"{call.house.settings.public_url}{_PATH}")
    except WeChatError as error:
        raise WeChatUnavailableError from error
    return WeChatScanner(
        app_id=signed.appid, timestamp=signed.timestamp, nonce=signed.nonce, signature=signed.signature
    )


def _duties(call: Call) -> list[Duty]:
    """Those of the caller's duties in which codes are verified. Raises as ``require_duty`` does."""
    found = [duty for duty in _DUTIES if duty in call.staff.duties]
    require_duty(call.staff, found[0] if found else Duty.VERIFY)
    return found


def _askable(checked: Checked) -> list[tuple[str, str]]:
    """The names and titles of fields that may still be asked for."""
    licence, definition, seen = checked.licence, checked.definition, checked.verification
    good = seen.verdict != Verdict.REFUSED and seen.preset != Preset.AGE_60
    if licence is None or definition is None or not (good and licence.owned):
        return []
    return [
        (field.name, field.title)
        for field in definition.fields
        if field.name in licence.values and field.name not in seen.shown
    ]


def _form(call: Call, duty: Duty, *, unread: bool = False) -> HTTPResponse:
    in_wechat = is_in_wechat(call.request)
    return page(
        call.request,
        "verify.html",
        status=422 if unread else 200,
        sources={"script-src": f"{DECODER} {_WECHAT_HOST}" if in_wechat else DECODER},
        wechat_script=_WECHAT_SCRIPT if in_wechat else "",
        staff=call.staff,
        duties=_duties(call),
        duty=duty,
        key=uuid4().hex,
        unread=unread,
    )


async def _read_photo(call: Call) -> str | None:
    files = call.request.files
    photo = files.get("photo") if files else None
    if photo is None or not photo.body:
        return None
    with suppress(ImageRefusedError):
        async with _PHOTOS_AT_ONCE:
            return await asyncio.to_thread(read_qr, photo.body)
    return None
