"""Two browsers side by side: a citizen shows a licence, staff verify it, and both see the result."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.demo.plan import Plan
from tests.api.conftest import Holder
from tests.browser.browsers import watch
from tests.browser.looks import MODES, SCREENSHOTS, choose, look_at, look_at_page

Contexts = Callable[..., BrowserContext]
_TOLD_WITHIN_MS = 2000


@pytest.fixture(scope="session")
def holder(plan: Plan) -> Holder:
    """A citizen with a licence, whom the whole run shares."""
    return Holder(plan)


@pytest.fixture
def citizen(contexts: Contexts, holder: Holder) -> Page:
    """The citizen's browser."""
    return contexts(holder.person).new_page()


@pytest.fixture
def officer(contexts: Contexts) -> Page:
    """The browser of the demonstration's verifier, who has just signed in."""
    page = contexts().new_page()
    page.goto("/h5/staff/verify")
    page.get_by_label("用户名").fill("verifier")
    page.get_by_label("密码", exact=True).fill("verifier-demo")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="核验证照")).to_be_visible()
    return page


def show(citizen: Page, holder: Holder) -> str:
    """Open the wallet and show the licence; the digits below the code."""
    citizen.goto("/h5/licences")
    citizen.get_by_role("link", name=f"出示{holder.licence['name']}").click()
    digits = citizen.locator("#digits").inner_text()
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", digits)
    return digits


def type_code(officer: Page, digits: str) -> None:
    """Verify by what was typed."""
    officer.goto("/h5/staff/verify")
    officer.get_by_label("数字码或者二维码内容").fill(digits)
    officer.get_by_role("button", name="核验", exact=True).click()


def test_both_see_the_result_of_typed_digits(citizen: Page, officer: Page, holder: Holder) -> None:
    """Within two seconds; the same digits once more are refused, which the citizen sees as well."""
    troubles = watch(citizen)
    digits = show(citizen, holder)
    type_code(officer, digits)
    expect(officer.locator(".verdict")).to_have_text(re.compile("有效"))
    expect(citizen.locator("#scan .verdict")).to_have_text(re.compile("已核验"), timeout=_TOLD_WITHIN_MS)
    expect(citizen.locator("#showing")).to_be_hidden()
    assert holder.licence["name"] in officer.locator("main").inner_text()
    type_code(officer, digits)
    expect(officer.locator(".verdict")).to_have_text(re.compile("不通过"))
    assert "replayed" in officer.locator("main").inner_text()
    expect(citizen.locator("#scan .verdict")).to_have_text(re.compile("核验未通过"), timeout=_TOLD_WITHIN_MS)
    assert not troubles


def test_a_photograph_of_the_code_is_read(citizen: Page, officer: Page, holder: Holder, tmp_path: Path) -> None:
    """The picture of the citizen's screen, as another phone would take it; one without a code is told kindly."""
    officer.get_by_label("二维码照片").set_input_files(__file__.replace("test_browser_licences.py", "looks.py"))
    officer.get_by_role("button", name="识别照片").click()
    expect(officer.get_by_role("alert")).to_have_text(re.compile("没有读到二维码"))
    show(citizen, holder)
    photo = tmp_path / "code.png"
    citizen.screenshot(path=photo)
    officer.get_by_label("二维码照片").set_input_files(photo)
    officer.get_by_role("button", name="识别照片").click()
    expect(officer.locator(".verdict")).to_have_text(re.compile("有效"))
    expect(citizen.locator("#scan .verdict")).to_have_text(re.compile("已核验"), timeout=_TOLD_WITHIN_MS)


def test_a_citizen_without_streams_is_told_all_the_same(citizen: Page, officer: Page, holder: Holder) -> None:
    """The page asks by itself where the network lets no stream through."""
    citizen.route("**/events", lambda route: route.abort())
    digits = show(citizen, holder)
    with citizen.expect_response("**/news"):
        pass
    type_code(officer, digits)
    expect(citizen.locator("#scan .verdict")).to_have_text(re.compile("已核验"), timeout=_TOLD_WITHIN_MS)


def test_a_code_is_renewed_before_its_end(citizen: Page, officer: Page, holder: Holder) -> None:
    """The clock of the page runs ahead a minute: there is another code, and it is worth something."""
    citizen.clock.install()
    digits = show(citizen, holder)
    citizen.clock.fast_forward("00:55")
    expect(citizen.locator("#digits")).not_to_have_text(digits)
    type_code(officer, citizen.locator("#digits").inner_text())
    expect(officer.locator(".verdict")).to_have_text(re.compile("有效"))


def test_an_objection_takes_one_tap(citizen: Page, officer: Page, holder: Holder) -> None:
    """And stays beside the verification."""
    type_code(officer, show(citizen, holder))
    citizen.goto(f"/h5/licences/{holder.licence['id']}/verifications")
    newest = citizen.locator("main section").first
    newest.get_by_role("button", name="我有异议").click()
    expect(citizen.locator("main section").first).to_contain_text("您已于")


def test_what_an_officer_asks_is_answered_and_read_once(
    citizen: Page, officer: Page, plan: Plan, holder: Holder
) -> None:
    """Both pages learn of it by themselves; yes is one tap, and what was allowed is shown once."""
    type_code(officer, show(citizen, holder))
    officer.get_by_text("请持证人同意查看更多内容").click()
    officer.get_by_label("身份证号码").check()
    officer.get_by_label("用途").fill("核对<b>经营者")
    officer.get_by_role("button", name="发送请求").click()
    expect(officer.get_by_text("正在等待持证人在手机上答复")).to_be_visible()
    look_at_page(officer, "asked-normal", "normal")
    expect(citizen.locator("#asked")).to_be_visible()
    citizen.get_by_role("link", name="去答复").click()
    expect(citizen.locator("main")).to_contain_text("核对<b>经营者")
    for mode in MODES:
        choose(citizen.context, plan.web_url, mode)
        citizen.reload()
        look_at_page(citizen, f"field-requests-{mode}", mode)
    choose(citizen.context, plan.web_url, "normal")
    citizen.reload()
    citizen.get_by_role("button", name="同意").click()
    expect(citizen.get_by_text("已同意，工作人员可以查看一次。")).to_be_visible()
    officer.get_by_role("button", name="查看（仅一次）").click()
    expect(officer.locator(".facts")).to_contain_text("身份证号码")
    look_at_page(officer, "asked-read", "normal")
    officer.go_back()
    officer.reload()
    expect(officer.get_by_text("已经查看过")).to_be_visible()


def test_pages_of_licences_keep_the_rules(contexts: Contexts, plan: Plan, holder: Holder) -> None:
    """In every mode."""
    context = contexts(holder.person)
    path = f"/h5/licences/{holder.licence['id']}"
    look_at(context, "/h5/licences", "wallet", plan.web_url)
    look_at(context, f"{path}/show", "showing", plan.web_url)
    look_at(context, f"{path}/verifications", "verifications", plan.web_url)
    look_at(context, "/h5/field-requests", "field-requests-none", plan.web_url)


def test_pages_of_staff_keep_the_rules(officer: Page, citizen: Page, plan: Plan, holder: Holder) -> None:
    """In every mode, each verdict too."""
    look_at(officer.context, "/h5/staff/sign-in", "staff-sign-in", plan.web_url)
    look_at(officer.context, "/h5/staff/verify", "verify", plan.web_url)
    look_at(officer.context, "/h5/staff/password", "staff-password", plan.web_url)
    for mode in MODES:
        choose(officer.context, plan.web_url, mode)
        officer.goto("/h5/staff/verify")
        officer.locator("#code").fill(show(citizen, holder))
        officer.locator("#verify button[type=submit]").first.click()
        expect(officer.locator(".verdict.good")).to_be_visible()
        look_at_page(officer, f"verdict-valid-{mode}", mode)
        officer.goto("/h5/staff/verify")
        officer.locator("#code").fill("JUNK")
        officer.locator("#verify button[type=submit]").first.click()
        expect(officer.locator(".verdict.bad")).to_be_visible()
        look_at_page(officer, f"verdict-refused-{mode}", mode)
    expect(citizen.locator("#scan .verdict")).to_be_visible()
    citizen.screenshot(path=SCREENSHOTS / "showing-verified.png")


def test_staff_without_a_session_sign_in(contexts: Contexts) -> None:
    """What was wrong is said on the page, and nothing of the password stays."""
    page = contexts().new_page()
    page.goto("/h5/staff/verify")
    page.get_by_label("用户名").fill("verifier")
    page.get_by_label("密码", exact=True).fill("wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.get_by_label("用户名").input_value() == "verifier"
    assert page.get_by_label("密码", exact=True).input_value() == ""
