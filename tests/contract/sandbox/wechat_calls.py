"""Ways to call WeChat's stand-in, and the product's codec beside it."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.contract.sandbox.stand_ins import MINI_AES_KEY, OFFICIAL_APPID, Product, StandIns
from wechat.callback import CallbackCodec
from wechat.message import Message

CODECS = {
    "official": CallbackCodec(OFFICIAL_APPID, "jiaban", ["A" * 43]),
    "mini": CallbackCodec("wxmini", "mini-token", [MINI_AES_KEY]),
}
PATHS = {"official": "/wechat/official-account", "mini": "/wechat/mini-program"}


async def call(stand_ins: StandIns, path: str, body: Any = None, *, official: bool = True, **params: str) -> Any:
    """Call an API of WeChat's with the app's token; the JSON answered, or the whole answer where it is none."""
    params["access_token"] = await stand_ins.token(official=official)
    method = "GET" if body is None else "POST"
    answer = await stand_ins.http.request(method, path, params=params, json=body)
    assert answer.status_code == 200
    return answer.json() if answer.headers["Content-Type"].startswith("application/json") else answer


async def control(stand_ins: StandIns, name: str, **body: Any) -> Any:
    """One control action on WeChat."""
    return (await stand_ins.http.post(f"/control/wechat/{name}", json=body)).json()


def opened(product: Product, app: str) -> list[Message]:
    """The pushes to an app so far, each believed and opened by the product's codec."""
    return [
        CODECS[app].open(dict(parse_qsl(urlsplit(path).query)), body)
        for path, body in product.wechat_pushes
        if urlsplit(path).path == PATHS[app]
    ]
