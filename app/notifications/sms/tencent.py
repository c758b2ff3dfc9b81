"""Tencent Cloud SMS: ``SendSms`` of API 3.0 (version 2021-01-11), signed with TC3-HMAC-SHA256.

Source: Tencent Cloud's documentation of SendSms (cloud.tencent.com/document/product/382/55981) and of the signature
(cloud.tencent.com/document/product/382/52072), whose published example is a test.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.kit import clock
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError

_ALGORITHM = "TC3-HMAC-SHA256"
_ACTION, _VERSION, _SERVICE = "SendSms", "2021-01-11", "sms"
_NAME, _LONGEST_NAME = re.compile(r"[!-~]+"), 60
_CONTENT_TYPE = "application/json; charset=utf-8"
# Refusals that pass. A limit of one number's (LimitExceeded.PhoneNumber…DailyLimit) does not pass soon enough.
_PASSING = ("RequestLimitExceeded", "InternalError", "LimitExceeded.DeliveryFrequencyLimit", "ResourceUnavailable")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key of Tencent Cloud's."""

    secret_id: str
    secret_key: str = field(repr=False)


def authorization(
    credentials: Credentials, service: str, headers: Mapping[str, str], payload: bytes, timestamp: int
) -> str:
    """The ``Authorization`` of a POST to ``/`` without a query.

    ``headers`` are those that are signed, with their values; ``timestamp`` is in seconds since 1970.
    """
    lines = sorted((name.lower(), value.strip().lower()) for name, value in headers.items())
    names = ";".join(name for name, _ in lines)
    canonical = "".join(f"{name}:{value}\n" for name, value in lines)
    request = f"POST\n/\n\n{canonical}\n{names}\n{_sha256(payload)}"
    day = datetime.fromtimestamp(timestamp, UTC).date().isoformat()
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{_sha256(request.encode())}"
    key = f"TC3{credentials.secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = _hmac(key, part)
    signature = _hmac(key, to_sign).hex()
    return f"{_ALGORITHM} Credential={credentials.secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class TencentSms:
    """Sends through one SMS application.

    ``http`` carries the service's address (https://sms.tencentcloudapi.com) as its base URL, and the time-outs;
    ``sign_name`` is the approved signature that stands before each message.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Credentials,
        *,
        sdk_app_id: str,
        sign_name: str,
        region: str,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._http = http
        self._host = urlsplit(str(http.base_url)).netloc
        self._credentials = credentials
        self._app = {"SmsSdkAppId": sdk_app_id, "SignName": sign_name}
        self._region = region
        self._now = now

    async def send(self, phone: str, template_id: str, values: list[str]) -> str:
        """Send one message and return its SerialNo. Raises TryLaterError, RefusedError or AmbiguousError."""
        body = {
            "PhoneNumberSet": [f"+86{phone}"],
            "TemplateId": template_id,
            "TemplateParamSet": values,
            **self._app,
        }
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            response = await self._http.post("/", content=payload, headers=self._headers(payload))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise TryLaterError("sms_unreachable") from None
        except httpx.RequestError:
            # The exception holds the request with the number: it is nobody's cause.
            raise AmbiguousError("no_answer") from None
        return _serial_number(response)

    def _headers(self, payload: bytes) -> dict[str, str]:
        timestamp = int(self._now().timestamp())
        signed = {"content-type": _CONTENT_TYPE, "host": self._host, "x-tc-action": _ACTION.lower()}
        return {
            "Content-Type": _CONTENT_TYPE,
            "Host": self._host,
            "X-TC-Action": _ACTION,
            "X-TC-Version": _VERSION,
            "X-TC-Region": self._region,
            "X-TC-Timestamp": str(timestamp),
            "Authorization": authorization(self._credentials, _SERVICE, signed, payload, timestamp),
        }


def _serial_number(response: httpx.Response) -> str:
    try:
        answer: dict[str, Any] = response.json()["Response"]
        if response.status_code == httpx.codes.OK and "Error" in answer:
            raise _refusal(_named(answer["Error"]["Code"]))
        status = answer["SendStatusSet"][0]
        code, serial = _named(status["Code"]), _named(status["SerialNo"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise AmbiguousError("no_answer") from None
    if code != "Ok":
        raise _refusal(code)
    return serial


def _named(value: object) -> str:
    """A code or a number as Tencent writes them, cut where it is longer than we keep; empty where it is none."""
    told = str(value)[:_LONGEST_NAME]
    return told if _NAME.fullmatch(told) else ""


def _refusal(code: str) -> TryLaterError | RefusedError:
    reason = f"sms_{code or 'unknown'}"
    return TryLaterError(reason) if code.startswith(_PASSING) else RefusedError(reason)
