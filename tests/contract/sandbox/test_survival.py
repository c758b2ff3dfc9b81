"""What was answered survives kill -9; what a kill tore in half was never answered."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.journal import Change, Journal, JournalDamagedError
from tests.contract.sandbox.stand_ins import APPROVALS, CITIZEN_NUMBER, TEMPLATE, Product, StandIns, until
from tests.contract.sandbox.wechat_calls import call, control
from wechat.account import Account
from wechat.errors import WeChatRefusedError
from wechat.face import FaceClient
from wechat.work import WorkTokens

on_the_shared_loop = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True, slots=True)
class Official:
    """What the official account had before: its tag, the ticket of its code and its page ticket."""

    tag: int
    code: str
    page_ticket: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """A process that was killed and started again, and what was known before."""

    stand_ins: StandIns
    token: str
    work_token: str
    official: Official
    faces: dict[str, str]
    used_headers: dict[str, str]
    case: dict[str, Any]


async def _send(stand_ins: StandIns, token: str) -> int:
    message = {"touser": "o-kill", "template_id": TEMPLATE, "data": {"thing1": {"value": "已受理"}}}
    answer = await stand_ins.http.post(f"/cgi-bin/message/subscribe/send?access_token={token}", json=message)
    return int(answer.json()["errcode"])


async def _page_ticket(stand_ins: StandIns) -> str:
    return str((await call(stand_ins, "/cgi-bin/ticket/getticket", type="jsapi"))["ticket"])


async def _official(stand_ins: StandIns) -> Official:
    """Let the official account have something of everything."""
    await control(stand_ins, "followers", count=3)
    await control(stand_ins, "follow", openid="oa-kill")
    await control(stand_ins, "follow", openid="oa-gen-0000001", following=False)
    tag = (await call(stand_ins, "/cgi-bin/tags/create", {"tag": {"name": "窗口"}}))["tag"]["id"]
    await call(stand_ins, "/cgi-bin/tags/members/batchtagging", {"tagid": tag, "openid_list": ["oa-kill"]})
    await call(stand_ins, "/cgi-bin/menu/create", {"button": [{"type": "click", "name": "进度", "key": "k"}]})
    scene = {"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 7}}}
    code = (await call(stand_ins, "/cgi-bin/qrcode/create", scene))["ticket"]
    for _ in range(2):
        assert await _notify(stand_ins) == 0
    return Official(tag, code, await _page_ticket(stand_ins))


async def _notify(stand_ins: StandIns) -> int:
    message = {"touser": "oa-gen-0000002", "template_id": TEMPLATE, "data": {"thing1": {"value": "停水"}}}
    return int((await call(stand_ins, "/cgi-bin/message/template/send", message))["errcode"])


def _faces(stand_ins: StandIns) -> FaceClient:
    return FaceClient(Account("wxmini", "mini", stand_ins.http))


async def _work_token(stand_ins: StandIns) -> str:
    return await WorkTokens("wwcompany", "company", stand_ins.http).get()


def _holder(out_seq_no: str) -> dict[str, str]:
    return {"out_seq_no": out_seq_no, "name": "张三", "id_number": CITIZEN_NUMBER, "openid": "o-kill"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def survivor(tmp_path_factory: pytest.TempPathFactory, product: Product) -> AsyncIterator[Survivor]:
    """Let the stand-ins take something of everything, kill them, tear a line as a kill may, start them again."""
    stand_ins = StandIns(tmp_path_factory.mktemp("survivor"), product)
    await stand_ins.start()
    token = await stand_ins.token()
    for _ in range(2):
        await stand_ins.http.post("/control/grants", json={"openid": "o-kill", "template_ids": [TEMPLATE]})
    assert await _send(stand_ins, token) == 0
    work_token = await _work_token(stand_ins)
    official = await _official(stand_ins)
    faces = {name: (await _faces(stand_ins).get_verify_id(**_holder(name))).verify_id for name in ("shown", "begun")}
    await stand_ins.http.post("/control/wechat/faces", json={"verify_id": faces["shown"], "passed": True})
    await stand_ins.control("kill-expected", "hold")
    await stand_ins.hand_in("kill", "请等待")
    await stand_ins.hand_in("kill-supplemented", "请补正")
    product.statuses["kill-push"] = [503] * 100
    await stand_ins.hand_in("kill-push")
    await stand_ins.reached("kill-push", "completed")
    await stand_ins.reached("kill-supplemented", "supplement_requested")
    case = await until(lambda: stand_ins.case("kill"), lambda case: case["events"][0]["delivered"])
    used_headers = APPROVALS.headers("GET", "/events", b"", now=time.time())
    assert (await stand_ins.http.get("/events", headers=used_headers)).status_code == 200

    stand_ins.kill()
    with (stand_ins.data / "approvals.jsonl").open("ab") as journal:
        journal.write(b'[{"kind":"case","submi')
    with (stand_ins.data / "wechat-sends.bin").open("ab") as sends:
        sends.write(b"\x01" * 7)
    product.statuses["kill-push"] = []
    await stand_ins.start()
    yield Survivor(stand_ins, token, work_token, official, faces, used_headers, case)
    await stand_ins.http.aclose()
    stand_ins.kill()


@on_the_shared_loop
async def test_token_grants_and_messages_survive(survivor: Survivor) -> None:
    stand_ins = survivor.stand_ins
    assert await stand_ins.token() == survivor.token
    assert [await _send(stand_ins, survivor.token) for _ in range(2)] == [0, 43101]
    assert len((await stand_ins.http.get("/control/messages?openid=o-kill")).json()["items"]) == 2


@on_the_shared_loop
async def test_faces_and_the_token_of_wecom_survive(survivor: Survivor) -> None:
    stand_ins = survivor.stand_ins
    assert await _work_token(stand_ins) == survivor.work_token
    results = {
        name: await _faces(stand_ins).query_verify_info(verify_id=verify_id, **_holder(name))
        for name, verify_id in survivor.faces.items()
    }
    assert results == {"shown": True, "begun": False}
    with pytest.raises(WeChatRefusedError):
        await _faces(stand_ins).get_verify_id(**_holder("begun"))


@on_the_shared_loop
async def test_followers_tags_menus_and_codes_survive(survivor: Survivor) -> None:
    stand_ins, official = survivor.stand_ins, survivor.official
    everybody = await call(stand_ins, "/cgi-bin/user/get")
    assert everybody["data"]["openid"] == ["oa-gen-0000000", "oa-gen-0000002", "oa-kill"]
    assert (await call(stand_ins, "/cgi-bin/user/info", openid="oa-kill"))["tagid_list"] == [official.tag]
    assert (await call(stand_ins, "/cgi-bin/menu/get"))["menu"]["button"][0]["key"] == "k"
    assert await _page_ticket(stand_ins) == official.page_ticket
    scan = await control(stand_ins, "scan", openid="oa-kill", ticket=official.code)
    assert scan["fields"]["EventKey"] == "7"


@on_the_shared_loop
async def test_sends_are_counted_on_over_a_kill(survivor: Survivor) -> None:
    assert await _notify(survivor.stand_ins) == 0
    found = (await survivor.stand_ins.http.get("/control/wechat/doubles")).json()
    assert {"openid": "oa-gen-0000002", "times": 3} in found["items"]


@on_the_shared_loop
async def test_a_case_survives_and_stays_one_case(survivor: Survivor) -> None:
    assert await survivor.stand_ins.case("kill") == survivor.case
    assert (await survivor.stand_ins.hand_in("kill", "请等待")).status_code == 200


@on_the_shared_loop
async def test_a_spent_nonce_stays_spent(survivor: Survivor) -> None:
    assert (await survivor.stand_ins.http.get("/events", headers=survivor.used_headers)).status_code == 401


@on_the_shared_loop
async def test_a_hold_placed_before_the_case_survives(survivor: Survivor) -> None:
    await survivor.stand_ins.hand_in("kill-expected")
    assert (await survivor.stand_ins.case("kill-expected"))["held"] is True


@on_the_shared_loop
async def test_a_supplement_is_still_waited_for(survivor: Survivor) -> None:
    assert (await survivor.stand_ins.supplement("kill-supplemented", "s1")).status_code == 201
    await survivor.stand_ins.reached("kill-supplemented", "completed")


@on_the_shared_loop
async def test_undelivered_events_are_pushed_after_all(survivor: Survivor, product: Product) -> None:
    await until(
        lambda: survivor.stand_ins.case("kill-push"), lambda case: all(event["delivered"] for event in case["events"])
    )
    delivered = (await product.pushed("kill-push"))[-4:]
    assert delivered == [(1, "received"), (2, "accepted"), (3, "approved"), (4, "completed")]


@settings(max_examples=50)
@given(records=st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=3), max_size=5), data=st.data())
def test_a_file_cut_anywhere_gives_back_its_whole_records(
    tmp_path_factory: pytest.TempPathFactory, records: list[list[str]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "x.jsonl"
    ends = [0]
    journal = Journal(path, lambda _change: None)
    for record in records:
        journal.record(*({"text": text} for text in record))
        ends.append(path.stat().st_size)
    journal.close()
    cut = data.draw(st.integers(0, ends[-1]))
    path.write_bytes(path.read_bytes()[:cut])

    journal = Journal(path, lambda _change: None)
    journal.record({"text": "next"})
    journal.close()
    replayed: list[Change] = []
    Journal(path, replayed.append).close()

    whole = sum(end <= cut for end in ends[1:])
    expected = [text for record in records[:whole] for text in record]
    assert [change["text"] for change in replayed] == [*expected, "next"]


def test_a_line_damaged_before_the_last_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('[{"a":1}]\n[{"b":\n' + json.dumps([{"c": 3}]) + "\n")
    with pytest.raises(JournalDamagedError) as damaged:
        Journal(path, lambda _change: None)
    assert damaged.value.line == 2
