"""The page where WeChat asks who is there, and sends the browser back with a code (OAuth 2.0)."""

from typing import Literal
from urllib.parse import quote

Scope = Literal["snsapi_base", "snsapi_userinfo"]
"""What the person is asked for: the openid silently, or with their consent the unionid too."""

_PATH = "/connect/oauth2/authorize"


def authorize_url(
    open_url: str, appid: str, redirect_uri: str, state: str, scope: Scope, *, agent_id: str | None = None
) -> str:
    """The address to send a browser to; only WeChat's own browser and WeCom's get past it.

    It comes back to ``redirect_uri`` with ``code`` and ``state`` added. WeChat holds the address against a pattern, so
    the order of its parameters matters. ``state`` is documented as letters and digits, at most 128 bytes.
    Source: WeChat's and WeCom's documentation of web authorization.
    """
    parameters = {
        "appid": appid,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": scope,
        "state": state,
    }
    if agent_id is not None:
        parameters["agentid"] = agent_id
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return f"{open_url.rstrip('/')}{_PATH}?{query}#wechat_redirect"
