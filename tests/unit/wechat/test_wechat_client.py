"""The mini-program's calls: what they send, what they return, and the verdict on every way to fail."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.unit.wechat.wechat_platform import APPID, SECRET, TOKEN_PATH, Answer, Platform
from wechat.account import Account
from wechat.client import LoginSession, MiniProgramClient, PhoneNumber
from wechat.codes import CODES, Advice, advice_for
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatRefusedError, WeChatUnreachableError

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
SEND = "/cgi-bin/message/subscribe/send"
OPENID = "openid-of-zhang-san"
TEMPLATE = "T" * 43


@pytest.fixture
def client(http: httpx.AsyncClient) -> MiniProgramClient:
    """A client of the platform."""
    return client_over(http)


def client_over(http: httpx.AsyncClient) -> MiniProgramClient:
    """A client over an HTTP client, with tokens that are not shared."""
    return MiniProgramClient(Account(APPID, SECRET, http))


async def send(client: MiniProgramClient) -> None:
    """Send one message."""
    await client.send_subscribe_message(OPENID, TEMPLATE, {"thing1": "不动产登记"})


async def test_a_login_code_becomes_an_openid_and_the_session_key_is_dropped(
    client: MiniProgramClient, platform: Platform
) -> None:
    platform.answers[LOGIN] = [{"openid": OPENID, "session_key": "a2V5", "unionid": "u-1"}]
    session = await client.code_to_session("login code")
    assert session == LoginSession(OPENID, "u-1")
    assert platform.requests == [
        (
            LOGIN,
            {"appid": APPID, "secret": SECRET, "js_code": "login code", "grant_type": "authorization_code"},
            None,
        )
    ]


async def test_a_login_without_a_bound_platform_has_no_unionid(client: MiniProgramClient, platform: Platform) -> None:
    platform.answers[LOGIN] = [{"openid": OPENID, "session_key": "a2V5", "errcode": 0}]
    assert await client.code_to_session("code") == LoginSession(OPENID, None)


@pytest.mark.parametrize("country_code", ["86", 86])
async def test_a_country_code_may_be_text_or_a_number(
    client: MiniProgramClient, platform: Platform, country_code: object
) -> None:
    info = {"phoneNumber": "+8613800138000", "purePhoneNumber": "13800138000", "countryCode": country_code}
    platform.answers[PHONE] = [{"errcode": 0, "errmsg": "ok", "phone_info": info}]
    assert await client.phone_number("phone code") == PhoneNumber("13800138000", "86")
    assert platform.requests[-1] == (PHONE, {"access_token": "token-1"}, {"code": "phone code"})


async def test_a_message_is_sent_as_the_platform_wants_it(client: MiniProgramClient, platform: Platform) -> None:
    platform.answers[SEND] = [{"errcode": 0, "errmsg": "ok"}]
    await client.send_subscribe_message(
        OPENID, TEMPLATE, {"thing1": "不动产登记"}, page="pages/case?no=1", state="trial", lang="en_US"
    )
    await send(client)
    expected = {
        "touser": OPENID,
        "template_id": TEMPLATE,
        "data": {"thing1": {"value": "不动产登记"}},
        "page": "pages/case?no=1",
        "miniprogram_state": "trial",
        "lang": "en_US",
    }
    plain = {key: value for key, value in expected.items() if key != "page"}
    assert [body for path, _, body in platform.requests if path == SEND] == [
        expected,
        plain | {"miniprogram_state": "formal", "lang": "zh_CN"},
    ]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_refreshed_and_the_call_repeated(
    client: MiniProgramClient, platform: Platform, code: int
) -> None:
    platform.answers[SEND] = [{"errcode": code, "errmsg": "no"}, {"errcode": 0}]
    await send(client)
    used = [query["access_token"] for path, query, _ in platform.requests if path == SEND]
    assert used == ["token-1", "token-2"]


async def test_a_second_refusal_of_the_token_stands(client: MiniProgramClient, platform: Platform) -> None:
    platform.answers[SEND] = [{"errcode": 40001, "errmsg": "no"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await send(client)
    assert refused.value.advice is Advice.REFRESH_TOKEN
    assert platform.calls[SEND] == 2


@pytest.mark.parametrize(
    ("code", "advice"),
    [(-1, Advice.RETRY), (43101, Advice.TELL), (45009, Advice.QUOTA), (47003, Advice.GIVE_UP), (99999, Advice.GIVE_UP)],
)
async def test_a_refusal_is_not_repeated_and_carries_its_advice(
    client: MiniProgramClient, platform: Platform, code: int, advice: Advice
) -> None:
    platform.answers[SEND] = [{"errcode": code, "errmsg": "no"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await send(client)
    assert (refused.value.api, refused.value.code, refused.value.advice) == (SEND, code, advice)
    assert platform.calls[SEND] == 1


async def test_a_refusal_names_the_field_and_the_request_but_no_value(
    client: MiniProgramClient, platform: Platform
) -> None:
    errmsg = f"argument invalid! data.thing1.value invalid [不动产登记] {OPENID} rid: 5f5e-ab12cd34"
    platform.answers[SEND] = [{"errcode": 47003, "errmsg": errmsg}]
    with pytest.raises(WeChatRefusedError) as refused:
        await send(client)
    assert refused.value.message == "a template field is wrong, data.thing1, rid 5f5e-ab12cd34"


CALLS: dict[str, Callable[[MiniProgramClient], Awaitable[object]]] = {
    LOGIN: lambda client: client.code_to_session("code"),
    PHONE: lambda client: client.phone_number("code"),
    SEND: send,
}


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        500,
        502,
        302,
        413,
        (404, b'{"errcode": 0}'),
        b"",
        b"<html>",
        b"\xff\xfe\xfd",
        b"[1]",
        b'{"errcode": "x"}',
        b"[" * 100_000,
    ],
)
async def test_no_usable_answer_is_ambiguous_and_never_repeated(
    client: MiniProgramClient, platform: Platform, path: str, answer: Answer
) -> None:
    platform.answers[path] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await CALLS[path](client)
    assert platform.calls[path] == 1


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (LOGIN, {"session_key": "a2V5"}),
        (LOGIN, {"openid": 5}),
        (PHONE, {"errcode": 0}),
        (PHONE, {"phone_info": {"countryCode": "86"}}),
        (PHONE, {"phone_info": {"purePhoneNumber": "13800138000"}}),
    ],
)
async def test_an_answer_without_what_was_asked_for_is_ambiguous(
    client: MiniProgramClient, platform: Platform, path: str, answer: Answer
) -> None:
    platform.answers[path] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await CALLS[path](client)


async def test_a_read_time_out_is_ambiguous(platform: Platform) -> None:
    platform.answers[SEND] = [b"hold"]
    async with httpx.AsyncClient(base_url=platform.url, timeout=httpx.Timeout(5, read=0.2)) as http:
        with pytest.raises(WeChatAmbiguousError, match="ReadTimeout"):
            await send(client_over(http))
    assert platform.calls[SEND] == 1


async def test_a_refused_connection_is_unreachable(dead_port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{dead_port}") as http:
        with pytest.raises(WeChatUnreachableError, match="ConnectError") as unreachable:
            await client_over(http).code_to_session("code")
    assert unreachable.value.__cause__ is None


async def test_a_full_pool_is_unreachable(platform: Platform) -> None:
    platform.answers[LOGIN] = [b"hold"]
    limits, timeout = httpx.Limits(max_connections=1), httpx.Timeout(5, pool=0.1)
    async with httpx.AsyncClient(base_url=platform.url, limits=limits, timeout=timeout) as http:
        both = [asyncio.create_task(client_over(http).code_to_session("code")) for _ in range(2)]
        done, pending = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        platform.hold.set()
        answers = [(await asyncio.gather(task, return_exceptions=True))[0] for task in (*done, *pending)]
    assert [type(answer) for answer in answers] == [WeChatUnreachableError, WeChatAmbiguousError]


async def test_nothing_of_a_citizen_shows_in_logs_errors_or_results(
    client: MiniProgramClient, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    platform.answers[LOGIN] = [{"openid": OPENID, "unionid": "union-of-him"}, None]
    info = {"purePhoneNumber": "13800138000", "countryCode": "86"}
    platform.answers[PHONE] = [{"phone_info": info}, {"errcode": 40029, "errmsg": "invalid code the-phone-code"}]
    shown = [repr(await client.code_to_session("the-login-code")), repr(await client.phone_number("the-phone-code"))]
    for failing in (client.code_to_session("the-login-code"), client.phone_number("the-phone-code")):
        with pytest.raises(WeChatError) as error:
            await failing
        shown.append(f"{error.value!r} {error.value}")
        assert error.value.__cause__ is None
    seen = caplog.text + "".join(shown)
    assert LOGIN in caplog.text
    for secret in (SECRET, OPENID, "union-of-him", "the-login-code", "the-phone-code", "13800138000", "token-1"):
        assert secret not in seen


def test_only_the_three_codes_of_the_token_ask_for_a_new_one() -> None:
    assert {code for code in CODES if advice_for(code) is Advice.REFRESH_TOKEN} == {40001, 40014, 42001}


async def test_a_token_that_cannot_be_had_stops_the_call(client: MiniProgramClient, platform: Platform) -> None:
    platform.answers[TOKEN_PATH] = [{"errcode": 40001, "errmsg": "invalid credential"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await send(client)
    assert refused.value.api == TOKEN_PATH
    assert platform.calls[SEND] == 0
