"""WeChat's pushes: the official account's and the mini-program's. Each is believed, kept and answered at once."""

from sanic import HTTPResponse

from app.kit import clock
from app.kit.errors import TemporarilyUnavailableError
from app.official_account.answers import Reply
from app.official_account.counter import Counter
from app.official_account.reception import receive, receive_silently
from miniapp_api.errors import CallbackMalformedError, CallbackUntrustedError
from miniapp_api.routing import Actor, Call, Routes
from wechat.callback import CallbackCodec
from wechat.errors import CallbackRefusedError
from wechat.message import Message

routes = Routes()
_ERRORS = (CallbackMalformedError, CallbackUntrustedError)
_PUSH_ERRORS = (*_ERRORS, TemporarilyUnavailableError)
_MEDIA_TYPES = {"xml": "application/xml", "json": "text/plain"}
_REPLIES = ", ".join(_MEDIA_TYPES.values())


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


def _replied(codec: CallbackCodec, call: Call, message: Message, reply: Reply | None) -> HTTPResponse:
    if reply is None:
        return _plain("success")
    nonce, timestamp = str(call.request.args.get("nonce", "")), int(clock.now().timestamp())
    if reply.text is None:
        body = codec.reply_transfer(message, nonce=nonce, timestamp=timestamp)
    else:
        body = codec.reply_text(message, reply.text, nonce=nonce, timestamp=timestamp)
    return HTTPResponse(body, content_type=f"{_MEDIA_TYPES[message.form]}; charset=utf-8")


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
    media_type=_REPLIES,
    errors=_PUSH_ERRORS,
)
async def take_official_account_push(call: Call) -> HTTPResponse:
    """A message or event of the official account."""
    codec = call.house.official_account
    message = _open(codec, call)
    reply = await receive(message, Counter.of(call.house.settings))
    return _replied(codec, call, message, reply)


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
    media_type=_REPLIES,
    errors=_PUSH_ERRORS,
)
async def take_mini_program_push(call: Call) -> HTTPResponse:
    """An event of the mini-program, or what somebody wrote to its customer service, whose people are handed it."""
    codec = call.house.mini_program
    message = _open(codec, call)
    await receive_silently(message, call.house.settings.wechat.mini_program_appid)
    return _replied(codec, call, message, None if message.kind == "event" else Reply(None))
