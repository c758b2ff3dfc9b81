"""The real-name authority's stand-in: what is true, what is not, and whom it answers."""

import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.signing import Signer
from app.sandbox.authority import is_well_formed
from tests.contract.sandbox.stand_ins import AUTHORITY, CITIZEN_NUMBER, StandIns

_PATH = "/real-name-checks"
on_the_shared_loop = pytest.mark.asyncio(loop_scope="session")


async def _check(stand_ins: StandIns, name: str, id_number: str = CITIZEN_NUMBER) -> httpx.Response:
    return await stand_ins.signed("POST", _PATH, {"name": name, "id_number": id_number}, signer=AUTHORITY)


async def _count(stand_ins: StandIns) -> int:
    return int((await stand_ins.http.get("/control/authority")).json()["checks"])


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_standards_own_numbers_are_well_formed(number: str) -> None:
    assert is_well_formed(number)


@given(place=st.integers(0, 16), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_seen(place: int, digit: str) -> None:
    changed = CITIZEN_NUMBER[:place] + digit + CITIZEN_NUMBER[place + 1 :]
    assert is_well_formed(changed) == (changed == CITIZEN_NUMBER)


@given(st.text(max_size=20))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert is_well_formed(text) in (True, False)


@on_the_shared_loop
async def test_a_well_formed_pair_is_true_unless_the_name_says_otherwise(stand_ins: StandIns) -> None:
    before = await _count(stand_ins)
    true, false = await _check(stand_ins, "张三"), await _check(stand_ins, "张不符")
    assert (true.json()["match"], false.json()["match"]) == (True, False)
    assert true.json()["serial"] != false.json()["serial"]
    assert await _count(stand_ins) == before + 2


@on_the_shared_loop
async def test_an_ill_formed_pair_is_refused(stand_ins: StandIns) -> None:
    for name, number in (("张三", "110105194912310021"), ("张三", "11010519491231002"), (" ", CITIZEN_NUMBER)):
        answer = await _check(stand_ins, name, number)
        assert (answer.status_code, answer.json()) == (400, {"code": "malformed"})


@on_the_shared_loop
async def test_no_name_and_no_number_is_kept(stand_ins: StandIns) -> None:
    await _check(stand_ins, "欧阳不留名")
    kept = (stand_ins.data / "authority.jsonl").read_text()
    assert "欧阳" not in kept
    assert CITIZEN_NUMBER not in kept


@on_the_shared_loop
async def test_a_silent_check_is_not_answered_in_time(stand_ins: StandIns) -> None:
    body = json.dumps({"name": "张超时", "id_number": CITIZEN_NUMBER}).encode()
    headers = AUTHORITY.headers("POST", _PATH, body, now=time.time())
    with pytest.raises(httpx.ReadTimeout):
        await stand_ins.http.post(_PATH, content=body, headers=headers, timeout=0.3)


@pytest.mark.long
@on_the_shared_loop
async def test_a_silent_check_ends_in_504_after_ten_seconds(stand_ins: StandIns) -> None:
    started = time.monotonic()
    body = json.dumps({"name": "张超时", "id_number": CITIZEN_NUMBER}).encode()
    headers = AUTHORITY.headers("POST", _PATH, body, now=time.time())
    answer = await stand_ins.http.post(_PATH, content=body, headers=headers, timeout=15)
    assert answer.status_code == 504
    assert 9.5 < time.monotonic() - started < 12


@on_the_shared_loop
async def test_only_a_fresh_signature_of_the_right_client_is_believed(stand_ins: StandIns) -> None:
    body = json.dumps({"name": "张三", "id_number": CITIZEN_NUMBER}).encode()
    good = AUTHORITY.headers("POST", _PATH, body, now=time.time())
    stranger = Signer(AUTHORITY.client_id, b"guessed")
    refused: dict[str, dict[str, Any]] = {
        "unsigned": {"content": body},
        "old": {"content": body, "headers": AUTHORITY.headers("POST", _PATH, body, now=time.time() - 301)},
        "changed": {"content": body.replace(b"1949", b"1950"), "headers": good},
        "another key": {"content": body, "headers": stranger.headers("POST", _PATH, body, now=time.time())},
    }
    for reason, request in refused.items():
        answer = await stand_ins.http.post(_PATH, **request)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature"), reason
    assert (await stand_ins.http.post(_PATH, content=body, headers=good)).status_code == 200
    replayed = await stand_ins.http.post(_PATH, content=body, headers=good)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "signature")


_REPRESENTATIVE = {"name": "李桂兰", "id_number": CITIZEN_NUMBER}


@pytest.mark.parametrize(
    ("uscc", "name", "representative", "match"),
    [
        ("91230800MA1B2C3D4D", "佳木斯示例食品有限公司", "李桂兰", True),
        ("91230800MA1B2C3D4D", "别的公司", "李桂兰", False),
        ("91350211M0000XUF46", "示例旧代码企业", "李桂兰", True),
        ("91350100M000100Y43", "任意公司", "李桂兰", True),
        ("91350100M000100Y43", "任意公司", "李不符", False),
        ("91350100M000100Y43", "公司不符", "李桂兰", False),
    ],
)
@on_the_shared_loop
async def test_companies_are_known_by_code_name_and_representative(
    stand_ins: StandIns, uscc: str, name: str, representative: str, match: bool
) -> None:
    body = {"uscc": uscc, "name": name, "legal_representative": {**_REPRESENTATIVE, "name": representative}}
    response = await stand_ins.signed("POST", "/company-checks", body, signer=AUTHORITY)
    assert response.json()["match"] is match


@pytest.mark.parametrize(("name", "match"), [("李小兰", True), ("李不符", False)])
@on_the_shared_loop
async def test_a_guardian_is_one_unless_the_childs_name_says_otherwise(
    stand_ins: StandIns, name: str, match: bool
) -> None:
    body = {"guardian_id_number": CITIZEN_NUMBER, "minor": {"name": name, "id_number": CITIZEN_NUMBER}}
    response = await stand_ins.signed("POST", "/guardianship-checks", body, signer=AUTHORITY)
    assert response.json()["match"] is match


@on_the_shared_loop
async def test_legal_checks_must_be_signed(stand_ins: StandIns) -> None:
    for path in ("/company-checks", "/guardianship-checks"):
        assert (await stand_ins.http.post(path, json={})).status_code == 401
