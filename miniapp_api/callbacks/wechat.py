"""WeChat's pushes: the official account's and the mini-program's. Each is believed, read and answered at once."""

from sanic import HTTPResponse

from app.kit import clock, texts
from miniapp_api.errors import CallbackMalformedError, CallbackUntrustedError
from miniapp_api.routing import Actor, Call, Routes
from wechat.callback import CallbackCodec
from wechat.errors import CallbackRefusedError
from wechat.message import Message

routes = Routes()
_ERRORS = (CallbackMalformedError, CallbackUntrustedError)


def _refused(error: CallbackRefusedError) -> CallbackMalformedError | CallbackUntrustedError:
    return CallbackMalformedError() if error.reason == "malformed" else CallbackUntrustedError()


def _plain(text: str) -> HTTPResponse:
    return HTTPResponse(text, content_type="text/plain; charset=utf-8")


def _echo(codec: CallbackCodec, call: Call) -> HTTPResponse:
    names = ("signature", "timestamp", "nonce", "echostr")
    try:
        return _plain(codec.verify_url(*(str(call.request.args.get(name, "")) for name in names)))
    except CallbackRefusedError as error:
        raise _refused(error) from error


def _open(codec: CallbackCodec, call: Call) -> Message:
    query = {name: str(call.request.args.get(name)) for name in call.request.args}
    try:
        return codec.open(query, call.request.body)
    except CallbackRefusedError as error:
        raise _refused(error) from error


def _help(message: Message) -> str | None:
    """The text that answers a message, None where nothing is said."""
    if message.kind == "event":
        return texts.text("official_account", "welcome") if message.event == "subscribe" else None
    return texts.text("official_account", "help")


@routes.add(
    "GET",
    "/wechat/official-account",
    actor=Actor.WECHAT,
    limit="partner",
    media_type="text/plain",
    errors=_ERRORS,
)
async def check_official_account(call: Call) -> HTTPResponse:
    """WeChat's check of the official account's callback address."""
    return _echo(call.house.official_account, call)


@routes.add(
    "POST",
    "/wechat/official-account",
    actor=Actor.WECHAT,
    limit="partner",
    media_type="application/xml",
    errors=_ERRORS,
)
async def take_official_account_push(call: Call) -> HTTPResponse:
    """A message or event of the official account."""
    codec = call.house.official_account
    message = _open(codec, call)
    text = _help(message)
    if text is None:
        return _plain("success")
    nonce = str(call.request.args.get("nonce", ""))
    reply = codec.reply_text(message, text, nonce=nonce, timestamp=int(clock.now().timestamp()))
    return HTTPResponse(reply, content_type="application/xml; charset=utf-8")


@routes.add(
    "GET",
    "/wechat/mini-program",
    actor=Actor.WECHAT,
    limit="partner",
    media_type="text/plain",
    errors=_ERRORS,
)
async def check_mini_program(call: Call) -> HTTPResponse:
    """WeChat's check of the mini-program's callback address."""
    return _echo(call.house.mini_program, call)


@routes.add(
    "POST",
    "/wechat/mini-program",
    actor=Actor.WECHAT,
    limit="partner",
    media_type="text/plain",
    errors=_ERRORS,
)
async def take_mini_program_push(call: Call) -> HTTPResponse:
    """An event of the mini-program."""
    _open(call.house.mini_program, call)
    return _plain("success")
