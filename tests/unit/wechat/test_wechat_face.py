"""Face verification: what is sent, when it counts as passed, and the verdict on every way to fail."""

import base64
import hashlib
import logging
from collections.abc import Awaitable, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wechat.wechat_platform import APPID, SECRET, TOKEN_PATH, Answer, Platform
from wechat.account import Account
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatRefusedError, WeChatUnreachableError
from wechat.face import FaceClient, FaceTicket, cert_hash

BEGIN = "/cityservice/face/identify/getverifyid"
RESULT = "/cityservice/face/identify/queryverifyinfo"
NAME, NUMBER = "张三", "310101199801011234"
# Published by WeChat with the documentation of queryVerifyInfo.
PUBLISHED = "3c241f7ff324977aeb91f173bb2a7b06569e6fd784d5573db34a636d8671108b"
OPENID = "openid-of-zhang-san"
VERIFY_ID = "verify-id-of-zhang-san"
SEQUENCE = "face-0001_a"


@pytest.fixture
def client(http: httpx.AsyncClient) -> FaceClient:
    """A client of the platform, with tokens that are not shared."""
    return FaceClient(Account(APPID, SECRET, http))


async def begin(client: FaceClient) -> FaceTicket:
    """Begin a verification."""
    return await client.get_verify_id(out_seq_no=SEQUENCE, name=NAME, id_number=NUMBER, openid=OPENID)


async def ask(client: FaceClient) -> bool:
    """Ask for its result."""
    return await client.query_verify_info(
        verify_id=VERIFY_ID, out_seq_no=SEQUENCE, name=NAME, id_number=NUMBER, openid=OPENID
    )


CALLS: dict[str, Callable[[FaceClient], Awaitable[object]]] = {BEGIN: begin, RESULT: ask}


def test_the_hash_is_the_published_one() -> None:
    assert cert_hash(NAME, NUMBER) == PUBLISHED


@given(name=st.text(), number=st.text(alphabet="0123456789X"))
def test_the_hash_is_of_the_documented_text(name: str, number: str) -> None:
    parts = ("SURFTlRJVFlfQ0FSRA==", *(base64.standard_b64encode(text.encode()).decode() for text in (name, number)))
    text = "cert_type={}&cert_name={}&cert_no={}".format(*parts)
    assert cert_hash(name, number) == hashlib.sha256(text.encode()).hexdigest()


async def test_a_verification_is_begun_as_the_platform_wants_it(client: FaceClient, platform: Platform) -> None:
    platform.answers[BEGIN] = [{"errcode": 0, "errmsg": "ok", "verify_id": VERIFY_ID, "expires_in": 3600}]
    assert await begin(client) == FaceTicket(VERIFY_ID, 3600)
    body = {
        "out_seq_no": SEQUENCE,
        "cert_info": {"cert_type": "IDENTITY_CARD", "cert_name": NAME, "cert_no": NUMBER},
        "openid": OPENID,
    }
    assert platform.requests[-1] == (BEGIN, {"access_token": "token-1"}, body)


@pytest.mark.parametrize(
    ("result", "passed"), [(10000, True), (10004, False), (10300, False), (90002, False), (0, False), (-1, False)]
)
async def test_only_one_number_is_a_pass(client: FaceClient, platform: Platform, result: int, passed: bool) -> None:
    platform.answers[RESULT] = [{"errcode": 0, "errmsg": "ok", "verify_ret": result}]
    assert await ask(client) is passed
    body = {"verify_id": VERIFY_ID, "out_seq_no": SEQUENCE, "cert_hash": PUBLISHED, "openid": OPENID}
    assert platform.requests[-1] == (RESULT, {"access_token": "token-1"}, body)


async def test_an_errcode_is_no_pass_whatever_stands_beside_it(client: FaceClient, platform: Platform) -> None:
    platform.answers[RESULT] = [{"errcode": 84001, "errmsg": "no", "verify_ret": 10000}]
    with pytest.raises(WeChatRefusedError) as refused:
        await ask(client)
    assert refused.value.code == 84001


@pytest.mark.parametrize("path", CALLS)
async def test_a_refused_token_is_refreshed_once(client: FaceClient, platform: Platform, path: str) -> None:
    platform.answers[path] = [{"errcode": 42001, "errmsg": "no"}]
    with pytest.raises(WeChatRefusedError):
        await CALLS[path](client)
    assert [query["access_token"] for asked, query, _ in platform.requests if asked == path] == ["token-1", "token-2"]


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("answer", [None, 500, b"<html>", b"[1]", {"errcode": 0}])
async def test_no_usable_answer_is_ambiguous_and_never_repeated(
    client: FaceClient, platform: Platform, path: str, answer: Answer
) -> None:
    platform.answers[path] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await CALLS[path](client)
    assert platform.calls[path] == 1


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (BEGIN, {"verify_id": VERIFY_ID}),
        (BEGIN, {"verify_id": VERIFY_ID, "expires_in": 0}),
        (BEGIN, {"verify_id": "", "expires_in": 3600}),
        (BEGIN, {"expires_in": 3600}),
        (RESULT, {"verify_ret": "10000"}),
    ],
)
async def test_an_answer_without_what_was_asked_for_is_ambiguous(
    client: FaceClient, platform: Platform, path: str, answer: Answer
) -> None:
    platform.answers[path] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await CALLS[path](client)


@pytest.mark.parametrize("path", CALLS)
async def test_a_token_that_cannot_be_had_stops_the_call(client: FaceClient, platform: Platform, path: str) -> None:
    platform.answers[TOKEN_PATH] = [{"errcode": -1, "errmsg": "system error"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await CALLS[path](client)
    assert refused.value.api == TOKEN_PATH
    assert platform.calls[path] == 0


@pytest.mark.parametrize("path", CALLS)
async def test_a_refused_connection_is_unreachable(dead_port: int, path: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{dead_port}") as http:
        with pytest.raises(WeChatUnreachableError):
            await CALLS[path](FaceClient(Account(APPID, SECRET, http)))


async def test_nothing_of_a_citizen_shows_in_logs_errors_or_results(
    client: FaceClient, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusal: Answer = {"errcode": 47001, "errmsg": f"bad {NAME} {NUMBER} {OPENID} {VERIFY_ID}"}
    platform.answers[BEGIN] = [{"verify_id": VERIFY_ID, "expires_in": 3600}, refusal, None]
    platform.answers[RESULT] = [refusal, None]
    shown = [repr(await begin(client))]
    for failing in (begin, ask):
        for _ in range(2):
            with pytest.raises(WeChatError) as error:
                await failing(client)
            shown.append(f"{error.value!r} {error.value}")
            assert error.value.__cause__ is None
    seen = caplog.text + "".join(shown)
    assert RESULT in caplog.text
    for secret in (SECRET, NAME, NUMBER, PUBLISHED, OPENID, VERIFY_ID, "token-1"):
        assert secret not in seen
