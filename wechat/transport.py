"""One call to WeChat over HTTP, and the verdict on its outcome.

WeChat wants secrets, codes and tokens in the query, and httpx logs the address of every request at INFO. Importing
this module therefore takes the query out of httpx's log records.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import httpx

from wechat.codes import Advice, meaning_of
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError, WeChatUnreachableError

# What of the platform's own message is safe to keep: a field's name and the id that WeChat's support asks for.
_FIELD = re.compile(r"data\.[a-z_]+[0-9]+\b")
_REQUEST_ID = re.compile(r"rid: ?([0-9a-f-]{8,64})")


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            value.copy_with(query=None) if isinstance(value, httpx.URL) else value for value in record.args
        )
    return True


logging.getLogger("httpx").addFilter(_without_query)


class Tokens(Protocol):
    """Where access tokens come from; both methods raise the errors of ``call`` where none can be had."""

    async def get(self) -> str:
        """The token in force."""
        ...

    async def refresh(self, stale: str) -> str:
        """Another token than ``stale``, which the platform has refused."""
        ...


async def call(
    http: httpx.AsyncClient,
    method: Literal["GET", "POST"],
    api: str,
    *,
    base_url: str = "",
    params: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Call ``api`` (a path, under ``base_url`` or the client's own) once and return WeChat's JSON object.

    Raises WeChatUnreachableError, WeChatAmbiguousError or WeChatRefusedError, none of which carries a value or a
    cause: httpx's exceptions hold the request with its secrets.
    """
    try:
        response = await http.request(method, base_url + api, params=params, json=json)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise WeChatUnreachableError(api, type(error).__name__) from None
    except httpx.RequestError as error:
        raise WeChatAmbiguousError(api, type(error).__name__) from None
    if response.status_code != httpx.codes.OK:
        raise WeChatAmbiguousError(api, f"status {response.status_code}")
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        raise WeChatAmbiguousError(api, "not JSON") from None
    if not isinstance(answer, dict):
        raise WeChatAmbiguousError(api, "not an object")
    code = answer.get("errcode", 0)
    if not isinstance(code, int):
        raise WeChatAmbiguousError(api, "unreadable errcode")
    if code:
        raise WeChatRefusedError(api, code, _safe_message(code, answer.get("errmsg")))
    return answer


async def call_with_token(
    http: httpx.AsyncClient,
    tokens: Tokens,
    method: Literal["GET", "POST"],
    api: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Call ``api`` with an access token in the query; once more with another one where the token was refused.

    Raises what ``call`` raises.
    """
    token = await tokens.get()
    try:
        return await call(http, method, api, params={"access_token": token, **(params or {})}, json=json)
    except WeChatRefusedError as refused:
        if refused.advice is not Advice.REFRESH_TOKEN:
            raise
    # The platform said no, so nothing has happened and a repeat is safe; a second no stands.
    token = await tokens.refresh(token)
    return await call(http, method, api, params={"access_token": token, **(params or {})}, json=json)


def text(answer: Mapping[str, Any], name: str, *, api: str) -> str:
    """The non-empty text ``name`` of an answer. Raises WeChatAmbiguousError where it is missing."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise WeChatAmbiguousError(api, f"no {name}")
    return value


def lifetime(answer: Mapping[str, Any], *, api: str) -> int:
    """The seconds in ``expires_in``. Raises WeChatAmbiguousError where they are missing or none."""
    seconds = answer.get("expires_in")
    if not isinstance(seconds, int) or seconds <= 0:
        raise WeChatAmbiguousError(api, "no expires_in")
    return seconds


def _safe_message(code: int, errmsg: object) -> str:
    parts = [meaning_of(code)]
    if isinstance(errmsg, str):
        parts += _FIELD.findall(errmsg)[:1]
        parts += [f"rid {rid}" for rid in _REQUEST_ID.findall(errmsg)[:1]]
    return ", ".join(parts)
