"""Browsers of citizens: the Chromium of the machine, at the size of an old phone, signed in through the stand-in."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import manimgx_fonts_cjk
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, ViewportSize, sync_playwright

from app.demo.plan import Plan
from app.kit.tls import public_tls
from tests.people import Person

VIEWPORT: ViewportSize = {"width": 360, "height": 640}
_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@contextmanager
def running_browser(folder: Path, *flags: str) -> Iterator[Browser]:
    """Chromium with ``flags``. Where there is none, this fails: pages that no browser has opened are not tested.

    JIABAN_CHROMIUM names another one than the first on the PATH. Playwright's own loop runs as long as this lasts, and
    no other can in this process: tests with a browser are not asynchronous.
    """
    with sync_playwright() as playwright:
        browser = launched(playwright.chromium, folder, *flags)
        yield browser
        browser.close()


def launched(kind: BrowserType, folder: Path, *flags: str) -> Browser:
    """A browser, beside others of the same ``kind``. Raises RuntimeError where there is no Chromium."""
    program = os.environ.get("JIABAN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("no Chromium was found: install it (Debian: chromium), or name one in JIABAN_CHROMIUM")
    return kind.launch(
        executable_path=program, args=[*_FLAGS, *flags], env={**os.environ, "FONTCONFIG_FILE": str(_fonts(folder))}
    )


def _fonts(folder: Path) -> Path:
    """Where a browser finds Chinese letters on a machine that has none."""
    config, fonts = folder / "fonts.conf", Path(manimgx_fonts_cjk.__file__).parent
    places = "".join(f"<dir>{place}</dir>" for place in (fonts, "/usr/share/fonts"))
    config.write_text(f"<fontconfig>{places}<cachedir>{folder}/fonts</cachedir></fontconfig>", encoding="utf-8")
    return config


def cookies_of(plan: Plan, person: Person) -> list[Any]:
    """The cookies of a page session, as Playwright takes them."""
    with httpx.Client(base_url=plan.web_url, timeout=30, verify=public_tls(), trust_env=False) as http:
        there = http.get("/h5/sign-in/wechat").headers["Location"]
        login = person.login_code.removeprefix("login-")
        back = http.get(there.replace("#wechat_redirect", f"&login={login}")).headers["Location"]
        assert http.get(back).status_code == 302
        return [
            {"name": one.name, "value": one.value or "", "domain": one.domain, "path": one.path}
            for one in http.cookies.jar
        ]


def new_context(browser: Browser, plan: Plan, person: Person | None = None, **options: Any) -> BrowserContext:
    """A phone; ``person`` is signed in on it."""
    context = browser.new_context(
        base_url=plan.web_url, viewport=VIEWPORT, locale="zh-CN", timezone_id="Asia/Shanghai", **options
    )
    context.set_default_timeout(30_000)
    if person:
        context.add_cookies(cookies_of(plan, person))
    return context


def watch(page: Page) -> list[str]:
    """What goes wrong on a page from now on: errors of scripts, and what the Content-Security-Policy refused."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    return found
