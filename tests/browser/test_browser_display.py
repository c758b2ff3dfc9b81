"""The base of all pages: modes, language, components, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from app.demo.plan import Plan
from tests.browser.browsers import watch
from tests.browser.looks import look_at

Contexts = Callable[..., BrowserContext]


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("/h5/components", "components", 200),
        ("/h5/display", "display", 200),
        ("/h5/sign-in", "sign-in", 200),
        ("/h5/nothing", "error", 404),
        ("/r/x", "receipt-not-genuine", 404),
    ],
)
def test_pages_for_anybody_keep_the_rules(contexts: Contexts, plan: Plan, path: str, name: str, status: int) -> None:
    """In every mode."""
    context = contexts()
    look_at(context, path, name, plan.web_url, status=status)


def test_one_switch_makes_letters_large_and_is_remembered(contexts: Contexts) -> None:
    """On the page where it was tapped, and on the next."""
    page = contexts().new_page()
    page.goto("/h5/sign-in?return_to=/h5/display")
    page.get_by_role("button", name="长辈版").click()
    assert page.url.endswith("/h5/sign-in?return_to=/h5/display")
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "23px"
    page.goto("/h5/display")
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "23px"
    page.get_by_role("button", name="标准版").click()
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "18px"


def test_a_page_speaks_english(contexts: Contexts) -> None:
    """And says so to a screen reader."""
    page = contexts().new_page()
    page.goto("/h5/sign-in")
    page.get_by_role("button", name="English").click()
    assert page.get_by_role("heading", name="Sign in").is_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_choices_work_without_scripts(contexts: Contexts) -> None:
    """A form is a form."""
    page = contexts(java_script_enabled=False).new_page()
    page.goto("/h5/display")
    page.get_by_label("深色").check()
    page.get_by_role("button", name="保存").click()
    assert page.locator("html").get_attribute("data-colour") == "dark"


def test_a_page_says_that_the_network_is_gone(contexts: Contexts) -> None:
    """And that it is back."""
    context = contexts()
    page = context.new_page()
    troubles = watch(page)
    page.goto("/h5/display")
    notice = page.get_by_text("网络已断开")
    assert not notice.is_visible()
    context.set_offline(True)
    notice.wait_for(state="visible")
    context.set_offline(False)
    notice.wait_for(state="hidden")
    assert not troubles


def test_an_old_wechat_is_told(contexts: Contexts) -> None:
    """And the page is there all the same."""
    page = contexts(user_agent="Mozilla/5.0 (Linux; Android 5.1) MicroMessenger/6.7.3.1360").new_page()
    page.goto("/h5/display")
    assert page.get_by_text("您的微信版本较旧").is_visible()
    assert page.get_by_role("button", name="保存").is_visible()


def test_a_keyboard_reaches_the_content_first(contexts: Contexts) -> None:
    """By a link that shows when it has the focus."""
    page = contexts().new_page()
    page.goto("/h5/display")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
