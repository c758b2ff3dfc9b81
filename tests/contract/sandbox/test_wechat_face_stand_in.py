"""The stand-in's face verification, asked by the library."""

from typing import Any

import pytest

from tests.contract.sandbox.stand_ins import StandIns
from wechat.account import Account
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError
from wechat.face import FaceClient, cert_hash

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME, NUMBER = "张三", "310101199801011234"
BEGIN = "/cityservice/face/identify/getverifyid"
RESULT = "/cityservice/face/identify/queryverifyinfo"


def client(stand_ins: StandIns) -> FaceClient:
    """The library's client."""
    return FaceClient(Account("wxmini", "mini", stand_ins.http))


def person(out_seq_no: str, **changes: str) -> dict[str, str]:
    """What a verification is begun with."""
    return {"out_seq_no": out_seq_no, "name": NAME, "id_number": NUMBER, "openid": "o-demo"} | changes


async def _begin(stand_ins: StandIns, out_seq_no: str) -> str:
    return (await client(stand_ins).get_verify_id(**person(out_seq_no))).verify_id


async def _show(stand_ins: StandIns, verify_id: str, *, passed: bool) -> tuple[int, Any]:
    answer = await stand_ins.http.post("/control/wechat/faces", json={"verify_id": verify_id, "passed": passed})
    return answer.status_code, answer.json().get("code")


async def _verify_ret(stand_ins: StandIns, verify_id: str, out_seq_no: str) -> int:
    body = {
        "verify_id": verify_id,
        "out_seq_no": out_seq_no,
        "cert_hash": cert_hash(NAME, NUMBER),
        "openid": "o-demo",
    }
    answer = await stand_ins.http.post(f"{RESULT}?access_token={await stand_ins.token()}", json=body)
    return int(answer.json()["verify_ret"])


@pytest.mark.parametrize(("passed", "verify_ret"), [(True, 10000), (False, 10004)])
async def test_a_verification_ends_as_the_phone_says(stand_ins: StandIns, passed: bool, verify_ret: int) -> None:
    faces, sequence = client(stand_ins), f"ends-{passed}"
    ticket = await faces.get_verify_id(**person(sequence))
    assert ticket.expires_in == 3600
    assert len(ticket.verify_id) <= 256
    assert await faces.query_verify_info(verify_id=ticket.verify_id, **person(sequence)) is False
    assert await _verify_ret(stand_ins, ticket.verify_id, sequence) == 10300
    assert await _show(stand_ins, ticket.verify_id, passed=passed) == (200, None)
    for _ in range(2):
        assert await faces.query_verify_info(verify_id=ticket.verify_id, **person(sequence)) is passed
    assert await _verify_ret(stand_ins, ticket.verify_id, sequence) == verify_ret


async def test_a_verification_is_shown_one_face(stand_ins: StandIns) -> None:
    verify_id = await _begin(stand_ins, "one-face")
    await _show(stand_ins, verify_id, passed=False)
    assert await _show(stand_ins, verify_id, passed=True) == (409, "impossible")
    assert await _verify_ret(stand_ins, verify_id, "one-face") == 10004
    assert await _show(stand_ins, "nothing", passed=True) == (404, "unknown_face")


async def test_an_expired_verification_takes_no_face_and_keeps_its_result(stand_ins: StandIns) -> None:
    open_id, done_id = await _begin(stand_ins, "left-open"), await _begin(stand_ins, "answered")
    await _show(stand_ins, done_id, passed=True)
    assert (await stand_ins.http.post("/control/wechat/expire-faces")).status_code == 200
    assert await _show(stand_ins, open_id, passed=True) == (409, "impossible")
    assert await _verify_ret(stand_ins, open_id, "left-open") == 10300
    assert await _verify_ret(stand_ins, done_id, "answered") == 10000


@pytest.mark.parametrize(
    "changes",
    [
        {"out_seq_no": "belongs-other"},
        {"name": "李四"},
        {"id_number": "310101199801011235"},
        {"openid": "o-other"},
        {"verify_id": "other"},
    ],
)
async def test_a_result_is_for_exactly_the_values_it_was_begun_with(
    stand_ins: StandIns, changes: dict[str, str]
) -> None:
    sequence = f"belongs-{next(iter(changes))}"
    verify_id = await _begin(stand_ins, sequence)
    await _show(stand_ins, verify_id, passed=True)
    with pytest.raises(WeChatRefusedError) as refused:
        await client(stand_ins).query_verify_info(**({"verify_id": verify_id} | person(sequence) | changes))
    assert refused.value.code == 84001


async def test_a_sequence_number_is_used_once(stand_ins: StandIns) -> None:
    await _begin(stand_ins, "used-once")
    with pytest.raises(WeChatRefusedError) as refused:
        await client(stand_ins).get_verify_id(**person("used-once", openid="o-other"))
    assert refused.value.code == 40097


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"out_seq_no": "1234"}, 40097),
        ({"out_seq_no": "x" * 33}, 40097),
        ({"out_seq_no": "a.b.c"}, 40097),
        ({"name": " "}, 40097),
        ({"id_number": "31010119980101123"}, 40097),
        ({"id_number": "H10100199801011234"}, 40097),
        ({"openid": "oa-demo"}, 40003),
    ],
)
async def test_a_beginning_is_refused_with_a_code(stand_ins: StandIns, changes: dict[str, str], errcode: int) -> None:
    with pytest.raises(WeChatRefusedError) as refused:
        await client(stand_ins).get_verify_id(**(person("refused-one") | changes))
    assert refused.value.code == errcode


@pytest.mark.parametrize("path", [BEGIN, RESULT])
async def test_both_calls_want_a_token_and_an_object(stand_ins: StandIns, path: str) -> None:
    assert (await stand_ins.http.post(path, json={})).json()["errcode"] == 41001
    answer = await stand_ins.http.post(f"{path}?access_token={await stand_ins.token()}", json=[])
    assert answer.json()["errcode"] == 47001


async def test_another_document_than_an_identity_card_is_refused(stand_ins: StandIns) -> None:
    cert = {"cert_type": "PASSPORT", "cert_name": NAME, "cert_no": NUMBER}
    body = {"out_seq_no": "passport", "cert_info": cert, "openid": "o-demo"}
    answer = await stand_ins.http.post(f"{BEGIN}?access_token={await stand_ins.token()}", json=body)
    assert answer.json()["errcode"] == 40097


async def test_an_expired_token_is_renewed(stand_ins: StandIns) -> None:
    faces = client(stand_ins)
    await faces.get_verify_id(**person("token-1"))
    await stand_ins.http.post("/control/wechat/expire-tokens")
    await faces.get_verify_id(**person("token-2"))


async def test_the_journal_knows_no_name_and_no_number(stand_ins: StandIns) -> None:
    await _begin(stand_ins, "journaled")
    journal = (stand_ins.data / "wechat.jsonl").read_text(encoding="utf-8")
    assert cert_hash(NAME, NUMBER) in journal
    assert NAME not in journal
    assert NUMBER not in journal


async def test_an_answer_that_was_lost_leaves_its_sequence_number_used(stand_ins: StandIns) -> None:
    await stand_ins.http.post("/control/faults", json={"point": "wechat.face.after", "action": "drop"})
    with pytest.raises(WeChatAmbiguousError):
        await _begin(stand_ins, "lost-answer")
    with pytest.raises(WeChatRefusedError):
        await _begin(stand_ins, "lost-answer")
    await stand_ins.http.post("/control/faults", json={"point": "wechat.face.before", "action": "error"})
    with pytest.raises(WeChatRefusedError) as busy:
        await _begin(stand_ins, "busy-answer")
    assert busy.value.code == -1
    await _begin(stand_ins, "busy-answer")
