"""A follower of the official account: follows, signs in on its page, and writes a word to it."""

import httpx

_OPENID = "oa-"


def ask_account(web: httpx.Client, sandbox: httpx.Client, login: str, word: str) -> str | None:
    """What the official account answers a follower whose account is bound; None where somebody did not answer.

    ``login`` is how the stand-in of WeChat knows the person.
    """
    openid = _OPENID + login
    try:
        sandbox.post("/control/wechat/follow", json={"openid": openid}).raise_for_status()
        with httpx.Client(base_url=web.base_url, timeout=20, trust_env=False) as browser:
            there = browser.get("/h5/sign-in/wechat").headers["Location"]
            back = sandbox.get(there.replace("#wechat_redirect", f"&login={login}"))
            browser.get(back.headers["Location"])
        fields = {"FromUserName": openid, "MsgType": "text", "Content": word}
        deliveries = sandbox.post("/control/wechat/push", json={"app": "official", "fields": fields}).json()["items"]
    except (httpx.HTTPError, KeyError):
        return None
    return str(deliveries[0]["shown"])
