"""Web authorization of the official account: the address, the identity, and the verdict on every way to fail."""

import logging
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.oauth import WeChatOAuth

from tests.unit.wechat.wechat_platform import APPID, SECRET, Answer, Platform
from wechat.account import Account
from wechat.codes import Advice
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatRefusedError, WeChatUnreachableError
from wechat.oauth import Scope, authorize_url
from wechat.official import OAuthIdentity, OfficialAccountClient

OPEN = "https://open.weixin.qq.com"
TOKEN = "/sns/oauth2/access_token"
OPENID = "openid-of-zhang-san"
UNIONID = "union-of-zhang-san"
CODE = "the-oauth-code"
GRANTED = {"access_token": "person-token", "expires_in": 7200, "refresh_token": "refresh", "openid": OPENID}


@pytest.fixture
def client(http: httpx.AsyncClient) -> OfficialAccountClient:
    """A client of the platform."""
    return OfficialAccountClient(Account(APPID, SECRET, http), OPEN)


@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
@given(path=st.text(), state=st.text(alphabet="abcXYZ0189", min_size=1, max_size=128))
def test_the_address_is_wechatpys_with_another_base(scope: Scope, path: str, state: str) -> None:
    redirect_uri = f"https://jiaban.example.gov.cn/h5/{path}?a=1&b=2#c"
    theirs = WeChatOAuth(APPID, SECRET, redirect_uri, scope, state).authorize_url
    assert authorize_url(OPEN, APPID, redirect_uri, state, scope) == theirs
    ours = authorize_url("http://127.0.0.1:8811/", APPID, redirect_uri, state, scope)
    assert ours == theirs.replace(OPEN, "http://127.0.0.1:8811")


def test_the_address_keeps_wechats_order_and_says_every_value(client: OfficialAccountClient) -> None:
    url = urlsplit(client.authorize_url("https://x.cn/回来?a=1&b=2", "s&t=1", "snsapi_base"))
    assert (url.scheme, url.netloc, url.path) == ("https", "open.weixin.qq.com", "/connect/oauth2/authorize")
    assert url.fragment == "wechat_redirect"
    assert parse_qsl(url.query) == [
        ("appid", APPID),
        ("redirect_uri", "https://x.cn/回来?a=1&b=2"),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", "s&t=1"),
    ]


async def test_a_code_becomes_an_identity_and_the_persons_tokens_are_dropped(
    client: OfficialAccountClient, platform: Platform
) -> None:
    platform.answers[TOKEN] = [GRANTED | {"unionid": UNIONID, "scope": "snsapi_userinfo"}]
    assert await client.oauth_identity(CODE) == OAuthIdentity(OPENID, UNIONID, snapshot_user=False)
    query = {"appid": APPID, "secret": SECRET, "code": CODE, "grant_type": "authorization_code"}
    assert platform.requests == [(TOKEN, query, None)]


async def test_the_base_scope_gives_no_unionid(client: OfficialAccountClient, platform: Platform) -> None:
    platform.answers[TOKEN] = [GRANTED | {"scope": "snsapi_base"}]
    assert await client.oauth_identity(CODE) == OAuthIdentity(OPENID, None, snapshot_user=False)


@pytest.mark.parametrize(("said", "snapshot"), [(1, True), ("1", True), (True, True), ([], True), (0, False)])
async def test_whatever_may_mean_a_snapshot_is_held_to_be_one(
    client: OfficialAccountClient, platform: Platform, said: object, snapshot: bool
) -> None:
    platform.answers[TOKEN] = [GRANTED | {"is_snapshotuser": said}]
    assert (await client.oauth_identity(CODE)).snapshot_user is snapshot


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (-1, Advice.RETRY),
        (40013, Advice.GIVE_UP),
        (40029, Advice.TELL),
        (40125, Advice.GIVE_UP),
        (40163, Advice.TELL),
        (42003, Advice.TELL),
    ],
)
async def test_a_refusal_carries_its_advice_and_is_not_repeated(
    client: OfficialAccountClient, platform: Platform, code: int, advice: Advice
) -> None:
    platform.answers[TOKEN] = [{"errcode": code, "errmsg": "no"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await client.oauth_identity(CODE)
    assert (refused.value.api, refused.value.code, refused.value.advice) == (TOKEN, code, advice)
    assert "unknown" not in refused.value.message
    assert platform.calls[TOKEN] == 1


@pytest.mark.parametrize("answer", [None, 502, b"<html>", b"[1]", {}, {"openid": 5}, GRANTED | {"unionid": 5}])
async def test_no_usable_answer_is_ambiguous_and_never_repeated(
    client: OfficialAccountClient, platform: Platform, answer: Answer
) -> None:
    platform.answers[TOKEN] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await client.oauth_identity(CODE)
    assert platform.calls[TOKEN] == 1


async def test_a_refused_connection_is_unreachable(dead_port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{dead_port}") as http:
        with pytest.raises(WeChatUnreachableError):
            await OfficialAccountClient(Account(APPID, SECRET, http), OPEN).oauth_identity(CODE)


async def test_nothing_of_a_citizen_shows_in_logs_errors_or_results(
    client: OfficialAccountClient, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusal: Answer = {"errcode": 40029, "errmsg": f"invalid code {CODE}"}
    platform.answers[TOKEN] = [GRANTED | {"unionid": UNIONID}, refusal, None]
    shown = [repr(await client.oauth_identity(CODE))]
    for _ in range(2):
        with pytest.raises(WeChatError) as error:
            await client.oauth_identity(CODE)
        shown.append(f"{error.value!r} {error.value}")
        assert error.value.__cause__ is None
    seen = caplog.text + "".join(shown)
    assert TOKEN in caplog.text
    for secret in (SECRET, OPENID, UNIONID, CODE, "person-token"):
        assert secret not in seen
