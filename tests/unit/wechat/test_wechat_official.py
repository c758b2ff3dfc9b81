"""The official account's calls: messages, menus, followers and tags, codes and files, the JS-SDK."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from wechatpy.client.api import WeChatJSAPI

from tests.unit.wechat.wechat_platform import APPID, SECRET, Answer, Platform
from wechat.account import Account
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError
from wechat.official import (
    FollowerInfo,
    FollowerPage,
    JsTickets,
    MiniProgramPage,
    OfficialAccountClient,
    Tag,
)
from wechat.official.pages import sign
from wechat.redis_store import RedisTokenStore

OPENID = "o-of-li-si"
TOKEN = {"access_token": "token-1"}
DATA = {"thing1": "不动产登记"}
VALUES = {"thing1": {"value": "不动产登记"}}
BUTTONS = [{"type": "click", "name": "我的办件", "key": "cases"}]
OK: Answer = {"errcode": 0, "errmsg": "ok"}


@pytest.fixture
def client(http: httpx.AsyncClient) -> OfficialAccountClient:
    """A client of the platform."""
    return OfficialAccountClient(Account(APPID, SECRET, http), "https://open.weixin.qq.com")


MINI = MiniProgramPage("wxmini", "pages/case?no=1")
MINI_JSON = {"appid": "wxmini", "pagepath": "pages/case?no=1"}
Client = OfficialAccountClient
SENDS: list[tuple[str, Callable[[Client], Awaitable[Any]], dict[str, Any]]] = [
    (
        "/cgi-bin/message/template/send",
        lambda client: client.send_template(OPENID, "T1", DATA),
        {"touser": OPENID, "template_id": "T1", "data": VALUES},
    ),
    (
        "/cgi-bin/message/template/send",
        lambda client: client.send_template(
            OPENID, "T1", DATA, url="https://x.cn", mini_program=MINI, client_msg_id="m-1"
        ),
        {
            "touser": OPENID,
            "template_id": "T1",
            "data": VALUES,
            "url": "https://x.cn",
            "miniprogram": MINI_JSON,
            "client_msg_id": "m-1",
        },
    ),
    (
        "/cgi-bin/message/subscribe/bizsend",
        lambda client: client.send_subscribe(OPENID, "T1", DATA),
        {"touser": OPENID, "template_id": "T1", "data": VALUES},
    ),
    (
        "/cgi-bin/message/subscribe/bizsend",
        lambda client: client.send_subscribe(OPENID, "T1", DATA, page="https://x.cn", mini_program=MINI),
        {"touser": OPENID, "template_id": "T1", "data": VALUES, "page": "https://x.cn", "miniprogram": MINI_JSON},
    ),
    (
        "/cgi-bin/message/custom/send",
        lambda client: client.send_custom_text(OPENID, "您好"),
        {"touser": OPENID, "msgtype": "text", "text": {"content": "您好"}},
    ),
]


@pytest.mark.parametrize(("path", "send", "body"), SENDS)
async def test_a_message_is_sent_as_the_platform_wants_it_and_told_by_its_id(
    client: Client, platform: Platform, path: str, send: Callable[[Client], Awaitable[str]], body: dict[str, Any]
) -> None:
    platform.answers[path] = [{"errcode": 0, "msgid": 2398674932486389761}, OK, {"errcode": 0, "msgid": "7" * 33}]
    assert await send(client) == "2398674932486389761"
    assert platform.requests[-1] == (path, TOKEN, body)
    assert await send(client) == ""
    assert await send(client) == ""


async def test_a_menu_is_read_with_the_menus_for_some(client: Client, platform: Platform) -> None:
    some = {"button": BUTTONS, "matchrule": {"tag_id": "2"}, "menuid": 208396993}
    platform.answers["/cgi-bin/menu/get"] = [
        {"menu": {"button": BUTTONS, "menuid": 208396938}, "conditionalmenu": [some]},
        {"menu": {"button": BUTTONS}},
        {"errcode": 46003, "errmsg": "menu no exist"},
        {"errcode": 48001, "errmsg": "api unauthorized"},
    ]
    menu = await client.menu()
    assert menu is not None
    assert menu.buttons == BUTTONS
    assert [(one.menu_id, one.buttons, one.rule) for one in menu.conditional] == [
        ("208396993", BUTTONS, {"tag_id": "2"})
    ]
    menu = await client.menu()
    assert menu is not None
    assert menu.conditional == []
    assert await client.menu() is None
    with pytest.raises(WeChatRefusedError):
        await client.menu()


async def test_menus_are_made_and_taken_away(client: Client, platform: Platform) -> None:
    for name in ("create", "delete", "delconditional"):
        platform.answers[f"/cgi-bin/menu/{name}"] = [OK]
    platform.answers["/cgi-bin/menu/addconditional"] = [{"menuid": "208379533"}]
    await client.create_menu(BUTTONS)
    assert await client.add_conditional_menu(BUTTONS, {"tag_id": "2"}) == "208379533"
    await client.delete_conditional_menu("208379533")
    await client.delete_menu()
    assert [(path, body) for path, _, body in platform.requests if "/menu/" in path] == [
        ("/cgi-bin/menu/create", {"button": BUTTONS}),
        ("/cgi-bin/menu/addconditional", {"button": BUTTONS, "matchrule": {"tag_id": "2"}}),
        ("/cgi-bin/menu/delconditional", {"menuid": "208379533"}),
        ("/cgi-bin/menu/delete", None),
    ]


async def test_followers_come_in_pages_until_an_empty_one(client: Client, platform: Platform) -> None:
    platform.answers["/cgi-bin/user/get"] = [
        {"total": 3, "count": 2, "data": {"openid": ["o-1", "o-2"]}, "next_openid": "o-2"},
        {"total": 3, "count": 1, "data": {"openid": ["o-3"]}, "next_openid": "o-3"},
        {"total": 3, "count": 0, "next_openid": ""},
    ]
    pages = [await client.followers()]
    while pages[-1].next_openid:
        pages.append(await client.followers(pages[-1].next_openid))
    assert pages == [FollowerPage(3, ["o-1", "o-2"], "o-2"), FollowerPage(3, ["o-3"], "o-3"), FollowerPage(3, [], None)]
    queries = [query for path, query, _ in platform.requests if path == "/cgi-bin/user/get"]
    assert queries == [TOKEN, TOKEN | {"next_openid": "o-2"}, TOKEN | {"next_openid": "o-3"}]


async def test_what_is_told_of_a_follower_and_of_somebody_else(client: Client, platform: Platform) -> None:
    path = "/cgi-bin/user/info/batchget"
    follower = {
        "subscribe": 1,
        "openid": "o-1",
        "nickname": "",
        "subscribe_time": 1434093047,
        "unionid": "u-1",
        "tagid_list": [2, 128],
        "subscribe_scene": "ADD_SCENE_QR_CODE",
        "qr_scene": 0,
        "qr_scene_str": "hall-3",
    }
    by_number = {"subscribe": 1, "openid": "o-2", "subscribe_time": 1434093047, "qr_scene": 98765, "qr_scene_str": ""}
    platform.answers[path] = [{"user_info_list": [follower, by_number, {"subscribe": 0, "openid": "o-3"}]}]
    assert await client.user_info(["o-1", "o-2", "o-3"]) == [
        FollowerInfo("o-1", "u-1", True, 1434093047, "ADD_SCENE_QR_CODE", "hall-3", [2, 128]),
        FollowerInfo("o-2", None, True, 1434093047, None, "98765", []),
        FollowerInfo("o-3", None, False),
    ]
    assert platform.requests[-1][2] == {
        "user_list": [{"openid": one, "lang": "zh_CN"} for one in ("o-1", "o-2", "o-3")]
    }


async def test_tags_are_made_read_given_and_taken(client: Client, platform: Platform) -> None:
    platform.answers["/cgi-bin/tags/get"] = [{"tags": [{"id": 2, "name": "星标组", "count": 0}]}]
    platform.answers["/cgi-bin/tags/create"] = [{"tag": {"id": 134, "name": "工作人员"}}]
    for name in ("members/batchtagging", "members/batchuntagging", "delete"):
        platform.answers[f"/cgi-bin/tags/{name}"] = [OK]
    assert await client.tags() == [Tag(2, "星标组", 0)]
    assert await client.create_tag("工作人员") == Tag(134, "工作人员")
    await client.tag_users(134, ["o-1", "o-2"])
    await client.untag_users(134, ["o-1"])
    await client.delete_tag(134)
    assert [body for path, _, body in platform.requests if "/tags/" in path] == [
        None,
        {"tag": {"name": "工作人员"}},
        {"openid_list": ["o-1", "o-2"], "tagid": 134},
        {"openid_list": ["o-1"], "tagid": 134},
        {"tag": {"id": 134}},
    ]


async def test_a_code_to_scan_lives_for_a_while_or_without_end(client: Client, platform: Platform) -> None:
    path = "/cgi-bin/qrcode/create"
    platform.answers[path] = [{"ticket": "gQ/+=", "expire_seconds": 60, "url": "http://weixin.qq.com/q/kZgfw"}]
    ticket = await client.qr_ticket("desk-7", 60)
    assert (ticket.ticket, ticket.url) == ("gQ/+=", "http://weixin.qq.com/q/kZgfw")
    assert ticket.image_url == "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ%2F%2B%3D"
    await client.qr_ticket("poster", None)
    scene = {"scene_str": "desk-7"}
    assert [body for asked, _, body in platform.requests if asked == path] == [
        {"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": {"scene": scene}},
        {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "poster"}}},
    ]


@pytest.mark.parametrize(("kind", "named"), [("image", "media_id"), ("thumb", "thumb_media_id")])
async def test_a_file_is_left_with_wechat(client: Client, platform: Platform, kind: Any, named: str) -> None:
    path = "/cgi-bin/media/upload"
    platform.answers[path] = [{"type": kind, named: "MEDIA-1", "created_at": 123456789}]
    assert await client.upload_media(kind, "poster.png", b"\x89PNG content", "image/png") == "MEDIA-1"
    _, query, body = platform.requests[-1]
    assert query == TOKEN | {"type": kind}
    assert b'name="media"; filename="poster.png"' in body
    assert b"Content-Type: image/png" in body
    assert b"\x89PNG content" in body


TOO_MUCH: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "nobody to ask about": lambda client: client.user_info([]),
    "101 to ask about": lambda client: client.user_info(["o"] * 101),
    "51 to tag": lambda client: client.tag_users(1, ["o"] * 51),
    "nobody to untag": lambda client: client.untag_users(1, []),
    "a tag without a name": lambda client: client.create_tag(""),
    "a tag's name of 31 characters": lambda client: client.create_tag("长" * 31),
    "a scene of 65 characters": lambda client: client.qr_ticket("x" * 65, 60),
    "a code of no seconds": lambda client: client.qr_ticket("x", 0),
    "a code of 31 days": lambda client: client.qr_ticket("x", 31 * 86_400),
}


@pytest.mark.parametrize("name", TOO_MUCH)
async def test_what_wechat_would_refuse_is_not_asked_for(client: Client, platform: Platform, name: str) -> None:
    with pytest.raises(ValueError, match="1 to"):
        await TOO_MUCH[name](client)
    assert not platform.requests


UNREADABLE: list[tuple[str, Callable[[Client], Awaitable[Any]], Answer]] = [
    ("/cgi-bin/menu/get", lambda client: client.menu(), {"menu": {"button": "x"}}),
    ("/cgi-bin/menu/get", lambda client: client.menu(), {}),
    ("/cgi-bin/menu/addconditional", lambda client: client.add_conditional_menu([], {}), {"menuid": "x"}),
    ("/cgi-bin/user/get", lambda client: client.followers(), {"total": 1, "count": 1, "data": {"openid": [1]}}),
    ("/cgi-bin/user/get", lambda client: client.followers(), {"count": 0}),
    ("/cgi-bin/user/info/batchget", lambda client: client.user_info(["o"]), {"user_info_list": ["o"]}),
    ("/cgi-bin/user/info/batchget", lambda client: client.user_info(["o"]), {"user_info_list": [{"subscribe": 1}]}),
    ("/cgi-bin/tags/get", lambda client: client.tags(), {"tags": [{"id": None}]}),
    ("/cgi-bin/tags/create", lambda client: client.create_tag("x"), {"tag": []}),
    ("/cgi-bin/qrcode/create", lambda client: client.qr_ticket("x", 60), {"ticket": "t"}),
    ("/cgi-bin/media/upload", lambda client: client.upload_media("image", "a", b"", "image/png"), {"type": "image"}),
    ("/cgi-bin/ticket/getticket", lambda client: client.js_ticket(), {"ticket": "t"}),
]


@pytest.mark.parametrize(("path", "ask", "answer"), UNREADABLE)
async def test_an_answer_without_what_was_asked_for_is_ambiguous(
    client: Client, platform: Platform, path: str, ask: Callable[[Client], Awaitable[Any]], answer: Answer
) -> None:
    platform.answers[path] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await ask(client)
    assert platform.calls[path] == 1


TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"


def test_the_published_vector_of_the_js_sdk() -> None:
    address, signed = "http://mp.weixin.qq.com?params=value", "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    assert sign(TICKET, "Wm3WZYTPz0wzccnW", 1414587457, address) == signed
    assert sign(TICKET, "Wm3WZYTPz0wzccnW", 1414587457, f"{address}#/cases?no=1") == signed


def test_the_signature_is_wechatpys() -> None:
    theirs = WeChatJSAPI(None).get_jsapi_signature("nonce", TICKET, 1, "https://x.cn/h5/办件?a=1&b=2")
    assert sign(TICKET, "nonce", 1, "https://x.cn/h5/办件?a=1&b=2") == theirs


async def test_a_page_gets_a_signature_of_its_own_with_the_ticket_that_all_processes_share(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    path = "/cgi-bin/ticket/getticket"
    platform.answers[path] = [{"errcode": 0, "ticket": TICKET, "expires_in": 7200}]
    account = Account(APPID, SECRET, http)
    one, other = (
        OfficialAccountClient(account, "", JsTickets(account, [RedisTokenStore(redis, APPID, "jsapi_ticket")]))
        for _ in range(2)
    )
    signatures = [await client.js_signature("https://x.cn/h5/") for client in (one, other)]
    for one_signed in signatures:
        assert one_signed.appid == APPID
        expected = sign(TICKET, one_signed.nonce, one_signed.timestamp, "https://x.cn/h5/")
        assert one_signed.signature == expected
    assert len({one_signed.nonce for one_signed in signatures}) == 2
    assert platform.calls[path] == 1
    assert platform.requests[-1][1] == TOKEN | {"type": "jsapi"}
    assert 6890 < await redis.ttl(f"wechat:{APPID}:jsapi_ticket") <= 6900


async def test_nothing_of_a_follower_shows_in_logs_or_results(
    client: Client, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    platform.answers["/cgi-bin/user/get"] = [
        {"total": 1, "count": 1, "data": {"openid": [OPENID]}, "next_openid": OPENID}
    ]
    platform.answers["/cgi-bin/user/info/batchget"] = [{"user_info_list": [{"subscribe": 0, "openid": OPENID}]}]
    page = await client.followers(OPENID)
    shown = f"{page} {await client.user_info(page.openids)}{caplog.text}"
    assert "/cgi-bin/user/get" in shown
    assert OPENID not in shown
    assert "token-1" not in shown
