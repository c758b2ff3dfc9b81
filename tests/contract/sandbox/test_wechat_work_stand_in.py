"""The stand-in of WeCom, asked by the library."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.contract.sandbox.stand_ins import StandIns
from wechat.errors import NotAMemberError, WeChatAmbiguousError, WeChatRefusedError
from wechat.work import WorkClient, WorkTokens

pytestmark = pytest.mark.asyncio(loop_scope="session")

CORPID, SECRET = "wwcompany", "company"
BACK = "http://127.0.0.1:9/staff/back"


def client(stand_ins: StandIns, *, corpid: str = CORPID, secret: str = SECRET) -> WorkClient:
    """The library's client, with the stand-in in both places."""
    return WorkClient(corpid, secret, "1000002", stand_ins.http, str(stand_ins.http.base_url))


async def test_the_librarys_address_leads_back_with_a_code_that_names_the_member(stand_ins: StandIns) -> None:
    work = client(stand_ins)
    address = work.authorize_url(BACK, "state1").replace("#", "&login=wang.lan#")
    page = await stand_ins.http.get(address)
    assert page.status_code == 302
    answers = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    assert answers == {"code": "work-wang.lan", "state": "state1"}
    for _ in range(2):
        assert await work.user_id(answers["code"]) == "wang.lan"


async def test_somebody_from_outside_is_no_member(stand_ins: StandIns) -> None:
    with pytest.raises(NotAMemberError):
        await client(stand_ins).user_id("work-outside-li")


@pytest.mark.parametrize(("code", "errcode"), [("oauth-li", 40029), ("work-", 40029), ("", 40029), ("work-busy", -1)])
async def test_a_code_is_refused_with_wecoms_codes(stand_ins: StandIns, code: str, errcode: int) -> None:
    with pytest.raises(WeChatRefusedError) as refused:
        await client(stand_ins).user_id(code)
    assert refused.value.code == errcode


@pytest.mark.parametrize(("changes", "errcode"), [({"corpid": "wwother"}, 40013), ({"secret": "other"}, 40091)])
async def test_a_token_is_for_the_right_company_only(
    stand_ins: StandIns, changes: dict[str, str], errcode: int
) -> None:
    with pytest.raises(WeChatRefusedError) as refused:
        await client(stand_ins, **changes).user_id("work-li")
    assert (refused.value.api, refused.value.code) == ("/cgi-bin/gettoken", errcode)


async def test_a_token_is_repeated_until_it_expires_and_then_renewed(stand_ins: StandIns) -> None:
    work = client(stand_ins)
    first = await WorkTokens(CORPID, SECRET, stand_ins.http).get()
    assert await WorkTokens(CORPID, SECRET, stand_ins.http).get() == first
    assert await work.user_id("work-li") == "li"
    await stand_ins.http.post("/control/wechat/expire-tokens")
    identity = "/cgi-bin/auth/getuserinfo"
    expired = await stand_ins.http.get(identity, params={"access_token": first, "code": "work-li"})
    assert expired.json()["errcode"] == 42001
    assert await work.user_id("work-li") == "li"
    unknown = await stand_ins.http.get(identity, params={"access_token": first, "code": "work-li"})
    assert unknown.json()["errcode"] == 40014
    assert (await stand_ins.http.get(identity, params={"code": "work-li"})).json()["errcode"] == 41001


async def test_faults_reach_the_question_for_a_member(stand_ins: StandIns) -> None:
    work = client(stand_ins)
    await stand_ins.http.post("/control/faults", json={"point": "wechat.work.after", "action": "drop"})
    with pytest.raises(WeChatAmbiguousError):
        await work.user_id("work-li")
    await stand_ins.http.post("/control/faults", json={"point": "wechat.work.before", "action": "error"})
    with pytest.raises(WeChatRefusedError) as busy:
        await work.user_id("work-li")
    assert busy.value.code == -1
