"""The whole trip in two browsers: apply, be approved, show the licence, have it scanned, and both see the result."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.demo.plan import Plan
from tests.browser.browsers import launched, new_context, running_browser, watch
from tests.browser.officers import camera_seeing, film, sign_in_verifier
from tests.browser.test_browser_applying import begin, fill, photo  # noqa: F401  # a fixture
from tests.conftest import Phone
from tests.e2e.breaking import await_true


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the officer's camera sees."""
    return tmp_path_factory.mktemp("camera") / "scene.mjpeg"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, scene: Path) -> Iterator[Browser]:
    """The officer's browser, with a camera."""
    film(scene, None)
    with running_browser(tmp_path_factory.mktemp("browser"), *camera_seeing(scene)) as browser:
        yield browser


def approve(plan: Plan, case_no: str) -> None:
    """The existing system takes the case and decides for the citizen."""
    where = f"{plan.sandbox_url}/control/approvals/{case_no}"
    with httpx.Client(trust_env=False) as system:

        def did(action: str) -> bool:
            return system.post(where, json={"action": action}).is_success

        for action in ("accept", "review", "approve"):
            await_true(action, partial(did, action))


def upload(page: Page, picture: Path) -> None:
    """A photograph for each material that is still asked for; it is sent as soon as it is chosen."""
    while (lacking := page.locator("a.row", has_text="还没有交")).count():
        lacking.first.click()
        page.get_by_label("从手机里选").set_input_files(picture)
        expect(page.get_by_text("已上传", exact=True)).to_be_visible()
        page.get_by_role("link", name="返回材料").click()


def opened_until(page: Page, address: str, holds: Callable[[], bool]) -> None:
    """Open a page again until it says something."""
    await_true(address, lambda: page.goto(address) and holds())


@pytest.fixture
def citizen(browser: Browser, plan: Plan, phone: Phone, tmp_path: Path) -> Iterator[Page]:
    """A citizen who proved who they are, in a browser of their own."""
    other = launched(browser.browser_type, tmp_path)
    yield new_context(other, plan, phone.person).new_page()
    other.close()


def test_from_applying_to_a_scan_that_both_see(
    citizen: Page,
    contexts: Callable[..., BrowserContext],
    plan: Plan,
    scene: Path,
    photo: Path,  # noqa: F811
) -> None:
    """At the size of an old phone, by what stands on the pages alone."""
    troubles = watch(citizen)
    begin(citizen)
    fill(citizen)
    citizen.get_by_label("备注").fill("请等待")
    citizen.get_by_role("button", name="下一步").click()
    upload(citizen, photo)
    citizen.get_by_role("link", name="下一步").click()
    citizen.get_by_role("button", name="确认提交").click()
    expect(citizen.get_by_text("办件有进展时会告诉您。")).to_be_visible()
    (case,) = re.findall(r"/h5/cases/[0-9a-f-]{36}", citizen.url)
    citizen.goto(case)
    approve(plan, citizen.locator("dt", has_text="办件编号").locator("+ dd").inner_text())
    opened_until(citizen, case, lambda: citizen.get_by_text("已办结").count() > 0)

    citizen.goto("/h5/licences")
    citizen.get_by_role("link", name="出示食品经营许可证").click()
    expect(citizen.locator("#digits")).to_have_text(re.compile(r"\d{4} \d{4} \d{4}"))

    officer = contexts().new_page()
    troubles += watch(officer)
    sign_in_verifier(officer)
    film(scene, citizen.locator("#code").screenshot())
    officer.get_by_role("button", name="打开摄像头扫码").click()
    expect(officer.locator(".verdict")).to_have_text(re.compile("有效"))
    expect(citizen.locator("#scan .verdict")).to_have_text(re.compile("已核验"), timeout=2000)
    assert not troubles
