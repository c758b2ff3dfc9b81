"""The library's clients against the stand-in: every API of both apps is understood on both sides."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.contract.sandbox.stand_ins import OFFICIAL_APPID, TEMPLATE, Product, StandIns, until
from tests.contract.sandbox.wechat_calls import control, opened
from wechat.account import Account
from wechat.client import MiniProgramClient
from wechat.content import ContentClient, MediaKind, Scene, Suggestion, media_verdict
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError
from wechat.links import Links
from wechat.message import Message
from wechat.official import MiniProgramPage, OfficialAccountClient

pytestmark = pytest.mark.asyncio(loop_scope="session")
DATA = {"thing1": "停水通知"}


def official(stand_ins: StandIns) -> OfficialAccountClient:
    """The official account's client."""
    return OfficialAccountClient(Account(OFFICIAL_APPID, "official", stand_ins.http), stand_ins.url)


def mini(stand_ins: StandIns) -> Account:
    """The mini-program's way to WeChat."""
    return Account("wxmini", "mini", stand_ins.http)


async def test_every_follower_is_listed_described_and_tagged(stand_ins: StandIns) -> None:
    await control(stand_ins, "followers", count=10_001)
    client, listed, after = official(stand_ins), [], None
    while True:
        page = await client.followers(after)
        listed += page.openids
        after = page.next_openid
        if after is None:
            break
    assert len(set(listed)) == len(listed) == page.total
    tag = await client.create_tag("老人")
    await client.tag_users(tag.id, listed[:50])
    infos = await client.user_info([*listed[49:51], "oa-stranger"])
    assert [(one.subscribed, one.tag_ids) for one in infos] == [(True, [tag.id]), (True, []), (False, [])]
    await client.untag_users(tag.id, listed[:1])
    assert {one.id: one.count for one in await client.tags()}[tag.id] == 49
    await client.delete_tag(tag.id)
    assert tag.id not in {one.id for one in await client.tags()}


async def test_every_kind_of_message_is_sent(stand_ins: StandIns) -> None:
    client, page = official(stand_ins), MiniProgramPage("wxmini", "pages/case")
    await control(stand_ins, "follow", openid="oa-library")
    await stand_ins.http.post("/control/grants", json={"openid": "oa-library", "template_ids": [TEMPLATE]})
    await stand_ins.http.post("/control/grants", json={"openid": "o-library", "template_ids": [TEMPLATE]})
    ids = [
        await client.send_template("oa-library", TEMPLATE, DATA, url="https://x.cn", mini_program=page),
        await client.send_subscribe("oa-library", TEMPLATE, DATA, page="https://x.cn", mini_program=page),
        await MiniProgramClient(mini(stand_ins)).send_subscribe_message("o-library", TEMPLATE, DATA, page="pages/case"),
    ]
    await client.send_custom_text("oa-library", "您好")
    items = [
        one
        for openid in ("oa-library", "o-library")
        for one in (await stand_ins.http.get("/control/messages", params={"openid": openid})).json()["items"]
    ]
    assert [(one["api"].removeprefix("/cgi-bin/message/"), one.get("text")) for one in items] == [
        ("template/send", None),
        ("subscribe/bizsend", None),
        ("custom/send", "您好"),
        ("subscribe/send", None),
    ]
    assert [str(one["msgid"]) for one in items if "text" not in one] == ids
    assert items[0]["miniprogram"] == {"appid": "wxmini", "pagepath": "pages/case"}
    with pytest.raises(WeChatRefusedError) as refused:
        await client.send_template("oa-library", TEMPLATE, DATA, mini_program=MiniProgramPage("wxother", "pages/case"))
    assert refused.value.code == 40013


async def test_a_menu_is_read_as_it_was_made(stand_ins: StandIns) -> None:
    client = official(stand_ins)
    buttons: list[dict[str, Any]] = [{"type": "click", "name": "进度", "key": "progress"}]
    await client.delete_menu()
    assert await client.menu() is None
    await client.create_menu(buttons)
    menuid = await client.add_conditional_menu(buttons, {"tag_id": "100"})
    menu = await client.menu()
    assert menu is not None
    assert menu.buttons == buttons
    assert [(one.menu_id, one.rule) for one in menu.conditional] == [(menuid, {"tag_id": "100"})]
    await client.delete_conditional_menu(menuid)
    await client.delete_menu()


async def test_codes_tickets_and_files_are_given(stand_ins: StandIns) -> None:
    client = official(stand_ins)
    for seconds in (None, 2_592_000):
        code = await client.qr_ticket("desk-1", seconds)
        assert (await control(stand_ins, "scan", openid="oa-library", ticket=code.ticket))["problem"] == ""
    assert (await client.js_signature("https://x.cn/#a")).appid == OFFICIAL_APPID
    assert await client.js_ticket() == await official(stand_ins).js_ticket()
    assert await client.upload_media("image", "a.png", b"\x89PNG\r\n\x1a\n", "image/png")
    assert await client.upload_media("thumb", "a.jpg", b"\xff\xd8\xff", "image/jpeg")


async def test_links_to_pages_are_made(stand_ins: StandIns) -> None:
    links = Links(mini(stand_ins))
    assert (await links.url_link("pages/case", "no=1", days=30)).startswith("https://")
    assert Image.open(io.BytesIO(await links.unlimited_code("no=1", "pages/case", width=300))).size == (300, 300)
    with pytest.raises(WeChatRefusedError):
        await links.unlimited_code("no=1", "pages/missing")


async def test_the_verdict_on_a_picture_is_read_from_its_event(stand_ins: StandIns, product: Product) -> None:
    product.wechat_pushes.clear()
    client = ContentClient(mini(stand_ins))
    trace_id = await client.check_media(
        "https://x.cn/疑似.jpg", MediaKind.IMAGE, openid="o-library", scene=Scene.COMMENT
    )

    async def events() -> list[Message]:
        return opened(product, "mini")

    (event,) = await until(events, bool)
    found, verdict = media_verdict(event.fields)
    assert (found, verdict.suggestion) == (trace_id, Suggestion.REVIEW)


async def test_an_expired_token_is_renewed_and_the_call_repeated_once(stand_ins: StandIns) -> None:
    client = official(stand_ins)
    await client.followers()
    await control(stand_ins, "expire-tokens")
    await stand_ins.http.delete("/control/wechat/counts")
    await client.followers()
    counts = (await stand_ins.http.get("/control/wechat/counts")).json()["counts"]
    assert counts["/cgi-bin/user/get"] == {"0": 1, "42001": 1}


async def test_a_lost_answer_is_ambiguous_to_the_library(stand_ins: StandIns) -> None:
    order = {"api": "/cgi-bin/user/get", "status": 502}
    assert (await stand_ins.http.post("/control/wechat/answers", json=order)).status_code == 201
    with pytest.raises(WeChatAmbiguousError, match="502"):
        await official(stand_ins).followers()
