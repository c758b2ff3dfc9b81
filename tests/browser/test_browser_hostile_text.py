"""Hostile text of a citizen and of the approval system on pages, in a real browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.rules import Duty
from config.settings import Settings
from tests.api.test_api_hostile_text import Wound
from tests.browser.browsers import watch
from tests.browser.conftest import Within
from tests.browser.looks import choose
from tests.hostile import assert_unharmed
from tests.service.cases import staff_member

Contexts = Callable[..., BrowserContext]
_OUTSIDE = """[...document.querySelectorAll("main *, .acting *")]
  .filter(one => one.checkVisibility() && !one.closest(".unseen, svg"))
  .filter(one => one.getBoundingClientRect().right > 360.5 || one.getBoundingClientRect().left < -0.5)
  .map(one => one.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def wound(plan: Plan, settings: Settings) -> Iterator[Wound]:
    """Somebody in all of whose fields stands hostile text."""
    wound = Wound(plan, settings, lambda _: None)
    yield wound
    wound.http.close()


def look(page: Page, path: str, troubles: list[str], mark: str) -> None:
    """A page shows the text, and nothing of it does anything: nothing stands outside the phone, nothing runs."""
    page.goto(path, wait_until="load")
    assert f"〔{mark}〕" in page.locator("body").inner_text() + "".join(
        page.locator("input, textarea").evaluate_all("all => all.map(one => one.value)")
    ), (path, mark)
    assert_unharmed(page, troubles)
    assert not page.evaluate(_OUTSIDE), path


@pytest.mark.parametrize("mode", ["normal", "elder"])
def test_no_page_does_what_somebody_wrote(
    contexts: Contexts, plan: Plan, within: Within, wound: Wound, mode: str
) -> None:
    """No dialog, no script, no picture, no word that widens the page; the policy has nothing to refuse."""
    if not wound.case:
        wound.apply()
        wound.decide()
        wound.complain()
    context = contexts(wound.phone.person)
    choose(context, plan.web_url, mode)
    page = context.new_page()
    troubles = watch(page)

    def dismiss(dialog: Dialog) -> None:
        troubles.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    case = wound.case.replace("/api/v1/applications", "/h5/cases")
    draft = f"/h5/cases/{wound.phone.draft(remark=wound.text('draft'))['id']}"
    complaint = wound.http.get("/api/v1/complaints").json()["items"][0]["id"]
    review = wound.http.get("/api/v1/reviews").json()["items"][0]["id"]
    for path, mark in (
        (case, "asked"),
        (f"{draft}/form", "draft"),
        (f"{draft}/check", "draft"),
        ("/h5/inbox", "suspended"),
        (f"/h5/complaints/{complaint}", "complaint"),
        (f"/h5/reviews/{review}", "review"),
        ("/h5/companies", "company"),
        ("/h5/mandates", "company"),
    ):
        look(page, path, troubles, mark)
    page.goto("/h5/acting")
    page.get_by_role("button", name="company").click()
    look(page, "/h5/", troubles, "company")

    async def an_officer(house: House) -> str:
        del house
        return (await staff_member([Duty.VERIFY, Duty.SUPERVISE], department="*")).username

    office = contexts()
    choose(office, plan.web_url, mode)
    officer = office.new_page()
    of_staff = watch(officer)
    officer.goto("/h5/staff/sign-in")
    officer.get_by_label("用户名").fill(within(an_officer))
    officer.get_by_label("密码", exact=True).fill("password-of-a-test")
    officer.get_by_role("button", name="登录").click()
    officer.wait_for_url("**/h5/staff/verify")
    shown = wound.http.post(f"{wound.path}/presentations", json={"preset": "card"}).json()
    officer.get_by_label("数字码或者二维码内容").fill(shown["digits"])
    officer.get_by_role("button", name="核验", exact=True).click()
    officer.locator(".verdict").wait_for()
    assert "〔business_site〕" in officer.locator("main").inner_text()
    assert_unharmed(officer, of_staff)
    assert not officer.evaluate(_OUTSIDE)
    look(officer, f"/h5/staff/complaints/{complaint}", of_staff, "complaint")
