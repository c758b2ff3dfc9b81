"""One call to WeChat over HTTP, and the verdict on its outcome.

WeChat wants secrets, codes and tokens in the query, and httpx logs the address of every request at INFO. Importing
this module therefore takes the query out of httpx's log records.
"""

import logging
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from json import JSONEncoder, loads
from typing import Any, Literal

import httpx

from wechat.codes import meaning_of
from wechat.connections import Connections
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError, WeChatUnreachableError
from wechat.reading import storable

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
    """Calls go to the connections as they are: WeChat's APIs know no redirects, cookies or sign-in of HTTP's."""

    def __init__(self, base_url: str, seconds: float, connections: Connections) -> None:
        super().__init__(base_url=base_url, timeout=seconds, transport=connections, trust_env=False)
        self._connections = connections
        self._limits = self.timeout.as_dict()

    async def exchange(self, method: Method, url: httpx.URL, body: bytes | None) -> tuple[int, bytes]:
        """Send JSON, or nothing; the answer's status and content. Raises httpx.RequestError."""
        head, content = _head(method, url, with_body=body is not None), body or b""
        return await self._connections.exchange(url, b"%s%d\r\n\r\n%s" % (head, len(content), content), self._limits)


@lru_cache(maxsize=64)
def _head(method: Method, url: httpx.URL, *, with_body: bool) -> bytes:
    """A request's head up to the length of its body."""
    kind = b"Content-Type: application/json\r\n" if with_body else b""
    first = b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (method.encode(), url.raw_path, url.netloc)
    return first + b"Accept: */*\r\n" + kind + b"Content-Length: "


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
    return _read(api, *await _exchange(http, method, api, params=params, json=json, files=files))


async def call_for_image(
    http: httpx.AsyncClient, api: str, *, params: Mapping[str, str], json: Mapping[str, object]
) -> bytes:
    """Call an API that answers an image's bytes, and JSON only to refuse. Raises what ``call`` raises."""
    status, content = await _exchange(http, "POST", api, params=params, json=json)
    if status == httpx.codes.OK and content.startswith(_IMAGES):
        return content
    _read(api, status, content)
    raise WeChatAmbiguousError(api, "no image")


async def _exchange(
    http: httpx.AsyncClient,
    method: Method,
    api: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
) -> tuple[int, bytes]:
    """The status and the content of the answer."""
    try:
        url = _url(http.base_url, api, tuple((params or {}).items()))
        body = None if json is None else _encoded(json).encode()
        if isinstance(http, _Client) and files is None:
            answer = await http.exchange(method, url, body)
        else:
            headers = _HEADERS if json is None else _JSON_HEADERS
            response = await http.request(method, url, headers=headers, content=body, files=files)
            answer = response.status_code, response.content
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise WeChatUnreachableError(api, type(error).__name__) from None
    except httpx.RequestError as error:
        raise WeChatAmbiguousError(api, type(error).__name__) from None
    _log.debug("%s %s: %d", method, api, answer[0])
    return answer


def _url(base: httpx.URL, api: str, params: tuple[tuple[str, str], ...]) -> httpx.URL:
    """The address of an API; those with nothing but a token are remembered, since making one costs most of a call."""
    if [name for name, _ in params] == ["access_token"]:
        return _url_with_token(base, api, params[0][1])
    return httpx.URL(f"{str(base).rstrip('/')}{api}", params=params)


@lru_cache(maxsize=64)
def _url_with_token(base: httpx.URL, api: str, token: str) -> httpx.URL:
    return httpx.URL(f"{str(base).rstrip('/')}{api}", params={"access_token": token})


def _read(api: str, status: int, content: bytes) -> dict[str, Any]:
    if status != httpx.codes.OK:
        raise WeChatAmbiguousError(api, f"status {status}")
    try:
        answer = storable(loads(content))
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
