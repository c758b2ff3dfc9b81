"""Tencent Cloud's protocol: its published signatures, and what its answers mean."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from app.kit.ports import AmbiguousError, PortError, RefusedError, TryLaterError
from app.notifications.sms.tencent import Credentials, TencentSms, authorization

# The worked example of the documentation (product/382/52072, and its English edition): it calls CVM on 2019-02-25.
PAYLOAD = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
HEADERS = {"Content-Type": "application/json; charset=utf-8", "Host": "cvm.tencentcloudapi.com"}
MOMENT = 1_551_113_065


@pytest.mark.parametrize(
    ("key", "more", "names", "signature"),
    [
        (
            "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            {},
            "content-type;host",
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
        ),
        # The newer edition prints the key as asterisks, and reckons with them.
        (
            "*" * 32,
            {"X-TC-Action": "DescribeInstances"},
            "content-type;host;x-tc-action",
            "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f",
        ),
    ],
)
def test_published_signatures_pass(key: str, more: dict[str, str], names: str, signature: str) -> None:
    """Letter for letter."""
    made = authorization(Credentials("AKID", key), "cvm", HEADERS | more, PAYLOAD, MOMENT)
    scope = "AKID/2019-02-25/cvm/tc3_request"
    assert made == f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"


def sender(answer: httpx.Response | Exception, seen: list[httpx.Request]) -> TencentSms:
    """A sender whose service answers this."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = httpx.AsyncClient(base_url="https://sms.tencentcloudapi.com", transport=httpx.MockTransport(handle))
    return TencentSms(
        http,
        Credentials("AKID", "key"),
        sdk_app_id="1400000000",
        sign_name="佳办",
        region="ap-guangzhou",
        now=lambda: datetime.fromtimestamp(MOMENT, UTC),
    )


def status(code: str) -> httpx.Response:
    """An answer about the one number."""
    return httpx.Response(200, json={"Response": {"SendStatusSet": [{"SerialNo": "5000:1", "Code": code}]}})


def error(code: str) -> httpx.Response:
    """A refusal of the whole request."""
    return httpx.Response(200, json={"Response": {"Error": {"Code": code, "Message": ""}}})


async def test_a_message_is_sent_as_documented() -> None:
    """The body and the headers of SendSms."""
    seen: list[httpx.Request] = []
    assert await sender(status("Ok"), seen).send("13800000000", "1000001", ["请补正材料"]) == "5000:1"
    (request,) = seen
    assert json.loads(request.content) == {
        "PhoneNumberSet": ["+8613800000000"],
        "TemplateId": "1000001",
        "TemplateParamSet": ["请补正材料"],
        "SmsSdkAppId": "1400000000",
        "SignName": "佳办",
    }
    assert (request.headers["x-tc-action"], request.headers["x-tc-version"]) == ("SendSms", "2021-01-11")
    assert request.headers["x-tc-timestamp"] == str(MOMENT)


@pytest.mark.parametrize(("serial", "kept"), [("a\0b", ""), ("a\ud83d", ""), ("", ""), ("5" * 99, "5" * 60)])
async def test_a_message_that_was_sent_is_sent_whatever_it_is_called(serial: str, kept: str) -> None:
    """What a record of it cannot keep would have it sent again."""
    content = json.dumps({"Response": {"SendStatusSet": [{"SerialNo": serial, "Code": "Ok"}]}}).encode()
    assert await sender(httpx.Response(200, content=content), []).send("13800000000", "1000001", []) == kept


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (status("FailedOperation.PhoneNumberInBlacklist"), RefusedError, "sms_FailedOperation.PhoneNumberInBlacklist"),
        (status("LimitExceeded.PhoneNumberDailyLimit"), RefusedError, "sms_LimitExceeded.PhoneNumberDailyLimit"),
        (status("LimitExceeded.DeliveryFrequencyLimit"), TryLaterError, "sms_LimitExceeded.DeliveryFrequencyLimit"),
        (error("RequestLimitExceeded"), TryLaterError, "sms_RequestLimitExceeded"),
        (status("a\0b"), RefusedError, "sms_unknown"),
        (error("UnsupportedOperation." + "x" * 99), RefusedError, "sms_UnsupportedOperation." + "x" * 39),
        (error("InternalError.OtherError"), TryLaterError, "sms_InternalError.OtherError"),
        (error("AuthFailure.SignatureFailure"), RefusedError, "sms_AuthFailure.SignatureFailure"),
        (httpx.Response(502), AmbiguousError, "no_answer"),
        (httpx.Response(200, json=[]), AmbiguousError, "no_answer"),
        (httpx.Response(200, json={"Response": {"SendStatusSet": []}}), AmbiguousError, "no_answer"),
        (httpx.ConnectError("13800000000"), TryLaterError, "sms_unreachable"),
        (httpx.ReadTimeout("13800000000"), AmbiguousError, "no_answer"),
    ],
)
async def test_an_answer_says_whether_it_may_be_sent_again(
    answer: httpx.Response | Exception, kind: type[PortError], reason: str
) -> None:
    """And carries no number on."""
    with pytest.raises(kind) as raised:
        await sender(answer, []).send("13800000000", "1000001", [])
    assert raised.value.reason == reason
    assert raised.value.__cause__ is None
    assert "13800000000" not in str(raised.value)
