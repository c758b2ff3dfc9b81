"""Wrong answers, delays, quotas and counts of the WeChat stand-in, as a test orders them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.contract.sandbox.stand_ins import TEMPLATE, StandIns, until

pytestmark = pytest.mark.asyncio(loop_scope="session")
SEND = "/cgi-bin/message/subscribe/send"


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def untroubled(stand_ins: StandIns) -> AsyncIterator[None]:
    """Leave nothing behind for others."""
    yield
    await stand_ins.http.delete("/control/wechat/answers")
    await stand_ins.http.post("/control/wechat/quota", json={"api": SEND, "day": 10_000_000})


async def _control(stand_ins: StandIns, name: str, **body: Any) -> httpx.Response:
    return await stand_ins.http.post(f"/control/wechat/{name}", json=body)


async def _send(stand_ins: StandIns, openid: str, **more: Any) -> httpx.Response:
    message = {"touser": openid, "template_id": TEMPLATE, "data": {"thing1": {"value": "已受理"}}}
    return await stand_ins.http.post(f"{SEND}?access_token={await stand_ins.token()}", json=message, **more)


async def _grant(stand_ins: StandIns, openid: str, times: int) -> None:
    for _ in range(times):
        await stand_ins.http.post("/control/grants", json={"openid": openid, "template_ids": [TEMPLATE]})


async def _received(stand_ins: StandIns, openid: str) -> int:
    return len((await stand_ins.http.get("/control/messages", params={"openid": openid})).json()["items"])


async def test_an_ordered_errcode_comes_as_often_as_asked_and_nothing_is_done(stand_ins: StandIns) -> None:
    await _grant(stand_ins, "o-ordered", 1)
    assert (await _control(stand_ins, "answers", api=SEND, errcode=45009, times=2)).status_code == 201
    codes = [(await _send(stand_ins, "o-ordered")).json()["errcode"] for _ in range(3)]
    assert codes == [45009, 45009, 0]
    assert await _received(stand_ins, "o-ordered") == 1


async def test_an_order_for_a_while_ends_by_itself(stand_ins: StandIns) -> None:
    await _control(stand_ins, "answers", api=SEND, errcode=-1, seconds=2.0)

    async def code() -> int:
        return int((await _send(stand_ins, "o-while")).json()["errcode"])

    assert await code() == -1
    assert await until(code, lambda code: code != -1) == 43101


async def test_an_order_may_meet_one_call_in_three(stand_ins: StandIns) -> None:
    await _control(stand_ins, "answers", api=SEND, errcode=-1, every=3, times=2)
    codes = [(await _send(stand_ins, "o-third")).json()["errcode"] for _ in range(9)]
    assert codes == [43101, 43101, -1] * 2 + [43101] * 3
    (order,) = (await stand_ins.http.get("/control/wechat/answers")).json()["items"]
    assert (order["met"], order["in_force"]) == (2, False)


async def test_an_order_without_a_number_comes_once_for_any_api(stand_ins: StandIns) -> None:
    await _control(stand_ins, "answers", status=502)
    login = await stand_ins.http.get("/sns/jscode2session")
    assert (login.status_code, login.content) == (502, b"")
    assert (await stand_ins.http.get("/sns/jscode2session")).json()["errcode"] == 40013


async def _hang_up(sending: asyncio.Task[httpx.Response]) -> None:
    assert not sending.done()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


@pytest.mark.parametrize(("moment", "received"), [("before", 0), ("after", 1)])
async def test_a_lost_answer_tells_nothing_of_what_was_done(stand_ins: StandIns, moment: str, received: int) -> None:
    openid = f"o-lost-{moment}"
    await _grant(stand_ins, openid, 1)
    await _control(stand_ins, "answers", api=SEND, timeout=True, moment=moment)
    sending = asyncio.create_task(_send(stand_ins, openid))

    async def met() -> int:
        (order,) = (await stand_ins.http.get("/control/wechat/answers")).json()["items"]
        return int(order["met"])

    assert await until(met, bool) == 1
    assert await _received(stand_ins, openid) == received
    await _hang_up(sending)


async def test_a_caller_that_hangs_up_during_the_delay_was_served_all_the_same(stand_ins: StandIns) -> None:
    await _grant(stand_ins, "o-slow", 1)
    await _control(stand_ins, "latency", api=SEND, milliseconds=60_000)
    sending = asyncio.create_task(_send(stand_ins, "o-slow"))

    async def received() -> int:
        return await _received(stand_ins, "o-slow")

    assert await until(received, bool) == 1
    await _hang_up(sending)


async def test_an_answer_waits_as_long_as_asked(stand_ins: StandIns) -> None:
    await _control(stand_ins, "latency", api=SEND, milliseconds=200)
    started = asyncio.get_running_loop().time()
    await _send(stand_ins, "o-slow")
    assert asyncio.get_running_loop().time() - started >= 0.2


@pytest.mark.parametrize(("quota", "errcode"), [({"day": 2}, 45009), ({"minute": 2}, 45011)])
async def test_a_quota_ends_with_its_code_and_begins_anew_when_set(
    stand_ins: StandIns, quota: dict[str, int], errcode: int
) -> None:
    await _control(stand_ins, "quota", api=SEND, **quota)
    # Seven, because a minute of the clock may end in between.
    codes = [(await _send(stand_ins, "o-quota")).json()["errcode"] for _ in range(7)]
    assert codes[0] == 43101
    assert codes.count(errcode) >= 3
    await _control(stand_ins, "quota", api=SEND, **quota)
    assert (await _send(stand_ins, "o-quota")).json()["errcode"] == 43101


async def test_calls_are_counted_by_api_and_outcome(stand_ins: StandIns) -> None:
    await stand_ins.http.delete("/control/wechat/counts")
    await _grant(stand_ins, "o-counted", 1)
    for _ in range(3):
        await _send(stand_ins, "o-counted")
    await _control(stand_ins, "answers", api=SEND, status=503)
    await _send(stand_ins, "o-counted")
    counts = (await stand_ins.http.get("/control/wechat/counts")).json()["counts"]
    assert counts[SEND] == {"0": 1, "43101": 2, "status 503": 1}


async def test_an_order_that_cannot_be_is_refused(stand_ins: StandIns) -> None:
    assert (await _control(stand_ins, "answers", api="/cgi-bin/nowhere", errcode=1)).json()["code"] == "unknown_api"
    assert (await _control(stand_ins, "answers", api=SEND)).json()["code"] == "malformed"
    assert (await _control(stand_ins, "answers", api=SEND, errcode=1, timeout=True)).json()["code"] == "malformed"
