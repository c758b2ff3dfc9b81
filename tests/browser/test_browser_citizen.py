"""A citizen's pages in a real browser."""

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from app.demo.plan import Plan
from tests.browser.browsers import watch
from tests.browser.looks import look_at
from tests.conftest import Phone
from tests.e2e.breaking import await_true

Contexts = Callable[..., BrowserContext]
FOOD = "11230800JB0000017Q3000131001001"
HOSTILE = "<script>alert(1)</script>]]>\u202e" + "长" * 200 + "👨‍👩‍👧"


def submitted(phone: Phone, **form: Any) -> str:
    """A case that the approval system holds: its id."""
    application_id = str(phone.draft(**form)["id"])
    path = f"/api/v1/applications/{application_id}"
    picture = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(picture, "JPEG")
    files = {"file": ("照片.jpg", picture.getvalue(), "image/jpeg")}
    phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files=files).raise_for_status()
    answer = phone.http.post(f"{path}/submission", headers={"Idempotency-Key": uuid.uuid4().hex})
    assert answer.status_code == 202, answer.text
    return application_id


def told(phone: Phone) -> None:
    """Wait for the first message."""
    await_true("a message", lambda: phone.http.get("/api/v1/messages").json()["items"])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/h5/", "home"),
        ("/h5/items?q=身份证", "search"),
        ("/h5/items?q=zzzzqqqq", "search-none"),
        ("/h5/items?theme=elderly", "theme"),
        (f"/h5/items/{FOOD}", "guide"),
        ("/h5/life-events/open_restaurant", "life-event"),
        ("/h5/halls", "halls"),
    ],
)
def test_pages_for_finding_keep_the_rules(contexts: Contexts, plan: Plan, path: str, name: str) -> None:
    """In every mode, and light enough for a village."""
    context = contexts()
    look_at(context, path, name, plan.web_url)


def test_own_pages_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone) -> None:
    """In every mode; with nothing, and with a case that waits for the citizen."""
    context = contexts(phone.person)
    for path, name in (("/h5/cases", "cases-none"), ("/h5/inbox", "inbox-none")):
        look_at(context, path, name, plan.web_url)
    case = submitted(phone, remark="请补正")
    state = f"/api/v1/applications/{case}"
    await_true("a supplement", lambda: phone.http.get(state).json()["state"] == "supplement_requested")
    told(phone)
    for path, name in (
        ("/h5/", "home-own"),
        ("/h5/cases", "cases"),
        (f"/h5/cases/{case}", "case"),
        ("/h5/inbox", "inbox"),
        ("/h5/me", "me"),
    ):
        look_at(context, path, name, plan.web_url)


def test_typing_brings_suggestions_and_a_tap_the_guide(contexts: Contexts) -> None:
    """In pinyin too."""
    page = contexts().new_page()
    troubles = watch(page)
    page.goto("/h5/")
    page.get_by_label("想办什么事？").press_sequentially("shenfenzheng")
    page.locator("#suggestions a").first.click()
    page.wait_for_url("**/h5/items/*")
    assert page.get_by_role("heading", name="需要的材料").is_visible()
    assert not troubles


def test_search_works_without_scripts(contexts: Contexts) -> None:
    """From home to the guide."""
    page = contexts(java_script_enabled=False).new_page()
    page.goto("/h5/")
    page.get_by_label("想办什么事？").fill("食品经营")
    page.get_by_role("button", name="搜索").click()
    page.locator("a.row", has_text="食品经营许可").first.click()
    assert page.url.endswith(FOOD)


def test_whoever_is_not_signed_in_signs_in_and_comes_back(contexts: Contexts) -> None:
    """The page that was asked for is kept on the way."""
    page = contexts().new_page()
    page.goto("/h5/cases")
    assert page.url.endswith("/h5/sign-in?return_to=/h5/cases")
    link = page.get_by_role("link", name="微信登录").get_attribute("href")
    assert link == "/h5/sign-in/wechat?return_to=/h5/cases"


def test_a_page_opened_late_renews_the_session(contexts: Contexts, phone: Phone) -> None:
    """The browser goes to renew and comes back, without a word; a session that is over ends at signing in."""
    context = contexts(phone.person)
    page = context.new_page()
    page.goto("/h5/cases")
    cookies = {one["name"]: one for one in context.cookies()}
    worthless: Any = {**cookies["jiaban_access"], "value": "x.y.z"}
    context.add_cookies([worthless])
    page.goto("/h5/cases?x=1")
    assert page.url.endswith("/h5/cases?x=1")
    assert page.get_by_role("heading", name="我的办件").is_visible()
    phone.http.delete("/api/v1/sessions").raise_for_status()
    # A session that was seen a moment ago is taken to be there still.
    await_true("signing in", lambda: page.goto("/h5/cases") and page.url.endswith("/h5/sign-in?return_to=/h5/cases"))


def test_a_message_is_marked_as_read(contexts: Contexts, phone: Phone) -> None:
    """By a form that another site cannot send."""
    submitted(phone, remark="请等待")
    told(phone)
    page = contexts(phone.person).new_page()
    page.goto("/h5/inbox")
    unread = page.get_by_role("button", name="标为已读")
    count = unread.count()
    assert count
    unread.first.click()
    page.wait_for_load_state()
    assert unread.count() < count
    if unread.count() == 0:
        return
    page.evaluate("document.querySelector('[name=csrf_token]').value = 'x'")
    unread.first.click()
    assert page.get_by_role("alert").inner_text() == "页面已过期，请刷新后重试。"


def test_a_message_leads_to_what_it_tells_of(contexts: Contexts, phone: Phone) -> None:
    """The newest one to the case."""
    case = submitted(phone, remark="请等待")
    told(phone)
    page = contexts(phone.person).new_page()
    page.goto("/h5/inbox")
    page.get_by_role("link", name="查看", exact=True).first.click()
    assert page.url.endswith(f"/h5/cases/{case}")


def test_signing_out_ends_the_session_here(contexts: Contexts, phone: Phone) -> None:
    """The page after it knows nobody, and nothing that was typed stays behind, in another tab neither."""
    context = contexts(phone.person)
    tabs = [context.new_page(), context.new_page()]
    for tab in tabs:
        tab.goto("/h5/complaints/new")
        tab.get_by_label("内容").fill("等了很久")
        assert tab.evaluate("sessionStorage.length") == 1
    page = tabs[0]
    page.goto("/h5/me")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("link", name="登录，查看我的办件和证照")).to_be_visible()
    for tab in tabs:
        tab.wait_for_function("sessionStorage.length === 0")
    assert not page.url.endswith("#left")
    page.goto("/h5/me")
    assert "/h5/sign-in" in page.url


def test_hostile_text_does_no_harm(contexts: Contexts, phone: Phone) -> None:
    """What a phone calls itself and what was searched for are shown as they are, and run nothing."""
    body = {"code": phone.person.login_code, "device": HOSTILE[:128]}
    assert phone.http.post("/api/v1/sessions", json=body).status_code == 201
    page = contexts(phone.person).new_page()
    troubles = watch(page)
    page.goto("/h5/me")
    assert page.get_by_text("<script>alert(1)</script>").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto("/h5/")
    page.get_by_label("想办什么事？").fill(HOSTILE[:100])
    page.get_by_role("button", name="搜索").click()
    assert page.get_by_label("想办什么事？").input_value() == HOSTILE[:100]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not troubles
