"""The rules of access tokens at the WeChat stand-in: the stable ones, and the race of the older API."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.contract.sandbox.stand_ins import TEMPLATE, StandIns
from tests.contract.sandbox.wechat_calls import control

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def relaxed(stand_ins: StandIns) -> AsyncIterator[None]:
    """The rules of tokens as they were, after a test that changed them."""
    yield
    await control(stand_ins, "token-rules")


async def _older(stand_ins: StandIns) -> str:
    params = {"grant_type": "client_credential", "appid": "wxmini", "secret": "mini"}
    return str((await stand_ins.http.get("/cgi-bin/token", params=params)).json()["access_token"])


async def _code_with(stand_ins: StandIns, token: str) -> int:
    message = {"touser": "o-token", "template_id": TEMPLATE, "data": {"thing1": {"value": "已受理"}}}
    path = f"/cgi-bin/message/subscribe/send?access_token={token}"
    return int((await stand_ins.http.post(path, json=message)).json()["errcode"])


@pytest.mark.usefixtures("relaxed")
async def test_processes_that_fetch_the_older_token_race_each_other(stand_ins: StandIns) -> None:
    stable = await stand_ins.token()
    first, second = await _older(stand_ins), await _older(stand_ins)
    assert [await _code_with(stand_ins, token) for token in (first, second, stable)] == [43101] * 3
    await control(stand_ins, "token-rules", overlap_seconds=0.0)
    third = await _older(stand_ins)
    assert [await _code_with(stand_ins, token) for token in (second, third, stable)] == [40001, 43101, 43101]


@pytest.mark.usefixtures("relaxed")
async def test_a_stable_token_is_forced_seldom(stand_ins: StandIns) -> None:
    async def forced() -> Any:
        body = {"grant_type": "client_credential", "appid": "wxmini", "secret": "mini", "force_refresh": True}
        return (await stand_ins.http.post("/cgi-bin/stable_token", json=body)).json().get("errcode", 0)

    await control(stand_ins, "token-rules", force_apart_seconds=0.0)
    assert await forced() == 0
    await control(stand_ins, "token-rules")
    assert await forced() == 45011
    await control(stand_ins, "token-rules", force_apart_seconds=0.0, force_per_day=1)
    assert await forced() == 45009


async def test_a_stable_token_is_renewed_in_its_last_five_minutes_and_both_are_good(stand_ins: StandIns) -> None:
    first = await stand_ins.token()
    await control(stand_ins, "expire-tokens", in_seconds=301.0)
    assert await stand_ins.token() == first
    await control(stand_ins, "expire-tokens", in_seconds=299.0)
    renewed = await stand_ins.token()
    assert renewed != first
    assert [await _code_with(stand_ins, token) for token in (first, renewed)] == [43101, 43101]
