"""Applying in a real browser: from the guide to a case that the approval system holds."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from app.demo.plan import Plan
from tests.browser.browsers import watch
from tests.browser.looks import assert_light, look_at
from tests.conftest import Phone

Contexts = Callable[..., BrowserContext]
FOOD = "11230800JB0000017Q3000131001001"


def answer_guide(page: Page) -> None:
    """Each question with its first answer, also those that an answer leads to."""
    groups, place = page.locator("#form fieldset:visible"), 0
    while place < groups.count():
        groups.nth(place).get_by_role("radio").first.check()
        place += 1


def begin(page: Page) -> str:
    """A draft that was begun from the guide: the address of its form."""
    page.goto(f"/h5/items/{FOOD}")
    page.get_by_role("link", name="在线办理").click()
    answer_guide(page)
    page.get_by_role("button", name="开始填写").click()
    page.wait_for_url(re.compile(r"/h5/cases/[0-9a-f-]+/form"))
    return page.url


def test_a_form_is_saved_as_one_types(contexts: Contexts, phone: Phone) -> None:
    """And says so; another opening has what was typed."""
    page = contexts(phone.person).new_page()
    troubles = watch(page)
    address = begin(page)
    page.get_by_label("经营者名称").fill("桂兰小吃店")
    page.get_by_label("经营者名称").press("Tab")
    expect(page.locator("#kept")).to_have_text("已保存")
    page.goto(address)
    expect(page.get_by_label("经营者名称")).to_have_value("桂兰小吃店")
    assert not troubles


def test_pages_of_applying_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone) -> None:
    """In every mode, and light enough for a village."""
    context = contexts(phone.person)
    address = begin(context.new_page())
    path = address.removeprefix(plan.web_url)
    for where, name in (
        (f"/h5/items/{FOOD}/apply", "apply"),
        (path, "form"),
        (path.replace("/form", "/answers"), "answers"),
        (path.replace("/form", "/check"), "check-missing"),
    ):
        look_at(context, where, name, plan.web_url)
        assert_light(context, where)
