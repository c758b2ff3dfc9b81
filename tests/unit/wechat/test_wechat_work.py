"""WeCom's web authorization: the address, the member, its token, and the verdict on every way to fail."""

import asyncio
import logging
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.unit.wechat.wechat_platform import Answer, Platform
from wechat.codes import Advice
from wechat.errors import (
    NotAMemberError,
    WeChatAmbiguousError,
    WeChatError,
    WeChatRefusedError,
    WeChatUnreachableError,
)
from wechat.work import WorkClient, WorkTokens

CORPID = "ww0123456789abcdef"
CORPSECRET = "secret-of-the-company"
AGENT = "1000002"
OPEN = "https://open.weixin.qq.com"
TOKEN = "/cgi-bin/gettoken"
IDENTITY = "/cgi-bin/auth/getuserinfo"
CODE = "the-work-code"
USERID = "ZhangSan"


def tokens(*names: str, expires_in: int = 7200) -> list[Answer]:
    """Answers of gettoken, one after the other; the last one repeats."""
    return [{"errcode": 0, "errmsg": "ok", "access_token": name, "expires_in": expires_in} for name in names]


@pytest.fixture
def client(http: httpx.AsyncClient, platform: Platform) -> WorkClient:
    """A client of the platform, which gives one token after the other and knows one member."""
    platform.answers[TOKEN] = tokens("work-token-1", "work-token-2")
    platform.answers[IDENTITY] = [{"errcode": 0, "errmsg": "ok", "userid": USERID}]
    return WorkClient(CORPID, CORPSECRET, AGENT, http, OPEN)


def used_tokens(platform: Platform) -> list[str]:
    """The tokens that came with questions for a member."""
    return [query["access_token"] for path, query, _ in platform.requests if path == IDENTITY]


def test_the_address_names_the_app_of_the_company(client: WorkClient) -> None:
    url = urlsplit(client.authorize_url("https://x.cn/staff/back?a=1&b=2", "abc123"))
    assert (url.scheme, url.netloc, url.path) == ("https", "open.weixin.qq.com", "/connect/oauth2/authorize")
    assert url.fragment == "wechat_redirect"
    assert parse_qsl(url.query) == [
        ("appid", CORPID),
        ("redirect_uri", "https://x.cn/staff/back?a=1&b=2"),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", "abc123"),
        ("agentid", AGENT),
    ]


async def test_a_code_becomes_a_member(client: WorkClient, platform: Platform) -> None:
    assert await client.user_id(CODE) == USERID
    assert platform.requests == [
        (TOKEN, {"corpid": CORPID, "corpsecret": CORPSECRET}, None),
        (IDENTITY, {"access_token": "work-token-1", "code": CODE}, None),
    ]


@pytest.mark.parametrize("told", ["Zhang\0San", "Zhang\ud83dSan"])
async def test_a_name_that_cannot_be_kept_is_no_others(client: WorkClient, platform: Platform, told: str) -> None:
    platform.answers[IDENTITY] = [{"userid": told}]
    assert await client.user_id(CODE) == "Zhang\ufffdSan"


@pytest.mark.parametrize("stranger", [{"openid": "openid-outside"}, {"external_userid": "wm-outside"}])
async def test_somebody_from_outside_is_no_member(client: WorkClient, platform: Platform, stranger: Answer) -> None:
    platform.answers[IDENTITY] = [stranger]
    with pytest.raises(NotAMemberError) as refused:
        await client.user_id(CODE)
    assert str(refused.value) == f"{IDENTITY}: not a member of the company"


async def test_a_token_is_kept_for_its_lifetime(http: httpx.AsyncClient, platform: Platform) -> None:
    now = [0.0]
    platform.answers[TOKEN] = tokens("work-token-1", "work-token-2")
    source = WorkTokens(CORPID, CORPSECRET, http, clock=lambda: now[0])
    assert await source.get() == "work-token-1"
    now[0] = 6899.0
    assert await source.get() == "work-token-1"
    now[0] = 6901.0
    assert await source.get() == "work-token-2"


async def test_many_callers_at_once_cause_one_fetch(client: WorkClient, platform: Platform) -> None:
    assert set(await asyncio.gather(*(client.user_id(CODE) for _ in range(50)))) == {USERID}
    assert (platform.calls[TOKEN], platform.calls[IDENTITY]) == (1, 50)


async def test_a_fetch_that_fails_is_everybodys_at_once_and_the_next_caller_asks_again(
    client: WorkClient, platform: Platform
) -> None:
    platform.answers[TOKEN] = [503, *tokens("work-token-1")]
    answers = await asyncio.gather(*(client.user_id(CODE) for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {WeChatAmbiguousError}
    assert platform.calls[TOKEN] == 1
    assert await client.user_id(CODE) == USERID


@pytest.mark.parametrize("code", [40014, 42001])
async def test_a_refused_token_is_fetched_anew_and_the_question_repeated(
    client: WorkClient, platform: Platform, code: int
) -> None:
    platform.answers[IDENTITY] = [{"errcode": code, "errmsg": "no"}, {"errcode": 0, "userid": USERID}]
    assert await client.user_id(CODE) == USERID
    assert used_tokens(platform) == ["work-token-1", "work-token-2"]
    assert await client.user_id(CODE) == USERID
    assert used_tokens(platform)[-1] == "work-token-2"
    assert platform.calls[TOKEN] == 2


async def test_a_token_refused_to_many_at_once_is_fetched_anew_once(
    http: httpx.AsyncClient, platform: Platform
) -> None:
    platform.answers[TOKEN] = tokens("work-token-1", "work-token-2", "work-token-3")
    source = WorkTokens(CORPID, CORPSECRET, http)
    stale = await source.get()
    assert set(await asyncio.gather(*(source.refresh(stale) for _ in range(50)))) == {"work-token-2"}
    assert platform.calls[TOKEN] == 2


async def test_a_second_refusal_of_the_token_stands(client: WorkClient, platform: Platform) -> None:
    platform.answers[IDENTITY] = [{"errcode": 42001, "errmsg": "no"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await client.user_id(CODE)
    assert refused.value.advice is Advice.REFRESH_TOKEN
    assert platform.calls[IDENTITY] == 2


@pytest.mark.parametrize(
    ("path", "code", "advice"),
    [
        (IDENTITY, -1, Advice.RETRY),
        (IDENTITY, 40029, Advice.TELL),
        (IDENTITY, 45033, Advice.QUOTA),
        (IDENTITY, 50001, Advice.GIVE_UP),
        (IDENTITY, 60020, Advice.GIVE_UP),
        (TOKEN, 40013, Advice.GIVE_UP),
        (TOKEN, 40091, Advice.GIVE_UP),
    ],
)
async def test_a_refusal_carries_its_advice_and_is_not_repeated(
    client: WorkClient, platform: Platform, path: str, code: int, advice: Advice
) -> None:
    platform.answers[path] = [{"errcode": code, "errmsg": "no"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await client.user_id(CODE)
    assert (refused.value.api, refused.value.code, refused.value.advice) == (path, code, advice)
    assert "unknown" not in refused.value.message
    assert platform.calls[path] == 1


@pytest.mark.parametrize("path", [TOKEN, IDENTITY])
@pytest.mark.parametrize("answer", [None, 500, b"<html>", b"[1]", {"errcode": 0}, {"userid": 5, "access_token": 5}])
async def test_no_usable_answer_is_ambiguous_and_never_repeated(
    client: WorkClient, platform: Platform, path: str, answer: Answer
) -> None:
    platform.answers[path] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await client.user_id(CODE)
    assert platform.calls[path] == 1


async def test_a_refused_connection_is_unreachable(dead_port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{dead_port}") as http:
        with pytest.raises(WeChatUnreachableError):
            await WorkClient(CORPID, CORPSECRET, AGENT, http, OPEN).user_id(CODE)


async def test_nothing_secret_shows_in_logs_or_errors(
    client: WorkClient, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusal: Answer = {"errcode": 40029, "errmsg": f"invalid code {CODE} of {USERID}"}
    stranger: Answer = {"openid": "openid-outside", "external_userid": "wm-outside"}
    platform.answers[IDENTITY] = [refusal, stranger, None]
    shown = []
    for _ in range(3):
        with pytest.raises(WeChatError) as error:
            await client.user_id(CODE)
        shown.append(f"{error.value!r} {error.value}")
        assert error.value.__cause__ is None
    seen = caplog.text + "".join(shown)
    assert IDENTITY in caplog.text
    for secret in (CORPSECRET, CODE, USERID, "work-token-1", "openid-outside", "wm-outside"):
        assert secret not in seen
