"""Content safety: what is sent, what is a pass, and that nothing unreadable is one."""

import httpx
import pytest

from tests.unit.wechat.wechat_platform import APPID, SECRET, Answer, Platform
from wechat.account import Account
from wechat.content import (
    LONGEST,
    NOT_SEEN_LATELY,
    ContentClient,
    MediaKind,
    Scene,
    Suggestion,
    Verdict,
    media_verdict,
)
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError, WeChatUnreachableError

CHECK = "/wxa/msg_sec_check"
CHECK_MEDIA = "/wxa/media_check_async"
OPENID, TEXT = "openid-of-a-writer", "窗口办得很快"


@pytest.fixture
def client(http: httpx.AsyncClient) -> ContentClient:
    """A client of the platform, with tokens that are not shared."""
    return ContentClient(Account(APPID, SECRET, http))


async def check(client: ContentClient, text: str = TEXT) -> Verdict:
    """Have a comment judged."""
    return await client.check(text, openid=OPENID, scene=Scene.COMMENT)


@pytest.mark.parametrize(("suggest", "label"), [("pass", 100), ("review", 20001), ("risky", 20006)])
async def test_a_text_is_judged_as_the_platform_says(
    client: ContentClient, platform: Platform, suggest: str, label: int
) -> None:
    result = {"suggest": suggest, "label": label}
    platform.answers[CHECK] = [{"errcode": 0, "errmsg": "ok", "result": result, "detail": [], "trace_id": "1"}]
    assert await check(client) == Verdict(Suggestion(suggest), label)
    body = {"content": TEXT, "version": 2, "scene": 2, "openid": OPENID}
    assert platform.requests[-1] == (CHECK, {"access_token": "token-1"}, body)


@pytest.mark.parametrize(
    "answer",
    [
        *(None, 500, b"<html>", {"errcode": 0}, {"errcode": 0, "result": "pass"}),
        {"errcode": 0, "result": {"suggest": "pass"}},
        {"errcode": 0, "result": {"suggest": "fine", "label": 100}},
        {"errcode": 0, "result": {"suggest": ["pass"], "label": 100}},
    ],
)
async def test_what_cannot_be_read_is_no_pass(client: ContentClient, platform: Platform, answer: Answer) -> None:
    platform.answers[CHECK] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await check(client)


async def test_a_refusal_is_no_pass_whatever_stands_beside_it(client: ContentClient, platform: Platform) -> None:
    result = {"suggest": "pass", "label": 100}
    platform.answers[CHECK] = [{"errcode": NOT_SEEN_LATELY, "errmsg": "code is expired", "result": result}]
    with pytest.raises(WeChatRefusedError) as refused:
        await check(client)
    assert refused.value.code == NOT_SEEN_LATELY


@pytest.mark.parametrize("text", ["", "长" * (LONGEST + 1)])
async def test_a_text_beyond_what_is_judged_is_not_sent(client: ContentClient, platform: Platform, text: str) -> None:
    with pytest.raises(ValueError, match="are judged"):
        await check(client, text)
    assert platform.calls[CHECK] == 0


async def test_a_refused_connection_is_unreachable(dead_port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{dead_port}") as http:
        with pytest.raises(WeChatUnreachableError):
            await check(ContentClient(Account(APPID, SECRET, http)))


async def test_a_picture_is_judged_later_under_the_id_that_is_told(client: ContentClient, platform: Platform) -> None:
    platform.answers[CHECK_MEDIA] = [{"errcode": 0, "trace_id": "trace-1"}]
    trace = await client.check_media("https://x.cn/p.jpg", MediaKind.IMAGE, openid=OPENID, scene=Scene.COMMENT)
    assert trace == "trace-1"
    assert platform.requests[-1][2] == {
        "media_url": "https://x.cn/p.jpg",
        "media_type": 2,
        "version": 2,
        "scene": 2,
        "openid": OPENID,
    }
    event = {"Event": "wxa_media_check", "trace_id": "trace-1", "errcode": 0, "version": 2}
    risky = event | {"result": {"suggest": "risky", "label": 20002}}
    assert media_verdict(risky) == ("trace-1", Verdict(Suggestion.RISKY, 20002))
    # XML tells numbers as text.
    told_by_xml = event | {"errcode": "0", "result": {"suggest": "pass", "label": "100"}}
    assert media_verdict(told_by_xml) == ("trace-1", Verdict(Suggestion.PASS, 100))


@pytest.mark.parametrize(
    "event",
    [
        {"trace_id": "trace-1"},
        {"trace_id": "trace-1", "errcode": -1008, "result": {"suggest": "pass", "label": 100}},
        {"result": {"suggest": "pass", "label": 100}},
    ],
)
def test_an_event_that_tells_no_verdict_is_no_pass(event: dict[str, object]) -> None:
    with pytest.raises(WeChatAmbiguousError):
        media_verdict(event)
