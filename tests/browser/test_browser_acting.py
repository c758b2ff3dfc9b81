"""Acting for somebody on pages, in a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from app.demo.plan import Plan
from tests.api.test_api_mandates import mandate
from tests.browser.looks import choose, look_at
from tests.conftest import Phone
from tests.people import make_person

Contexts = Callable[..., BrowserContext]


@pytest.fixture
def daughter(plan: Plan) -> Iterator[Phone]:
    """Somebody verified whom the phone's owner may let act."""
    daughter = Phone(plan, make_person())
    daughter.verify()
    yield daughter
    daughter.http.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_one_tap_begins_and_one_ends_it(contexts: Contexts, phone: Phone, daughter: Phone, scripts: bool) -> None:
    """The mother's cases are there as long as the banner is."""
    item = phone.item()
    mandate(phone.http, daughter.http, f"item:{item['item_code']}")
    phone.draft()
    page = contexts(daughter.person, java_script_enabled=scripts).new_page()
    page.goto("/h5/acting")
    # A name that stands apart in a sentence is read apart too.
    page.get_by_role("button", name=re.compile(r"^代\s*测")).click()
    banner = page.get_by_label("代办", exact=True)
    expect(banner).to_contain_text("正在代办")
    expect(page.get_by_role("link", name=item["name"])).to_be_visible()
    banner.get_by_role("button", name="结束代办").click()
    expect(banner).to_be_hidden()
    expect(page.get_by_role("link", name=item["name"])).to_be_hidden()


def test_pages_of_acting_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone, daughter: Phone) -> None:
    """In every mode, with the banner on others' pages and on one's own, and where the mandate is over."""
    context = contexts(daughter.person)
    look_at(context, "/h5/acting", "acting-none", plan.web_url)
    given = mandate(phone.http, daughter.http, f"item:{phone.item()['item_code']}")["X-Acting-For"]
    phone.draft()
    look_at(context, "/h5/acting", "acting", plan.web_url)
    context.add_cookies([{"name": "jiaban_acting", "value": given, "url": plan.web_url}])
    look_at(context, "/h5/", "acting-home", plan.web_url)
    look_at(context, "/h5/me", "acting-own", plan.web_url)
    phone.http.delete(f"/api/v1/mandates/{given}").raise_for_status()
    choose(context, plan.web_url, "normal")
    page = context.new_page()
    page.goto("/h5/")
    expect(page.get_by_role("alert")).to_contain_text("授权已经结束")
    page.get_by_role("link", name="办自己的事").click()
    expect(page.get_by_label("代办", exact=True)).to_be_hidden()
