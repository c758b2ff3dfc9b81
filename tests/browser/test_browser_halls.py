"""The nearest halls: where somebody is is asked for by a tap alone, and told no more exactly than a kilometre."""

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import BrowserContext, expect

from app.demo.plan import Plan
from tests.browser.browsers import watch
from tests.browser.looks import choose, look_at_page

Contexts = Callable[..., BrowserContext]
IN_HUANAN = {"latitude": 46.239111, "longitude": 130.553222}
_COUNTED = """window.asked = 0;
const ask = navigator.geolocation.getCurrentPosition.bind(navigator.geolocation);
navigator.geolocation.getCurrentPosition = (...args) => { window.asked += 1; ask(...args); };"""


@pytest.mark.parametrize("path", ["/h5/", "/h5/halls"])
def test_a_tap_finds_the_nearest(contexts: Contexts, plan: Plan, path: str) -> None:
    """Not before the tap; the position is rounded on the phone and stands in no address."""
    context = contexts(geolocation=IN_HUANAN, permissions=["geolocation"])
    page = context.new_page()
    troubles = watch(page)
    page.add_init_script(_COUNTED)
    page.goto(path)
    assert page.evaluate("window.asked") == 0
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name="找离我最近的大厅").click()
    assert parse_qs(sent.value.post_data or "") == {"latitude": ["46.24"], "longitude": ["130.55"]}
    expect(page.locator("main h2").first).to_have_text("桦南县政务服务中心")
    expect(page.locator("main")).to_contain_text("由近到远")
    assert page.url == f"{plan.web_url}/h5/halls"
    assert not troubles
    look_at_page(page, "halls-near-normal", "normal")


def test_what_is_found_keeps_the_rules(contexts: Contexts, plan: Plan) -> None:
    """In elder mode, in the dark, and in English."""
    context = contexts(geolocation=IN_HUANAN, permissions=["geolocation"])
    page = context.new_page()
    for mode in ("elder", "dark", "contrast", "english"):
        choose(context, plan.web_url, mode)
        page.goto("/h5/halls")
        page.locator("#ask-position").click()
        expect(page.locator("main p[role=status]")).to_be_visible()
        look_at_page(page, f"halls-near-{mode}", mode)


def test_whoever_does_not_tell_chooses_a_district(contexts: Contexts) -> None:
    """A refusal is said, and the way on stands below."""
    page = contexts().new_page()
    page.goto("/h5/halls")
    page.locator("#ask-position").click()
    expect(page.get_by_text("没有得到位置，请选择县（市、区）。")).to_be_visible()
    page.get_by_label("县（市、区）").select_option("230822")
    page.get_by_role("button", name="查看").click()
    expect(page.locator("main h2").first).to_have_text("桦南县政务服务中心")


def test_without_scripts_a_district_is_chosen(contexts: Contexts) -> None:
    """There is no button that could do nothing."""
    page = contexts(java_script_enabled=False).new_page()
    page.goto("/h5/halls")
    expect(page.locator("#ask-position")).to_be_hidden()
    expect(page.get_by_label("县（市、区）")).to_be_visible()
