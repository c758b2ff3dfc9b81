"""A life event on pages, in a real browser: begun together, filled in one by one, submitted together."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from app.demo.plan import Plan
from tests.api.conftest import photograph_of_site
from tests.browser.looks import look_at, look_at_page
from tests.conftest import Phone

Contexts = Callable[..., BrowserContext]
APPLY = "/h5/life-events/open_restaurant/apply"


def complete(phone: Phone, case: str) -> None:
    """Fill in the food licence's form, and add its photograph."""
    item, path = phone.item(), f"/api/v1/applications/{case}"
    draft = phone.http.get(path).json()
    body = {"revision": draft["revision"], "form": item["form_example"]}
    phone.http.patch(path, json=body).raise_for_status()
    photo = {"file": photograph_of_site()}
    phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files=photo).raise_for_status()


@pytest.mark.parametrize("scripts", [True, False])
def test_items_are_begun_and_submitted_together(contexts: Contexts, plan: Plan, phone: Phone, scripts: bool) -> None:
    """What is complete goes, and what another lacks is said beside it."""
    context = contexts(phone.person, java_script_enabled=scripts)
    page = context.new_page()
    page.goto("/h5/life-events/open_restaurant")
    page.get_by_role("link", name="一次办理").click()
    optional = page.get_by_role("checkbox")
    assert optional.count() == 1
    optional.check()
    page.get_by_role("button", name="开始办理").click()
    rows = page.locator("a.row")
    expect(rows).to_have_count(3)
    group = page.url
    food = rows.filter(has_text="食品经营许可")
    case = str(food.get_attribute("href")).split("/")[3]
    food.click()
    assert page.url.endswith(f"/h5/cases/{case}/form")
    complete(phone, case)
    page.goto(group)
    page.get_by_role("button", name="一起提交").click()
    expect(page.get_by_text("已提交，办件有进展时会告诉您。")).to_be_visible()
    expect(page.locator(".row .wrong")).to_have_count(2)
    if scripts:
        look_at_page(page, "life-event-submitted", "normal")
    assert phone.http.get(f"/api/v1/applications/{case}").json()["case_no"]
    page.goto(group)
    expect(food).to_have_attribute("href", f"/h5/cases/{case}")
    if scripts:
        look_at(context, group.removeprefix(plan.web_url), "life-event-group", plan.web_url)


def test_pages_of_life_events_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone) -> None:
    """In every mode."""
    context = contexts(phone.person)
    look_at(context, APPLY, "life-event-apply", plan.web_url)
