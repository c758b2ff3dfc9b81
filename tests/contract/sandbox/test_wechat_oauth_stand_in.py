"""The stand-in's web authorization: the page, its codes, and the library against it."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.contract.sandbox.pages import Form
from tests.contract.sandbox.stand_ins import StandIns
from wechat.account import Account
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError
from wechat.official import OAuthIdentity, OfficialAccountClient

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPID = "wxjiabansandbox01"
PAGE = "/connect/oauth2/authorize"
BACK = "http://127.0.0.1:9/h5/back"
QUERY = {"appid": APPID, "redirect_uri": BACK, "response_type": "code", "scope": "snsapi_userinfo", "state": "s1"}


def client(stand_ins: StandIns) -> OfficialAccountClient:
    """The library's client, with the stand-in in both places."""
    return OfficialAccountClient(Account(APPID, "official", stand_ins.http), str(stand_ins.http.base_url))


async def _exchange(stand_ins: StandIns, **changes: str) -> dict[str, Any]:
    query = {"appid": APPID, "secret": "official", "code": "oauth-demo", "grant_type": "authorization_code"}
    answer = await stand_ins.http.get("/sns/oauth2/access_token", params=query | changes)
    assert answer.status_code == 200
    granted: dict[str, Any] = answer.json()
    return granted


async def test_the_librarys_address_leads_back_with_a_code_that_names_the_person(stand_ins: StandIns) -> None:
    official = client(stand_ins)
    address = official.authorize_url(f"{BACK}?to=%2Fcases&empty=", "state1", "snsapi_userinfo")
    page = await stand_ins.http.get(address.replace("#", "&login=demo#"))
    assert page.status_code == 302
    back = urlsplit(page.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    answers = parse_qsl(back.query, keep_blank_values=True)
    assert answers == [("to", "/cases"), ("empty", ""), ("code", "oauth-demo"), ("state", "state1")]
    for _ in range(2):
        assert await official.oauth_identity("oauth-demo") == OAuthIdentity("oa-demo", "u-demo", snapshot_user=False)


@pytest.mark.parametrize(
    ("code", "identity"),
    [
        ("oauth-snapshot-demo", OAuthIdentity("oa-snapshot-demo", None, snapshot_user=True)),
        ("oauth-only-demo", OAuthIdentity("oa-demo", None, snapshot_user=False)),
    ],
)
async def test_snapshots_and_people_without_a_unionid_are_told_apart(
    stand_ins: StandIns, code: str, identity: OAuthIdentity
) -> None:
    assert await client(stand_ins).oauth_identity(code) == identity


async def test_the_cookie_says_who_is_there_unless_the_address_does(stand_ins: StandIns) -> None:
    cookie = {"Cookie": "sandbox_login=wang"}
    page = await stand_ins.http.get(PAGE, params=QUERY, headers=cookie)
    assert page.headers["Location"] == f"{BACK}?code=oauth-wang&state=s1"
    page = await stand_ins.http.get(PAGE, params=QUERY | {"login": "li"}, headers=cookie)
    assert page.headers["Location"] == f"{BACK}?code=oauth-li&state=s1"


async def test_a_browser_that_nobody_knows_sees_a_form_that_leads_back(stand_ins: StandIns) -> None:
    page = await stand_ins.http.get(PAGE, params=QUERY)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    form = Form(page.text)
    assert (form.language, form.labels, form.alerts) == ("zh-CN", {"login"}, 0)
    assert form.fields == QUERY | {"login": ""}
    sent = await stand_ins.http.get(PAGE, params=form.fields | {"login": "张三"})
    assert parse_qsl(urlsplit(sent.headers["Location"]).query) == [("code", "oauth-张三"), ("state", "s1")]


@pytest.mark.parametrize("login", ["", "a b", "a" * 65, "a\r\nSet-Cookie: x=1"])
async def test_a_name_that_cannot_be_is_asked_for_again(stand_ins: StandIns, login: str) -> None:
    page = await stand_ins.http.get(PAGE, params=QUERY | {"login": login})
    assert (page.status_code, Form(page.text).alerts) == (200, 1)
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"appid": "wxother"},
        {"agentid": "1000002"},
        {"appid": "wwcompany"},
        {"appid": "wwcompany", "agentid": "1", "scope": "snsapi_base"},
        {"appid": "wwcompany", "agentid": "1000002", "scope": "snsapi_userinfo"},
        {"redirect_uri": "https://127.0.0.1/back"},
        {"redirect_uri": "http://example.com/back"},
        {"redirect_uri": "http://127.0.0.1@example.com/back"},
        {"redirect_uri": "http://[/back"},
        {"redirect_uri": "http://127.0.0.1/a b"},
        {"redirect_uri": ""},
        {"response_type": "token"},
        {"scope": "snsapi_login"},
        {"state": "s" * 129},
    ],
)
async def test_an_address_wechat_would_not_take_leads_nowhere(stand_ins: StandIns, changes: dict[str, str]) -> None:
    page = await stand_ins.http.get(PAGE, params=QUERY | {"login": "demo"} | changes)
    assert (page.status_code, Form(page.text).alerts) == (400, 1)
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"appid": "wxmini"}, 40013),
        ({"secret": "mini"}, 40125),
        ({"grant_type": "other"}, 40002),
        ({"code": "login-demo"}, 40029),
        ({"code": "oauth-"}, 40029),
        ({"code": "oauth-busy"}, -1),
    ],
)
async def test_an_exchange_is_refused_with_wechats_codes(
    stand_ins: StandIns, changes: dict[str, str], errcode: int
) -> None:
    assert (await _exchange(stand_ins, **changes))["errcode"] == errcode


async def test_an_exchange_speaks_as_wechat_does(stand_ins: StandIns) -> None:
    granted = await _exchange(stand_ins)
    assert granted.keys() == {"access_token", "expires_in", "refresh_token", "openid", "scope", "unionid"}
    assert (await _exchange(stand_ins, code="oauth-snapshot-demo"))["is_snapshotuser"] == 1


async def test_faults_reach_the_exchange(stand_ins: StandIns) -> None:
    fault = {"point": "wechat.oauth.before", "action": "error"}
    await stand_ins.http.post("/control/faults", json=fault)
    with pytest.raises(WeChatRefusedError) as busy:
        await client(stand_ins).oauth_identity("oauth-demo")
    assert busy.value.code == -1
    await stand_ins.http.post("/control/faults", json={"point": "wechat.oauth.after", "action": "drop"})
    with pytest.raises(WeChatAmbiguousError):
        await client(stand_ins).oauth_identity("oauth-demo")
