"""The stand-in for Tencent Cloud SMS and our client of it, each by code of its own, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest

from app.demo.plan import Plan
from app.kit.ports import RefusedError, TryLaterError
from app.kit.tls import public_tls
from app.notifications.sms.tencent import Credentials, TencentSms
from config.settings import Settings


@asynccontextmanager
async def sender(settings: Settings, key: str | None = None) -> AsyncIterator[TencentSms]:
    """Our client, with the right key or another one."""
    one = settings.sms
    assert one is not None
    async with httpx.AsyncClient(base_url=one.base_url, verify=public_tls(), trust_env=False) as http:
        yield TencentSms(
            http,
            Credentials(one.secret_id.get_secret_value(), key or one.secret_key.get_secret_value()),
            sdk_app_id=one.sdk_app_id,
            sign_name=one.sign_name,
            region=one.region,
        )


def control(plan: Plan) -> httpx.AsyncClient:
    """The stand-ins' controls."""
    return httpx.AsyncClient(base_url=plan.sandbox_url, verify=public_tls(), trust_env=False)


def some_number(end: str = "") -> str:
    """A mainland number that ends so."""
    return f"139{uuid4().int % 10**8:08d}"[: 11 - len(end)] + end


async def test_a_signed_message_is_taken(plan: Plan, settings: Settings) -> None:
    """Once, with its values."""
    number = some_number("9")
    async with sender(settings) as sms:
        assert await sms.send(number, "1000001", ["请补正材料"])
    async with control(plan) as http:
        found = await http.get("/control/sms/messages", params={"number": f"+86{number}"})
    (message,) = found.json()["messages"]
    assert (message["template_id"], message["values"]) == ("1000001", ["请补正材料"])


@pytest.mark.parametrize(
    ("end", "key", "reason"),
    [
        ("9", "another key", "sms_AuthFailure.SignatureFailure"),
        ("0001", None, "sms_FailedOperation.PhoneNumberInBlacklist"),
        ("0002", None, "sms_LimitExceeded.PhoneNumberDailyLimit"),
    ],
)
async def test_it_refuses_as_tencent_does(settings: Settings, end: str, key: str | None, reason: str) -> None:
    """A forged signature, and the magic numbers."""
    async with sender(settings, key) as sms:
        with pytest.raises(RefusedError) as raised:
            await sms.send(some_number(end), "1000001", [])
    assert raised.value.reason == reason


async def test_it_answers_what_it_is_told_to(plan: Plan, settings: Settings) -> None:
    """For so many calls."""
    order = {"code": "RequestLimitExceeded", "times": 1}
    async with control(plan) as http:
        (await http.post("/control/sms/answers", json=order)).raise_for_status()
    async with sender(settings) as sms:
        with pytest.raises(TryLaterError):
            await sms.send(some_number("9"), "1000001", [])
        assert await sms.send(some_number("9"), "1000001", [])
