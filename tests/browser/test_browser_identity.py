"""Who somebody is, on pages, in a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from app.demo.plan import Plan
from tests.browser.browsers import watch
from tests.browser.looks import look_at
from tests.conftest import Phone
from tests.hostile import assert_unharmed, hostile
from tests.people import make_person

Contexts = Callable[..., BrowserContext]


@pytest.fixture
def stranger(plan: Plan) -> Iterator[Phone]:
    """Somebody who has signed in and no more."""
    stranger = Phone(plan, make_person())
    stranger.sign_in()
    yield stranger
    stranger.http.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_what_needs_a_name_leads_to_proving_it(contexts: Contexts, stranger: Phone, scripts: bool) -> None:
    """What is wrong is said beside it, with all that was typed, and does no harm."""
    page = contexts(stranger.person, java_script_enabled=scripts).new_page()
    page.goto("/h5/mandates/invitation")
    page.get_by_label("授权码").fill("ABCDEFGHJK")
    page.get_by_role("button", name="查看授权内容").click()
    expect(page.get_by_role("alert")).to_contain_text("已实名认证")
    page.get_by_role("link", name="去认证").click()
    troubles = watch(page)
    page.get_by_label("姓名", exact=True).fill(hostile(64))
    page.get_by_label("证件号码", exact=True).fill("1")
    page.get_by_role("button", name="核实").click()
    expect(page.locator("#id_number-wrong")).to_be_visible()
    assert page.get_by_label("姓名", exact=True).input_value() == hostile(64)
    page.get_by_label("证件号码", exact=True).fill(stranger.person.id_number)
    page.get_by_label("姓名", exact=True).fill(stranger.person.name)
    page.get_by_role("button", name="核实").click()
    expect(page.get_by_text("已核实")).to_be_visible()
    assert_unharmed(page, [trouble for trouble in troubles if "422" not in trouble])
    assert stranger.http.get("/api/v1/identity").json()["level"] == 2


def test_the_province_is_reached_by_a_link(contexts: Contexts, stranger: Phone) -> None:
    """And its level comes back to this account."""
    page = contexts(stranger.person).new_page()
    page.goto("/h5/identity")
    page.get_by_role("button", name="用省统一身份认证").click()
    expect(page.get_by_role("link", name="前往")).to_have_attribute("href", re.compile("^http"))


def test_pages_of_identity_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone, stranger: Phone) -> None:
    """In every mode, before and after."""
    for one, name in ((stranger, "identity-new"), (phone, "identity")):
        context = contexts(one.person)
        look_at(context, "/h5/identity", name, plan.web_url)
    look_at(
        contexts(stranger.person), f"/h5/items/{phone.item()['item_code']}/apply", "level", plan.web_url, status=403
    )
