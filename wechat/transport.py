"""One call to WeChat over HTTP, and the verdict on its outcome.

WeChat wants secrets, codes and tokens in the query, and httpx logs the address of every request at INFO. Importing
this module therefore takes the query out of httpx's log records.
"""

import logging
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from json import JSONEncoder
from typing import Any, Literal

import httpx

from wechat.codes import meaning_of
from wechat.connections import Connections
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError, WeChatUnreachableError

_log = logging.getLogger(__name__)

BASE_URL = "https://api.weixin.qq.com"

# What of the platform's own message is safe to keep: a field's name and the id that WeChat's support asks for.
_FIELD = re.compile(r"data\.[a-z_]+[0-9]+\b")
_REQUEST_ID = re.compile(r"rid: ?([0-9a-f-]{8,64})")
_encoded = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_HEADERS = httpx.Headers({"Accept": "*/*"})
_JSON_HEADERS = httpx.Headers({"Accept": "*/*", "Content-Type": "application/json"})
# What a PNG and a JPEG begin with.
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff")

Method = Literal["GET", "POST"]


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            value.copy_with(query=None) if isinstance(value, httpx.URL) else value for value in record.args
        )
    return True


logging.getLogger("httpx").addFilter(_without_query)


class _Client(httpx.AsyncClient):
    """Requests go to the connections as they are: WeChat's APIs know no redirects, cookies or sign-in of HTTP's."""

    def __init__(self, base_url: str, seconds: float, connections: Connections) -> None:
        super().__init__(base_url=base_url, timeout=seconds, transport=connections, trust_env=False)
        self._connections = connections

    async def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        """See ``httpx.AsyncClient``."""
        response = await self._connections.handle_async_request(request)
        response.request = request
        return response


def open_http(
    base_url: str = BASE_URL, *, seconds: float = 5.0, verify: ssl.SSLContext | bool = True
) -> httpx.AsyncClient:
    """An HTTP client for this package: its address, time-outs for each step, connections that are used again.

    ``seconds`` is how long waiting for a connection, making one, and the whole answer may each take. To be closed by
    the caller. Any other httpx client serves as well, more slowly.
    """
    return _Client(base_url, seconds, Connections(verify))


async def call(
    http: httpx.AsyncClient,
    method: Method,
    api: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
    file: tuple[str, bytes, str] | None = None,
) -> dict[str, Any]:
    """Call ``api``, a path under the client's address, once and return WeChat's JSON object.

    ``file`` is a name, a content and its type, sent as the form's field ``media``. Raises WeChatUnreachableError,
    WeChatAmbiguousError or WeChatRefusedError, none of which carries a value or a cause: httpx's exceptions hold the
    request with its secrets.
    """
    files = {"media": file} if file is not None else None
    return _read(api, await _exchange(http, method, api, params=params, json=json, files=files))


async def call_for_image(
    http: httpx.AsyncClient, api: str, *, params: Mapping[str, str], json: Mapping[str, object]
) -> bytes:
    """Call an API that answers an image's bytes, and JSON only to refuse. Raises what ``call`` raises."""
    response = await _exchange(http, "POST", api, params=params, json=json)
    if response.status_code == httpx.codes.OK and response.content.startswith(_IMAGES):
        return response.content
    _read(api, response)
    raise WeChatAmbiguousError(api, "no image")


async def _exchange(
    http: httpx.AsyncClient,
    method: Method,
    api: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
) -> httpx.Response:
    try:
        url = _url(http.base_url, api, tuple((params or {}).items()))
        body = None if json is None else _encoded(json).encode()
        request = httpx.Request(
            method,
            url,
            headers=_HEADERS if json is None else _JSON_HEADERS,
            content=body,
            files=files,
            extensions={"timeout": http.timeout.as_dict()},
        )
        response = await http.send(request)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise WeChatUnreachableError(api, type(error).__name__) from None
    except httpx.RequestError as error:
        raise WeChatAmbiguousError(api, type(error).__name__) from None
    _log.debug("%s %s: %d", method, api, response.status_code)
    return response


def _url(base: httpx.URL, api: str, params: tuple[tuple[str, str], ...]) -> httpx.URL:
    """The address of an API; those with nothing but a token are remembered, since making one costs most of a call."""
    if [name for name, _ in params] == ["access_token"]:
        return _url_with_token(base, api, params[0][1])
    return httpx.URL(f"{str(base).rstrip('/')}{api}", params=params)


@lru_cache(maxsize=64)
def _url_with_token(base: httpx.URL, api: str, token: str) -> httpx.URL:
    return httpx.URL(f"{str(base).rstrip('/')}{api}", params={"access_token": token})


def _read(api: str, response: httpx.Response) -> dict[str, Any]:
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


def _safe_message(code: int, errmsg: object) -> str:
    parts = [meaning_of(code)]
    if isinstance(errmsg, str):
        parts += _FIELD.findall(errmsg)[:1]
        parts += [f"rid {rid}" for rid in _REQUEST_ID.findall(errmsg)[:1]]
    return ", ".join(parts)
