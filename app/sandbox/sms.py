"""The stand-in for Tencent Cloud SMS: ``SendSms`` with its signature checked, and what a number got.

Numbers that end in 0001 have refused short messages, those that end in 0002 had too many today. Any code of Tencent's
can be asked for, for the next so many calls.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from pydantic import BaseModel, Field
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import answer, read
from app.sandbox.faults import Faults
from config.settings import SmsSettings

_TOLERANCE_SECONDS = 300
_SIGNED = ("content-type", "host", "x-tc-action")
_REFUSED = {
    "0001": "FailedOperation.PhoneNumberInBlacklist",
    "0002": "LimitExceeded.PhoneNumberDailyLimit",
}


class _SendBody(BaseModel):
    numbers: list[str] = Field(alias="PhoneNumberSet")
    template_id: str = Field(alias="TemplateId")
    values: list[str] = Field(alias="TemplateParamSet")
    app_id: str = Field(alias="SmsSdkAppId")
    sign_name: str = Field(alias="SignName")


class _AnswerBody(BaseModel):
    code: str
    times: Annotated[int, Field(ge=1)] = 1


class SmsState:
    """What was sent, in memory only, and the code that the next calls get."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.code, self.times = "", 0

    def next_code(self) -> str:
        """The code asked for, while it lasts."""
        if not self.times:
            return ""
        self.times -= 1
        return self.code


def _error(code: str) -> HTTPResponse:
    return answer({"Response": {"Error": {"Code": code, "Message": "sandbox"}, "RequestId": uuid4().hex}})


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _unbelievable(request: Request, settings: SmsSettings) -> str:
    """Tencent's code for what is wrong with a request's signature; nothing where it is right."""
    stamp = request.headers.get("x-tc-timestamp", "")
    if not stamp.isdecimal() or abs(datetime.now(UTC).timestamp() - int(stamp)) > _TOLERANCE_SECONDS:
        return "AuthFailure.SignatureExpire"
    lines = "".join(f"{name}:{request.headers.get(name, '').strip().lower()}\n" for name in _SIGNED)
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = f"POST\n/\n\n{lines}\n{';'.join(_SIGNED)}\n{digest}"
    day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    scope = f"{day}/sms/tc3_request"
    text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _mac(_mac(_mac(b"TC3" + settings.secret_key.get_secret_value().encode(), day), "sms"), "tc3_request")
    wanted = (
        f"TC3-HMAC-SHA256 Credential={settings.secret_id.get_secret_value()}/{scope}, "
        f"SignedHeaders={';'.join(_SIGNED)}, Signature={_mac(key, text).hex()}"
    )
    given = request.headers.get("authorization", "")
    return "" if hmac.compare_digest(wanted, given) else "AuthFailure.SignatureFailure"


def blueprint(settings: SmsSettings, state: SmsState, points: Faults) -> Blueprint:
    """Tencent Cloud's own route: its address is the stand-in's with ``/sms``."""
    routes = Blueprint("sms")

    @routes.post("/sms/", strict_slashes=True)
    async def send(request: Request) -> HTTPResponse:
        await points.reach(request, "sms.send.before")
        wrong = _unbelievable(request, settings)
        if wrong:
            return _error(wrong)
        if (request.headers.get("x-tc-action"), request.headers.get("x-tc-version")) != ("SendSms", "2021-01-11"):
            return _error("InvalidAction")
        body = _SendBody.model_validate(json.loads(request.body))
        if (body.app_id, body.sign_name) != (settings.sdk_app_id, settings.sign_name):
            return _error("FailedOperation.SignatureIncorrectOrUnapproved")
        code = state.next_code() or next((_REFUSED[end] for end in _REFUSED if body.numbers[0].endswith(end)), "Ok")
        if code.startswith(("RequestLimit", "InternalError", "AuthFailure")):
            return _error(code)
        serial = uuid4().hex
        if code == "Ok":
            sent = {"number": body.numbers[0], "template_id": body.template_id, "values": body.values}
            state.messages.append({**sent, "serial": serial})
        await points.reach(request, "sms.send.after")
        status = {"SerialNo": serial if code == "Ok" else "", "PhoneNumber": body.numbers[0], "Fee": 1, "Code": code}
        return answer({"Response": {"SendStatusSet": [status], "RequestId": uuid4().hex}})

    return routes


def control(state: SmsState) -> Blueprint:
    """What a demonstration or a test asks and says."""
    routes = Blueprint("sms_control", url_prefix="/control/sms")

    @routes.get("/messages")
    async def messages(request: Request) -> HTTPResponse:
        number = request.args.get("number")
        return answer({"messages": [one for one in state.messages if number in (None, one["number"])]})

    @routes.post("/answers")
    async def answers(request: Request) -> HTTPResponse:
        body = read(_AnswerBody, request)
        state.code, state.times = body.code, body.times
        return answer({"code": body.code, "times": body.times})

    return routes
