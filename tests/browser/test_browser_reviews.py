"""Reviews on pages, in a real browser: given, followed, answered."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.bootstrap import House
from app.demo.plan import Plan
from app.reviews import rectification
from app.reviews.models import Rectification
from app.reviews.rectifying import Cause, Reached
from tests.api.test_api_reviews import decided
from tests.browser.browsers import watch
from tests.browser.conftest import Within
from tests.browser.looks import look_at, look_at_page
from tests.conftest import Phone
from tests.hostile import LONG, assert_unharmed, hostile
from tests.service.reviewed import scope_of_new

Contexts = Callable[..., BrowserContext]


def reviews_page(phone: Phone) -> str:
    """Where a case that was decided is reviewed."""
    return decided(phone).replace("/api/v1/applications/", "/h5/cases/") + "/reviews"


def put_right(within: Within, review_id: str) -> None:
    """Staff call back about a bad review and put it right."""

    async def act(_: House) -> None:
        scope = await scope_of_new()
        found = await Rectification.get(review_id=review_id)
        await rectification.call_back(scope, found.id, Reached.AUTHOR, "已经联系")
        await rectification.take_step(scope, found.id, Cause.RECTIFY, hostile(200))

    within(act)


def give(page: Page, level: str, *, reason: str = "", comment: str = "") -> None:
    """Choose and send."""
    page.get_by_label(level, exact=True).check()
    if reason:
        page.get_by_label(reason).check()
    page.get_by_label("想说的话").fill(comment)
    page.get_by_role("button", name="提交评价").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_bad_review_is_given_followed_and_answered(
    contexts: Contexts, within: Within, phone: Phone, scripts: bool
) -> None:
    """Of two stages each is reviewed by itself; what staff did is read, and the answer is one tap."""
    path = reviews_page(phone)
    page = contexts(phone.person, java_script_enabled=scripts).new_page()
    page.goto(path.removesuffix("/reviews"))
    page.get_by_role("link", name="评价办件").click()
    page.get_by_role("link", name="受理环节").click()
    give(page, "非常满意", reason="服务热情")
    expect(page.get_by_text("评价已收到")).to_be_visible()
    page.goto(path)
    give(page, "非常不满意", reason="推诿扯皮", comment=hostile(500))
    expect(page.locator("main")).to_contain_text("工作人员会联系您")
    review = page.url.rsplit("/", 1)[1].split("?")[0]
    put_right(within, review)
    page.goto(f"/h5/reviews/{review}")
    page.get_by_role("button", name="没有解决").click()
    expect(page.locator("main")).to_contain_text("正在重新整改")
    assert page.get_by_role("button", name="没有解决").count() == 0


def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(contexts: Contexts, phone: Phone) -> None:
    """No level, a text that is too long, reasons of another level."""
    page = contexts(phone.person, java_script_enabled=False).new_page()
    page.goto(reviews_page(phone) + "?stage=result")
    page.get_by_label("服务热情").check()
    page.get_by_label("想说的话").fill(LONG)
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_text("请选择满意程度。")).to_be_visible()
    expect(page.locator("#comment-wrong")).to_contain_text("最多500个字")
    assert page.get_by_label("想说的话").input_value() == LONG
    assert page.get_by_label("服务热情").is_checked()
    page.get_by_label("想说的话").fill("好")
    page.get_by_label("不满意", exact=True).check()
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_text("请选择与满意程度相符的理由。").first).to_be_visible()
    assert page.get_by_label("想说的话").input_value() == "好"


def test_only_the_reasons_of_the_chosen_level_are_shown_and_sent(contexts: Contexts, phone: Phone) -> None:
    """What was ticked beside another level before does not go along."""
    page = contexts(phone.person).new_page()
    page.goto(reviews_page(phone) + "?stage=result")
    expect(page.get_by_label("服务热情")).to_be_hidden()
    page.get_by_label("满意", exact=True).check()
    page.get_by_label("服务热情").check()
    expect(page.get_by_label("推诿扯皮")).to_be_hidden()
    give(page, "不满意", reason="推诿扯皮")
    expect(page.get_by_text("评价已收到")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("服务热情")


def test_pages_of_reviews_keep_the_rules(contexts: Contexts, plan: Plan, within: Within, phone: Phone) -> None:
    """In every mode, whatever people wrote."""
    context = contexts(phone.person)
    look_at(context, "/h5/reviews", "reviews-none", plan.web_url)
    path = reviews_page(phone)
    look_at(context, path, "case-reviews", plan.web_url)
    look_at(context, f"{path}?stage=result", "review-new", plan.web_url)
    page = context.new_page()
    troubles = watch(page)
    page.goto(f"{path}?stage=result")
    page.locator("input[name=level][value='1']").check()
    look_at_page(page, "review-new-chosen", "english")
    page.locator("#comment").fill(hostile(500))
    page.locator("form .button.first").last.click()
    review = page.url.rsplit("/", 1)[1].split("?")[0]
    assert_unharmed(page, troubles)
    put_right(within, review)
    look_at(context, f"/h5/reviews/{review}", "review-rectified", plan.web_url)
    look_at(context, "/h5/reviews", "reviews", plan.web_url)
    page.goto(f"/h5/reviews/{review}")
    assert_unharmed(page, troubles)
