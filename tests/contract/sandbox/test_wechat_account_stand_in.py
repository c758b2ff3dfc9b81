"""The official account at the WeChat stand-in: followers, doubles, tags and menus."""

import asyncio
from typing import Any

import pytest

from tests.contract.sandbox.stand_ins import TEMPLATE, StandIns, until
from tests.contract.sandbox.wechat_calls import call, control

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _everybody(stand_ins: StandIns) -> list[list[str]]:
    pages, after = [], ""
    while (page := await call(stand_ins, "/cgi-bin/user/get", next_openid=after))["count"]:
        pages.append(page["data"]["openid"])
        after = page["next_openid"]
        assert page["total"] == sum(len(one) for one in pages) or len(pages[-1]) == 10_000
    assert page["next_openid"] == ""
    return pages


async def test_followers_come_ten_thousand_a_page_and_each_once(stand_ins: StandIns) -> None:
    await control(stand_ins, "followers", count=20_001)
    await control(stand_ins, "follow", openid="oa-late")
    await control(stand_ins, "follow", openid="oa-gen-0000007", following=False)
    pages = await _everybody(stand_ins)
    everybody = [openid for page in pages for openid in page]
    assert [len(page) for page in pages][:2] == [10_000, 10_000]
    assert len(everybody) == len(set(everybody))
    assert everybody[6:8] == ["oa-gen-0000006", "oa-gen-0000008"]
    assert "oa-gen-0020000" in everybody
    assert "oa-late" in everybody
    assert (await call(stand_ins, "/cgi-bin/user/get", next_openid="oa-nobody"))["errcode"] == 40003


async def test_wechat_says_who_follows_and_who_does_not(stand_ins: StandIns) -> None:
    await control(stand_ins, "followers", count=10)
    wanted = [{"openid": openid} for openid in ("oa-gen-0000009", "oa-gen-0000010")]
    infos = (await call(stand_ins, "/cgi-bin/user/info/batchget", {"user_list": wanted}))["user_info_list"]
    assert [(one["subscribe"], one["unionid"]) for one in infos] == [(1, "u-gen-0000009"), (0, "u-gen-0000010")]
    assert infos[0] == await call(stand_ins, "/cgi-bin/user/info", openid="oa-gen-0000009")
    too_many = {"user_list": wanted * 51}
    assert (await call(stand_ins, "/cgi-bin/user/info/batchget", too_many))["errcode"] == 40032


async def test_messages_to_generated_followers_are_counted_and_doubles_seen(stand_ins: StandIns) -> None:
    await control(stand_ins, "followers", count=5)
    template = "D" * 43
    path = "/cgi-bin/message/template/send"

    async def send(number: int, **more: Any) -> int:
        message = {"touser": f"oa-gen-{number:07}", "template_id": template, "data": {"thing1": {"value": "停水"}}}
        return int((await call(stand_ins, path, message | more))["errcode"])

    assert [await send(number) for number in range(6)] == [0, 0, 0, 0, 0, 43004]
    doubles = f"/control/wechat/doubles?template_id={template}"
    assert (await stand_ins.http.get(doubles)).json() == {"sends": 5, "doubles": 0, "items": []}
    # Another key is another message, whatever it says.
    assert [await send(3, client_msg_id=key) for key in ("a", "b", "a", "a")] == [0, 0, 0, 0]
    assert [await send(2), await send(1, data={"thing1": {"value": "来水"}})] == [0, 0]
    found = (await stand_ins.http.get(doubles)).json()
    assert (found["sends"], found["doubles"]) == (11, 3)
    assert {one["openid"]: one["times"] for one in found["items"]} == {"oa-gen-0000003": 3, "oa-gen-0000002": 2}
    assert (await stand_ins.http.get("/control/messages?openid=oa-gen-0000003")).json() == {"items": []}


async def test_a_template_message_can_wait_at_wechat_unanswered(stand_ins: StandIns) -> None:
    await control(stand_ins, "follow", openid="oa-waiting")
    await stand_ins.http.post("/control/faults", json={"point": "wechat.template.after", "action": "pause"})
    message = {"touser": "oa-waiting", "template_id": TEMPLATE, "data": {"thing1": {"value": "停水"}}}
    sending = asyncio.create_task(call(stand_ins, "/cgi-bin/message/template/send", message))

    async def received() -> int:
        return len((await stand_ins.http.get("/control/messages?openid=oa-waiting")).json()["items"])

    await until(received, bool)
    assert not sending.done()
    await stand_ins.http.delete("/control/faults/wechat.template.after")
    assert (await sending)["errcode"] == 0


async def test_doubles_name_other_people_too(stand_ins: StandIns) -> None:
    template = "E" * 43
    await stand_ins.http.post("/control/grants", json={"openid": "o-twice", "template_ids": [template] * 2})
    message = {"touser": "o-twice", "template_id": template, "data": {"thing1": {"value": "已受理"}}}
    for _ in range(2):
        await call(stand_ins, "/cgi-bin/message/subscribe/send", message, official=False)
    found = (await stand_ins.http.get(f"/control/wechat/doubles?template_id={template}")).json()
    assert found == {"sends": 2, "doubles": 1, "items": [{"openid": "o-twice", "times": 2}]}


async def test_generated_people_have_allowed_every_template_for_good(stand_ins: StandIns) -> None:
    await control(stand_ins, "followers", count=1)
    message = {"touser": "o-gen-0000000", "template_id": TEMPLATE, "data": {"thing1": {"value": "已受理"}}}
    path = "/cgi-bin/message/subscribe/send"
    assert [(await call(stand_ins, path, message, official=False))["errcode"] for _ in range(2)] == [0, 0]
    message["touser"] = "o-gen-0000001"
    assert (await call(stand_ins, path, message, official=False))["errcode"] == 43101


async def test_an_app_has_no_right_to_the_others_apis(stand_ins: StandIns) -> None:
    assert (await call(stand_ins, "/cgi-bin/user/get", official=False))["errcode"] == 48001
    assert (await call(stand_ins, "/wxa/generate_urllink", {}, official=True))["errcode"] == 48001


async def test_tags_are_put_on_followers_and_taken_away(stand_ins: StandIns) -> None:
    await control(stand_ins, "followers", count=3)
    tag = (await call(stand_ins, "/cgi-bin/tags/create", {"tag": {"name": "工作人员"}}))["tag"]["id"]
    people = ["oa-gen-0000000", "oa-gen-0000002"]
    put, take = "/cgi-bin/tags/members/batchtagging", "/cgi-bin/tags/members/batchuntagging"
    assert (await call(stand_ins, put, {"tagid": tag, "openid_list": people}))["errcode"] == 0
    members = await call(stand_ins, "/cgi-bin/user/tag/get", {"tagid": tag})
    assert (members["count"], members["data"]["openid"]) == (2, people)
    rest = await call(stand_ins, "/cgi-bin/user/tag/get", {"tagid": tag, "next_openid": people[0]})
    assert rest["data"]["openid"] == people[1:]
    await call(stand_ins, take, {"tagid": tag, "openid_list": people[:1]})
    assert (await call(stand_ins, "/cgi-bin/tags/getidlist", {"openid": people[0]}))["tagid_list"] == []
    assert (await call(stand_ins, "/cgi-bin/user/info", openid=people[1]))["tagid_list"] == [tag]
    await call(stand_ins, "/cgi-bin/tags/update", {"tag": {"id": tag, "name": "窗口"}})
    assert {"id": tag, "name": "窗口", "count": 1} in (await call(stand_ins, "/cgi-bin/tags/get"))["tags"]
    refused = {
        45157: await call(stand_ins, "/cgi-bin/tags/create", {"tag": {"name": "窗口"}}),
        45158: await call(stand_ins, "/cgi-bin/tags/create", {"tag": {"name": "长" * 11}}),
        45159: await call(stand_ins, put, {"tagid": 1, "openid_list": people}),
        40032: await call(stand_ins, put, {"tagid": tag, "openid_list": people * 26}),
        49003: await call(stand_ins, put, {"tagid": tag, "openid_list": ["oa-nobody"]}),
    }
    assert {code: answer["errcode"] for code, answer in refused.items()} == {code: code for code in refused}
    await call(stand_ins, "/cgi-bin/tags/delete", {"tag": {"id": tag}})
    assert (await call(stand_ins, "/cgi-bin/user/info", openid=people[1]))["tagid_list"] == []


_CLICK = {"type": "click", "name": "办件进度", "key": "progress"}
_MINI = {"type": "miniprogram", "name": "办事", "url": "http://x.cn", "appid": "wxmini", "pagepath": "pages/index"}


async def test_a_menu_is_shown_until_it_is_deleted(stand_ins: StandIns) -> None:
    await call(stand_ins, "/cgi-bin/menu/delete")
    assert (await call(stand_ins, "/cgi-bin/menu/get"))["errcode"] == 46003
    conditional = {"button": [_CLICK], "matchrule": {"tag_id": "100"}}
    assert (await call(stand_ins, "/cgi-bin/menu/addconditional", conditional))["errcode"] == 65303
    buttons = [_CLICK, {"name": "服务", "sub_button": [_MINI] * 5}, _MINI]
    assert (await call(stand_ins, "/cgi-bin/menu/create", {"button": buttons}))["errcode"] == 0
    menuid = (await call(stand_ins, "/cgi-bin/menu/addconditional", conditional))["menuid"]
    menus = await call(stand_ins, "/cgi-bin/menu/get")
    assert menus["menu"]["button"] == buttons
    assert [(str(one["menuid"]), one["matchrule"]) for one in menus["conditionalmenu"]] == [(menuid, {"tag_id": "100"})]
    assert (await call(stand_ins, "/cgi-bin/menu/addconditional", conditional | {"matchrule": {}}))["errcode"] == 65304
    assert (await call(stand_ins, "/cgi-bin/menu/delconditional", {"menuid": menuid}))["errcode"] == 0
    assert (await call(stand_ins, "/cgi-bin/menu/delconditional", {"menuid": menuid}))["errcode"] == 65301
    assert "conditionalmenu" not in await call(stand_ins, "/cgi-bin/menu/get")


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([_CLICK] * 4, 40016),
        ([{"name": "服务", "sub_button": [_CLICK] * 6}], 40023),
        ([{"name": "服务", "sub_button": [{"name": "更多", "sub_button": [_CLICK]}]}], 40022),
        ([_CLICK | {"name": "名字太长了点"}], 40018),
        ([{"name": "服务", "sub_button": [_CLICK | {"name": "长" * 21}]}], 40025),
        ([_CLICK | {"key": "k" * 129}], 40019),
        ([{"name": "服务", "sub_button": [_CLICK | {"key": ""}]}], 40026),
        ([_CLICK | {"type": "unknown"}], 40017),
        ([{"type": "view", "name": "网页", "url": "http://x.cn/" + "x" * 1024}], 40020),
        ([_MINI | {"appid": "wxother"}], 45064),
    ],
)
async def test_a_menu_beyond_the_limits_is_refused_with_its_code(
    stand_ins: StandIns, buttons: list[Any], errcode: int
) -> None:
    assert (await call(stand_ins, "/cgi-bin/menu/create", {"button": buttons}))["errcode"] == errcode
