"""The page where a person says who they are, as a phone's web view shows it."""

from collections.abc import Mapping
from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}省统一身份认证（演示替身）</title>
<style>body{{font:1.125rem/1.6 sans-serif;max-width:26rem;margin:2rem auto;padding:0 1rem}}
input,button{{font:inherit;min-height:2.75rem;padding:0 .75rem}}</style>
</head>
<body>
<main>
<h1>省统一身份认证</h1>
<p>这是演示用的替身，不是真实的认证平台。</p>
{alert}<form method="get" action="authorize">
{hidden}
<p><label for="hint">已登记人员的代号</label><br>
<input id="hint" name="login_hint" required autofocus autocomplete="off" autocapitalize="none"{described}></p>
<p><button type="submit">登录</button>
<button type="submit" name="cancel" value="1" formnovalidate>取消</button></p>
</form>
</main>
</body>
</html>
"""
_ALERT = '<p id="wrong" role="alert">没有登记这个代号，请核对后重新输入。</p>\n'


def form(asked: Mapping[str, str], *, unknown: bool) -> str:
    """The form that asks for a hint and carries the authorization request on; ``unknown`` says the last was wrong."""
    carried = {name: value for name, value in asked.items() if name != "login_hint"}
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in carried.items()
    )
    return _PAGE.format(
        title="代号有误 - " if unknown else "",
        alert=_ALERT if unknown else "",
        hidden=hidden,
        described=' aria-invalid="true" aria-describedby="wrong"' if unknown else "",
    )
