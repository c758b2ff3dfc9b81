"""The pages of the stand-in's web authorization: who is there, and why not. Plain HTML, no script, nothing fetched."""

from collections.abc import Mapping
from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.25rem/1.6 sans-serif; max-width: 30rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }}
label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input, button {{ min-height: 3.75rem; margin: .5rem 0 1rem; padding: 0 1rem }}
[role=alert] {{ color: #a40000 }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
_FORM = """<p>这里代替微信的授权页面。输入 demo，网页就认为来的是 demo。</p>
{alert}<form method="get" action="/connect/oauth2/authorize">
{hidden}
<label for="login">登录名</label>
<input id="login" name="login" required maxlength="64" autocomplete="off" autocapitalize="none"{described}>
<button type="submit">登录</button>
</form>"""
_ALERT = '<p role="alert" id="wrong">登录名只能由文字、数字和 _ . @ - 组成，最多64个。</p>\n'


def form_page(query: Mapping[str, str], *, wrong: bool) -> str:
    """The form that asks who is there and keeps ``query``; ``wrong`` where a name was given that cannot be."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items()
    )
    described = ' aria-invalid="true" aria-describedby="wrong"' if wrong else ""
    content = _FORM.format(alert=_ALERT if wrong else "", hidden=hidden, described=described)
    return _PAGE.format(title="微信登录（演示）", content=content)


def refusal_page(sentence: str) -> str:
    """The page for an address that WeChat would not take."""
    return _PAGE.format(title="无法打开授权页面", content=f'<p role="alert">{escape(sentence)}</p>')
