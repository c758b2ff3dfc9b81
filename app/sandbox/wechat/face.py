"""The WeChat stand-in's face verification 2.0: its begin, its result, and the phone that shows the face."""

import hashlib
import re
from base64 import b64encode

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import answer, read
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import WeChatApp
from app.sandbox.wechat.desk import OK, Answer, Desk
from app.sandbox.wechat.faces import LIFETIME, WRONG, Faces, Session

_BEGIN = "/cityservice/face/identify/getverifyid"
_RESULT = "/cityservice/face/identify/queryverifyinfo"
_SEQUENCE = re.compile(r"[A-Za-z0-9_-]{5,32}")
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")


class _Cert(BaseModel):
    cert_type: str = ""
    cert_name: str = ""
    cert_no: str = ""

    def hash(self) -> str:
        """The published ``cert_hash``: SHA-256 over the fields in base64."""
        parts = {"cert_type": self.cert_type, "cert_name": self.cert_name, "cert_no": self.cert_no}
        text = "&".join(f"{name}={b64encode(value.encode()).decode()}" for name, value in parts.items())
        return hashlib.sha256(text.encode()).hexdigest()


class _BeginBody(BaseModel):
    out_seq_no: str = ""
    cert_info: _Cert
    openid: str = ""


class _ResultBody(BaseModel):
    verify_id: str = ""
    out_seq_no: str = ""
    cert_hash: str = ""
    openid: str = ""


class _FaceBody(BaseModel):
    verify_id: str
    passed: bool


def _session(body: _BeginBody) -> Session:
    cert = body.cert_info
    fits = _SEQUENCE.fullmatch(body.out_seq_no) and cert.cert_type == "IDENTITY_CARD" and cert.cert_name.strip()
    if not fits or _ID_NUMBER.fullmatch(cert.cert_no) is None:
        raise PlatformError(WRONG, "invalid args")
    if not body.openid.startswith("o-"):
        raise PlatformError(40003, "invalid openid")
    return Session(body.out_seq_no, body.openid, cert.hash())


def blueprint(desk: Desk, faces: Faces) -> Blueprint:
    """WeChat's own routes."""
    routes = Blueprint("wechat_face")

    def begin(request: Request, _app: WeChatApp) -> Answer:
        verify_id = faces.begin(_session(read(_BeginBody, request)))
        return {**OK, "verify_id": verify_id, "expires_in": LIFETIME}

    def result(request: Request, _app: WeChatApp) -> Answer:
        body = read(_ResultBody, request)
        session = Session(body.out_seq_no, body.openid, body.cert_hash)
        return {**OK, "verify_ret": faces.result(body.verify_id, session)}

    desk.serve(routes, "POST", _BEGIN, begin, kinds=("mini",), point="wechat.face")
    desk.serve(routes, "POST", _RESULT, result, kinds=("mini",), point="wechat.face")
    return routes


def control(faces: Faces) -> Blueprint:
    """What a phone does to this stand-in."""
    routes = Blueprint("wechat_face_control", url_prefix="/control/wechat")

    @routes.post("/faces")
    async def show(request: Request) -> HTTPResponse:
        body = read(_FaceBody, request)
        faces.answer(body.verify_id, passed=body.passed)
        return answer({"verify_id": body.verify_id, "passed": body.passed})

    @routes.post("/expire-faces")
    async def expire(_request: Request) -> HTTPResponse:
        faces.expire()
        return answer({"status": "ok"})

    return routes
