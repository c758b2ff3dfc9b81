"""Codes, links, page tickets, media and checks of files at the WeChat stand-in."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.contract.sandbox.stand_ins import Product, StandIns, until
from tests.contract.sandbox.wechat_calls import call, control, opened
from wechat.message import Message

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _code(kind: str, **scene: Any) -> dict[str, Any]:
    return {"action_name": kind, "action_info": {"scene": scene}}


async def test_a_scanned_code_tells_its_scene(stand_ins: StandIns, product: Product) -> None:
    product.wechat_pushes.clear()
    made = await call(stand_ins, "/cgi-bin/qrcode/create", _code("QR_LIMIT_STR_SCENE", scene_str="desk-07"))
    for _ in range(2):
        await control(stand_ins, "scan", openid="oa-scanning", ticket=made["ticket"])
    events = [(one.event, one.fields["EventKey"]) for one in opened(product, "official")]
    assert events == [("subscribe", "qrscene_desk-07"), ("scan", "desk-07")]
    info = await call(stand_ins, "/cgi-bin/user/info", openid="oa-scanning")
    assert (info["subscribe_scene"], info["qr_scene_str"]) == ("ADD_SCENE_QR_CODE", "desk-07")
    picture = await stand_ins.http.get("/cgi-bin/showqrcode", params={"ticket": made["ticket"]})
    assert Image.open(io.BytesIO(picture.content)).format == "JPEG"
    assert (await control(stand_ins, "scan", openid="oa-scanning", ticket="none"))["code"] == "unknown_ticket"


@pytest.mark.parametrize(
    "body",
    [
        _code("QR_STR_SCENE", scene_str=""),
        _code("QR_STR_SCENE", scene_str="x" * 65),
        _code("QR_LIMIT_SCENE", scene_id=100_001),
        _code("QR_SCENE", scene_id=0),
        _code("OTHER", scene_id=1),
        _code("QR_SCENE", scene_id=1) | {"expire_seconds": 2_592_001},
    ],
)
async def test_a_code_beyond_the_limits_is_refused(stand_ins: StandIns, body: dict[str, Any]) -> None:
    assert (await call(stand_ins, "/cgi-bin/qrcode/create", body))["errcode"] == 40097


async def test_the_ticket_of_web_pages_is_repeated(stand_ins: StandIns) -> None:
    first, again = [await call(stand_ins, "/cgi-bin/ticket/getticket", type="jsapi") for _ in range(2)]
    assert first["ticket"] == again["ticket"]
    assert 0 < again["expires_in"] <= 7200
    assert (await call(stand_ins, "/cgi-bin/ticket/getticket", type="other"))["errcode"] == 40097


async def test_a_mini_program_code_is_a_picture_of_its_width(stand_ins: StandIns) -> None:
    path, body = "/wxa/getwxacodeunlimit", {"scene": "c=1", "page": "pages/case", "width": 280}
    picture = await call(stand_ins, path, body, official=False)
    assert Image.open(io.BytesIO(picture.content)).size == (280, 280)
    for changes, errcode in (
        ({"scene": "x" * 33}, 40169),
        ({"scene": "中"}, 40169),
        ({"page": "/pages/case"}, 41030),
        ({"page": "pages/missing"}, 41030),
        ({"width": 279}, 40097),
        ({"env_version": "other"}, 40097),
    ):
        assert (await call(stand_ins, path, body | changes, official=False))["errcode"] == errcode
    unchecked = body | {"page": "pages/missing", "check_path": False}
    assert (await call(stand_ins, path, unchecked, official=False)).headers["Content-Type"] == "image/jpeg"


async def test_a_link_lives_thirty_days_at_most(stand_ins: StandIns) -> None:
    path, body = "/wxa/generate_urllink", {"path": "pages/case", "query": "id=1", "expire_type": 1}
    link = await call(stand_ins, path, body | {"expire_interval": 30}, official=False)
    assert link["url_link"].startswith("https://wxaurl.cn/")
    for changes, errcode in (
        ({"expire_interval": 31}, 85401),
        ({"expire_type": 0, "expire_time": 1}, 85401),
        ({"query": "q" * 1025}, 40212),
        ({"path": "pages/missing"}, 40165),
        ({"expire_type": 2}, 40097),
    ):
        assert (await call(stand_ins, path, body | changes, official=False))["errcode"] == errcode


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [
        ("image", b"\x89PNG\r\n\x1a\n", 0),
        ("image", b"text", 40005),
        ("thumb", b"\xff\xd8\xff" + bytes(64 * 1024), 40006),
        ("other", b"x", 40004),
        ("voice", b"", 41005),
    ],
)
async def test_a_file_is_taken_or_refused_with_its_code(
    stand_ins: StandIns, kind: str, content: bytes, errcode: int
) -> None:
    params = {"access_token": await stand_ins.token(official=True), "type": kind}
    files = {"media": ("a.png", content, "image/png")}
    answer = (await stand_ins.http.post("/cgi-bin/media/upload", params=params, files=files)).json()
    assert answer.get("errcode", 0) == errcode
    assert (answer.get("type") == kind) is ("media_id" in answer) is (errcode == 0)


@pytest.mark.parametrize(("word", "suggest"), [("%E8%BF%9D%E8%A7%84", "risky"), ("ok", "pass")])
async def test_the_verdict_on_a_picture_comes_later(
    stand_ins: StandIns, product: Product, word: str, suggest: str
) -> None:
    product.wechat_pushes.clear()
    body = {"media_url": f"https://x.cn/{word}.jpg", "media_type": 2, "version": 2, "scene": 1, "openid": "o-painter"}
    answer = await call(stand_ins, "/wxa/media_check_async", body, official=False)
    assert "result" not in answer

    async def events() -> list[Message]:
        return opened(product, "mini")

    (event,) = await until(events, bool)
    assert (event.event, event.sender) == ("wxa_media_check", "o-painter")
    assert event.fields["trace_id"] == answer["trace_id"]
    assert event.fields["result"]["suggest"] == suggest
    assert (await call(stand_ins, "/wxa/media_check_async", body | {"media_type": 3}, official=False))[
        "errcode"
    ] == 47001
