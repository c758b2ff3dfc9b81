"""The WeChat stand-in speaks as WeChat does."""

from typing import Any

import httpx
import pytest

from tests.contract.sandbox.stand_ins import TEMPLATE, StandIns

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _login(stand_ins: StandIns, **changes: str) -> dict[str, Any]:
    query = {"appid": "wxmini", "secret": "mini", "js_code": "login-demo", "grant_type": "authorization_code"}
    answer = await stand_ins.http.get("/sns/jscode2session", params=query | changes)
    assert answer.status_code == 200
    session: dict[str, Any] = answer.json()
    return session


async def _send(stand_ins: StandIns, openid: str, *, token: str | None = None, **changes: Any) -> dict[str, Any]:
    token = await stand_ins.token() if token is None else token
    message = {"touser": openid, "template_id": TEMPLATE, "page": "pages/case", "data": {"thing1": {"value": "已受理"}}}
    path = f"/cgi-bin/message/subscribe/send?access_token={token}"
    answer: dict[str, Any] = (await stand_ins.http.post(path, json=message | changes)).json()
    return answer


async def _grant(stand_ins: StandIns, openid: str) -> httpx.Response:
    return await stand_ins.http.post("/control/grants", json={"openid": openid, "template_ids": [TEMPLATE]})


async def test_a_login_code_names_a_person(stand_ins: StandIns) -> None:
    first, again = await _login(stand_ins), await _login(stand_ins)
    assert first == again
    assert (first["openid"], first["unionid"]) == ("o-demo", "u-demo")
    assert len(first["session_key"]) == 24


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"appid": "wxother"}, 40013),
        ({"secret": "other"}, 40125),
        ({"grant_type": "other"}, 40002),
        ({"js_code": "other"}, 40029),
        ({"js_code": "login-"}, 40029),
        ({"js_code": "login-busy"}, -1),
    ],
)
async def test_a_login_is_refused_with_wechats_codes(
    stand_ins: StandIns, changes: dict[str, str], errcode: int
) -> None:
    assert (await _login(stand_ins, **changes))["errcode"] == errcode


async def test_a_phone_code_gives_its_number(stand_ins: StandIns) -> None:
    path = f"/wxa/business/getuserphonenumber?access_token={await stand_ins.token()}"
    phone = (await stand_ins.http.post(path, json={"code": "phone-13800138000"})).json()
    assert phone["errcode"] == 0
    assert phone["phone_info"]["purePhoneNumber"] == "13800138000"
    assert phone["phone_info"]["countryCode"] == "86"
    for wrong in ("phone-1380013800", "phone-138001380001", "13800138000"):
        assert (await stand_ins.http.post(path, json={"code": wrong})).json()["errcode"] == 40029


async def test_a_token_is_repeated_until_it_expires_or_is_forced(stand_ins: StandIns) -> None:
    await stand_ins.http.post("/control/wechat/token-rules", json={"force_apart_seconds": 0})
    first = await stand_ins.token()
    assert await stand_ins.token() == first
    forced = await stand_ins.token(force=True)
    assert await stand_ins.token() == forced != first
    assert (await _send(stand_ins, "o-token", token=first))["errcode"] == 40001
    await stand_ins.http.post("/control/wechat/expire-tokens")
    assert (await _send(stand_ins, "o-token", token=forced))["errcode"] == 42001
    renewed = await stand_ins.token()
    assert renewed != forced
    assert (await _send(stand_ins, "o-token", token=renewed))["errcode"] == 43101
    await stand_ins.http.post("/control/wechat/token-rules", json={})


@pytest.mark.parametrize(("changes", "errcode"), [({"appid": "wxother"}, 40013), ({"secret": "other"}, 40125)])
async def test_a_token_is_for_the_right_app_only(stand_ins: StandIns, changes: dict[str, str], errcode: int) -> None:
    body = {"grant_type": "client_credential", "appid": "wxmini", "secret": "mini"}
    assert (await stand_ins.http.post("/cgi-bin/stable_token", json=body | changes)).json()["errcode"] == errcode


async def test_a_send_spends_one_grant_and_is_kept(stand_ins: StandIns) -> None:
    assert (await _send(stand_ins, "o-grants"))["errcode"] == 43101
    await _grant(stand_ins, "o-grants")
    await _grant(stand_ins, "o-someone-else")
    assert (await _send(stand_ins, "o-grants"))["errcode"] == 0
    assert (await _send(stand_ins, "o-grants"))["errcode"] == 43101
    (kept,) = (await stand_ins.http.get("/control/messages?openid=o-grants")).json()["items"]
    assert kept["template_id"] == TEMPLATE
    assert kept["data"] == {"thing1": {"value": "已受理"}}
    assert kept["page"] == "pages/case"
    assert kept["time"].endswith("+08:00")


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"token": ""}, 41001),
        ({"token": "unknown"}, 40001),
        ({"touser": "demo"}, 40003),
        ({"template_id": "T" * 42}, 40037),
        ({"data": "text"}, 47001),
    ],
)
async def test_a_send_is_refused_with_wechats_codes(stand_ins: StandIns, changes: dict[str, Any], errcode: int) -> None:
    await _grant(stand_ins, "o-refused")
    assert (await _send(stand_ins, "o-refused", **changes))["errcode"] == errcode
    assert (await stand_ins.http.get("/control/messages?openid=o-refused")).json() == {"items": []}


@pytest.mark.parametrize(
    ("key", "longest", "wrong"),
    [
        ("thing1", "食" * 20, "食" * 21),
        ("character_string2", "A-1" + "9" * 29, "9" * 33),
        ("character_string3", "A", "编号"),
        ("phrase4", "已经受理了", "已经受理完了"),
        ("name5", "名" * 10, "名" * 11),
        ("number6", "1" * 32, "1" * 33),
        ("number7", "1", "一"),
        ("time8", "15:01", ""),
    ],
)
async def test_a_field_keeps_to_its_kind(stand_ins: StandIns, key: str, longest: str, wrong: str) -> None:
    openid = f"o-{key}"
    await _grant(stand_ins, openid)
    refused = await _send(stand_ins, openid, data={key: {"value": wrong}})
    assert (refused["errcode"], refused["errmsg"]) == (47003, f"argument invalid! data.{key}.value invalid")
    assert (await _send(stand_ins, openid, data={key: {"value": longest}}))["errcode"] == 0
