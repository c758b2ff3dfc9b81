"""One's data and one's messages on pages, in a real browser."""

import io
import zipfile
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from app.demo.plan import Plan
from tests.browser.browsers import watch
from tests.browser.looks import look_at
from tests.browser.test_browser_citizen import submitted
from tests.conftest import Phone
from tests.hostile import assert_unharmed, hostile
from tests.people import make_child, make_person

Contexts = Callable[..., BrowserContext]


@pytest.fixture
def leaving(plan: Plan) -> Iterator[Phone]:
    """Somebody verified who deletes their account."""
    leaving = Phone(plan, make_person())
    leaving.verify()
    yield leaving
    leaving.http.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_copy_is_made_followed_and_fetched(contexts: Contexts, phone: Phone, scripts: bool) -> None:
    """With a script the page says by itself when it is there; without, by a tap."""
    page = contexts(phone.person, java_script_enabled=scripts).new_page()
    page.goto("/h5/privacy")
    page.get_by_role("button", name="生成副本").click()
    ready = page.get_by_text("副本已经生成")
    for _ in range(60):
        if scripts or ready.is_visible():
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="刷新").click()
    expect(ready).to_be_visible(timeout=30_000)
    with page.expect_download() as fetched:
        page.get_by_role("link", name="下载").click()
    assert phone.person.id_number in str(contents(fetched.value.path().read_bytes()))
    page.goto("/h5/privacy")
    expect(page.get_by_role("link", name="去下载")).to_be_visible()


def contents(copy: bytes) -> list[str]:
    """What stands in a copy."""
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        return [archive.read(name).decode(errors="replace") for name in archive.namelist()]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_consent_is_given_and_withdrawn_with_its_text_at_hand(
    contexts: Contexts, phone: Phone, scripts: bool
) -> None:
    """One tap each."""
    page = contexts(phone.person, java_script_enabled=scripts).new_page()
    page.goto("/h5/privacy/consents")
    one = page.locator("#face")
    expect(one.locator("details")).to_have_attribute("open", "")
    one.get_by_role("button", name="同意").click()
    expect(one.locator(".badge")).to_have_text("已同意")
    given = {each["purpose"]: each["given"] for each in phone.http.get("/api/v1/privacy/consents").json()["items"]}
    assert given["face"]
    one.get_by_role("button", name="撤回同意").click()
    expect(one.locator(".badge")).to_have_text("未同意")


def test_an_account_is_deleted_once_it_is_meant_and_nothing_is_under_way(
    contexts: Contexts, plan: Plan, phone: Phone, leaving: Phone
) -> None:
    """What stays and why is said before and after; this browser knows nobody any more."""
    case = submitted(phone, remark="请等待")
    number = phone.http.get(f"/api/v1/applications/{case}").json()["case_no"]
    waiting = contexts(phone.person)
    page = waiting.new_page()
    page.goto("/h5/privacy/deletion")
    expect(page.locator("main")).to_contain_text(number)
    assert page.get_by_role("button", name="立即注销").count() == 0
    look_at(waiting, "/h5/privacy/deletion", "deletion-blocked", plan.web_url)
    context = contexts(leaving.person, java_script_enabled=False)
    page = context.new_page()
    page.goto("/h5/privacy")
    page.get_by_role("link", name="注销账号").click()
    page.get_by_role("button", name="立即注销").click()
    expect(page.locator("#confirm-wrong")).to_have_text("请先勾选确认。")
    page.get_by_label("我确认注销账号").check()
    page.get_by_role("button", name="立即注销").click()
    expect(page.get_by_role("heading", name="账号已注销")).to_be_visible()
    assert {"jiaban_access", "jiaban_csrf"}.isdisjoint(one["name"] for one in context.cookies())
    assert leaving.http.get("/api/v1/identity").status_code == 401


def test_a_guardian_sees_to_a_childs_data_while_acting(contexts: Contexts, phone: Phone) -> None:
    """The copy and the consents are the child's; a deletion ends the acting and not the session."""
    phone.show_face()
    phone.consent("child")
    child = make_child()
    ward = phone.http.post("/api/v1/wards", json=child.named).json()["id"]
    context = contexts(phone.person)
    page = context.new_page()
    page.goto("/h5/acting")
    page.get_by_role("button", name="办理").click()
    page.goto("/h5/privacy/consents")
    assert page.locator("#face .badge").inner_text() == "未同意"
    page.goto("/h5/privacy/deletion")
    page.get_by_label("我确认注销账号").check()
    page.get_by_role("button", name="立即注销").click()
    expect(page.get_by_role("heading", name="账号已注销")).to_be_visible()
    expect(page.get_by_label("代办", exact=True)).to_be_hidden()
    page.goto("/h5/me")
    expect(page.locator("main")).to_contain_text(phone.person.name[0] + "*")
    ended = {one["id"]: one["state"] for one in phone.http.get("/api/v1/mandates").json()["items"]}
    assert ended[ward] == "ended"


@pytest.mark.parametrize("scripts", [True, False])
def test_messages_are_chosen_and_quiet_hours_kept(contexts: Contexts, phone: Phone, scripts: bool) -> None:
    """What makes no sense is said beside it, and what was chosen stays."""
    page = contexts(phone.person, java_script_enabled=scripts).new_page()
    page.goto("/h5/me/messages")
    page.get_by_label("服务评价", exact=True).uncheck()
    page.get_by_label("短信").uncheck()
    page.get_by_label("以下时间不打扰我").check()
    page.get_by_label("从几点").fill("08:00")
    page.get_by_label("到几点").fill("08:00")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#quiet-wrong")).to_be_visible()
    assert not page.get_by_label("短信").is_checked()
    page.get_by_label("从几点").fill("20:30")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert page.get_by_label("从几点").input_value() == "20:30"
    kept = phone.http.get("/api/v1/message-preferences").json()
    assert kept["muted_channels"] == ["sms"]
    assert [one["group"] for one in kept["groups"] if one["muted"]] == ["reviews"]
    assert kept["quiet"] == {"start": "20:30", "end": "08:00"}
    page.get_by_label("以下时间不打扰我").uncheck()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert phone.http.get("/api/v1/message-preferences").json()["quiet"] is None


def test_hostile_times_do_no_harm(contexts: Contexts, phone: Phone) -> None:
    """Sent by a browser that checks nothing."""
    page = contexts(phone.person).new_page()
    troubles = watch(page)
    page.goto("/h5/me/messages")
    page.evaluate("document.querySelectorAll('[type=time]').forEach(one => { one.type = 'text' })")
    page.get_by_label("以下时间不打扰我").check()
    page.get_by_label("从几点").fill(hostile(32))
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#quiet-wrong")).to_be_visible()
    assert_unharmed(page, [trouble for trouble in troubles if "422" not in trouble and "conform" not in trouble])


def test_pages_of_ones_data_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone) -> None:
    """In every mode."""
    context = contexts(phone.person)
    export = phone.http.post("/api/v1/privacy/exports").json()["id"]
    for path, name in (
        ("/h5/me", "me"),
        ("/h5/privacy", "privacy"),
        ("/h5/privacy/consents", "consents"),
        ("/h5/privacy/notices", "notices"),
        (f"/h5/privacy/exports/{export}", "export"),
        ("/h5/privacy/deletion", "deletion"),
        ("/h5/me/messages", "preferences"),
    ):
        look_at(context, path, name, plan.web_url)
