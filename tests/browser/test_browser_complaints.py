"""A complaint in real browsers: written by a citizen on a phone, handed on and answered by staff, read again."""

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.bootstrap import open_house
from app.demo.plan import Plan
from app.identity.rules import Duty
from config.settings import Settings
from tests.browser.browsers import watch
from tests.browser.looks import choose, look_at, look_at_page
from tests.conftest import Phone
from tests.service.cases import staff_member

Contexts = Callable[..., BrowserContext]
HOSTILE = "<script>alert(1)</script>]]>\u202e" + "长" * 200 + "👨‍👩‍👧\n第二行"
NEW, LIST, STAFF = "/h5/complaints/new", "/h5/complaints", "/h5/staff/complaints"


@pytest.fixture
def supervisor(contexts: Contexts, settings: Settings) -> Page:
    """The browser of one who receives complaints first, and has just signed in."""

    async def make() -> str:
        async with open_house(settings):
            return (await staff_member([Duty.SUPERVISE], department="*", office="营商环境建设监督局")).username

    # A loop runs in this thread already: Playwright's.
    with ThreadPoolExecutor(1) as other:
        name = other.submit(asyncio.run, make()).result()
    page = contexts().new_page()
    page.goto("/h5/staff/sign-in")
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码", exact=True).fill("password-of-a-test")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="投诉建议")).to_be_visible()
    return page


def write(page: Page, text: str, *, named: bool = False) -> str:
    """Write a complaint; its number."""
    page.goto(NEW)
    page.get_by_label("投诉").check()
    page.get_by_label("内容").fill(text)
    page.get_by_label("允许工作人员看到").set_checked(named)
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已收到", exact=True)).to_be_visible()
    return page.locator("dd").first.inner_text()


def test_a_complaint_is_handed_on_and_answered(contexts: Contexts, plan: Plan, phone: Phone, supervisor: Page) -> None:
    """Both sides read all of it, whatever was written; every page keeps the rules in every mode."""
    context = contexts(phone.person)
    citizen = context.new_page()
    troubles = [watch(citizen), watch(supervisor)]
    number = write(citizen, HOSTILE, named=True)
    path = citizen.url
    look_at(context, path, "complaint-received", plan.web_url)
    look_at(context, LIST, "complaints", plan.web_url)
    supervisor.goto(f"{STAFF}?state=received")
    while not (found := supervisor.get_by_role("link", name=number)).is_visible():
        supervisor.get_by_role("link", name="查看更多").click()
    found.click()
    expect(supervisor.locator("main")).to_contain_text("alert(1)")
    assert phone.person.name not in supervisor.locator("main").inner_text()
    one = supervisor.url
    look_at(supervisor.context, f"{STAFF}?state=received", "staff-complaints", plan.web_url)
    look_at(supervisor.context, one, "staff-complaint", plan.web_url)
    choose(supervisor.context, plan.web_url, "normal")
    supervisor.reload()
    supervisor.get_by_role("link", name="查看姓名和电话").click()
    expect(supervisor.locator("main")).to_contain_text(phone.person.name)
    look_at_page(supervisor, "staff-complaint-contact", "normal")
    supervisor.get_by_role("button", name="受理").click()
    expect(supervisor.locator("main > .notice")).to_contain_text("已受理")
    supervisor.get_by_label("转办原因").fill("请核实")
    supervisor.get_by_role("button", name="转办").click()
    expect(supervisor.get_by_role("alert")).to_contain_text("没有这个部门")
    assert supervisor.get_by_label("转办原因").input_value() == "请核实"
    supervisor.get_by_label("转给").select_option("scjg")
    supervisor.get_by_role("button", name="转办").click()
    expect(supervisor.get_by_role("heading", name="投诉建议")).to_be_visible()
    supervisor.goto(one)
    expect(supervisor.locator("main")).to_contain_text("佳木斯市市场监督管理局")
    supervisor.get_by_label("给群众的答复").fill(HOSTILE)
    supervisor.get_by_role("button", name="答复").click()
    expect(supervisor.locator("main > .notice")).to_contain_text("已答复")
    look_at(supervisor.context, one, "staff-complaint-answered", plan.web_url)
    choose(context, plan.web_url, "normal")
    citizen.goto(path)
    expect(citizen.locator("main")).to_contain_text("佳木斯市市场监督管理局")
    look_at(context, path, "complaint-answered", plan.web_url)
    choose(context, plan.web_url, "normal")
    citizen.goto("/h5/inbox")
    expect(citizen.get_by_text("您的投诉建议已答复")).to_be_visible()
    assert not [trouble for trouble in itertools.chain(*troubles) if "422" not in trouble]


def test_what_is_wrong_is_said_beside_it_and_all_that_was_typed_is_kept(
    contexts: Contexts, plan: Plan, phone: Phone
) -> None:
    """Also without scripts, where a browser's own checks are off."""
    context = contexts(phone.person, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{NEW}?about=hall&code=city")
    expect(page.locator("main")).to_contain_text("佳木斯市政务服务中心")
    page.get_by_label("内容").fill("窗口太少")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("请选择投诉或者建议。")).to_be_visible()
    assert page.get_by_label("内容").input_value() == "窗口太少"
    page.get_by_label("建议").check()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("heading", name="建议")).to_be_visible()
    expect(page.locator("main")).to_contain_text("佳木斯市政务服务中心")
    with_scripts = contexts(phone.person)
    look_at(with_scripts, NEW, "complaint-new", plan.web_url)
    look_at(with_scripts, f"{NEW}?about=hall&code=nothing", "complaint-unknown", plan.web_url, status=422)


def test_guides_cases_and_halls_lead_to_it(contexts: Contexts, phone: Phone) -> None:
    """And say what it is about."""
    page = contexts(phone.person).new_page()
    case = phone.draft()
    for path, about in (
        (f"/h5/cases/{case['id']}", case["item_name"]),
        (f"/h5/items/{case['item_code']}", case["item_name"]),
        ("/h5/halls?region=230822", "桦南县政务服务中心"),
    ):
        page.goto(path)
        page.get_by_role("link", name="写投诉建议").first.click()
        expect(page.get_by_role("heading", name="写投诉建议")).to_be_visible()
        expect(page.locator("main")).to_contain_text(about)


def test_what_was_typed_outlives_a_session(contexts: Contexts, phone: Phone) -> None:
    """The form comes too late; after signing in it is there again, and once it was sent, no more."""
    context = contexts(phone.person)
    page = context.new_page()
    page.goto(NEW)
    page.get_by_label("建议").check()
    page.get_by_label("内容").fill("请加一个窗口")
    kept = context.cookies()
    context.clear_cookies()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("heading", name="没有成功")).to_be_visible()
    context.add_cookies(kept)  # type: ignore[arg-type]  # cookies as they were given
    page.goto(NEW)
    assert page.get_by_label("内容").input_value() == "请加一个窗口"
    assert page.get_by_label("建议").is_checked()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已收到", exact=True)).to_be_visible()
    page.goto(NEW)
    assert page.get_by_label("内容").input_value() == ""


def test_the_eleventh_of_a_day_is_told_so_and_loses_nothing(contexts: Contexts, phone: Phone) -> None:
    """Its text stands there still."""
    body = {"kind": "suggestion", "named": False}
    for number in range(10):
        phone.http.post("/api/v1/complaints", json={**body, "text": f"第{number}条"}).raise_for_status()
    page = contexts(phone.person).new_page()
    page.goto(NEW)
    page.get_by_label("投诉").check()
    page.get_by_label("内容").fill("第十一条")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.get_by_label("内容").input_value() == "第十一条"
