"""Faults stop, cut or break a request before or after its work."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.contract.sandbox.stand_ins import StandIns, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _arm(stand_ins: StandIns, point: str, action: str, **more: Any) -> httpx.Response:
    return await stand_ins.http.post("/control/faults", json={"point": point, "action": action, **more})


async def _fault(stand_ins: StandIns, point: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = (await stand_ins.http.get("/control/faults")).json()["items"]
    return next((item for item in items if item["point"] == point), {})


async def _release(stand_ins: StandIns, point: str) -> None:
    await stand_ins.http.delete(f"/control/faults/{point}")


@pytest.mark.parametrize(("moment", "stored"), [("before", False), ("after", True)])
async def test_a_paused_request_waits_at_its_boundary(stand_ins: StandIns, moment: str, stored: bool) -> None:
    point, case_no = f"approvals.receive.{moment}", f"paused-{moment}"
    assert (await _arm(stand_ins, point, "pause")).status_code == 201
    request = asyncio.create_task(stand_ins.hand_in(case_no, "请等待"))
    await until(lambda: _fault(stand_ins, point), lambda fault: fault["waiting"] == 1)
    assert bool(await stand_ins.case(case_no)) is stored
    assert not request.done()
    await _release(stand_ins, point)
    assert (await request).status_code == 201
    assert await _fault(stand_ins, point) == {}


async def test_a_caller_that_hangs_up_before_the_work_leaves_nothing(stand_ins: StandIns) -> None:
    point = "approvals.receive.before"
    await _arm(stand_ins, point, "pause")
    request = asyncio.create_task(stand_ins.hand_in("hung-up", "请等待"))
    await until(lambda: _fault(stand_ins, point), lambda fault: fault["waiting"] == 1)
    request.cancel()
    fault = await until(lambda: _fault(stand_ins, point), lambda fault: fault["waiting"] == 0)
    assert fault["hit"] == 1
    await _release(stand_ins, point)
    assert await stand_ins.case("hung-up") == {}


@pytest.mark.parametrize(("moment", "again"), [("before", 201), ("after", 200)])
async def test_a_dropped_request_is_cut_without_an_answer(stand_ins: StandIns, moment: str, again: int) -> None:
    point, case_no = f"approvals.receive.{moment}", f"dropped-{moment}"
    await _arm(stand_ins, point, "drop")
    with pytest.raises(httpx.RemoteProtocolError):
        await stand_ins.hand_in(case_no, "请等待")
    assert (await _fault(stand_ins, point))["hit"] == 1
    assert (await stand_ins.hand_in(case_no, "请等待")).status_code == again
    await _release(stand_ins, point)


async def test_an_error_comes_as_often_as_asked(stand_ins: StandIns) -> None:
    await _arm(stand_ins, "approvals.events.before", "error", times=2)
    statuses = [(await stand_ins.signed("GET", "/events")).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    await _release(stand_ins, "approvals.events.before")


async def test_an_error_of_wechat_is_its_busy_code(stand_ins: StandIns) -> None:
    await _arm(stand_ins, "wechat.login.before", "error")
    answer = await stand_ins.http.get("/sns/jscode2session")
    assert (answer.status_code, answer.json()["errcode"]) == (200, -1)
    await _release(stand_ins, "wechat.login.before")


async def test_a_delayed_request_is_answered_later(stand_ins: StandIns) -> None:
    await _arm(stand_ins, "approvals.query.before", "delay", seconds=0.2)
    started = asyncio.get_running_loop().time()
    assert (await stand_ins.signed("GET", "/approvals/nowhere")).status_code == 404
    assert asyncio.get_running_loop().time() - started >= 0.2
    await _release(stand_ins, "approvals.query.before")


async def test_an_unknown_point_or_action_is_refused(stand_ins: StandIns) -> None:
    assert (await _arm(stand_ins, "approvals.receive", "drop")).json()["code"] == "unknown_point"
    assert (await _arm(stand_ins, "approvals.receive.after", "burn")).json()["code"] == "malformed"
