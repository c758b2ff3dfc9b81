"""Mandates, wards and companies on pages, in a real browser."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.demo.plan import Plan
from app.kit import clock
from tests.api.test_api_mandates import credit_code, mandate
from tests.browser.browsers import watch
from tests.browser.looks import choose, look_at, look_at_page
from tests.conftest import Phone
from tests.hostile import assert_unharmed, hostile
from tests.people import make_child, make_person

Contexts = Callable[..., BrowserContext]


@pytest.fixture
def daughter(plan: Plan) -> Iterator[Phone]:
    """Somebody verified who is not the phone's owner."""
    daughter = Phone(plan, make_person())
    daughter.verify()
    yield daughter
    daughter.http.close()


def offered(page: Page, way: str) -> str:
    """Choose an item and a day on the pages; the code."""
    page.goto("/h5/mandates")
    page.get_by_role("link", name=way).click()
    choose_item(page)
    page.get_by_role("button", name="生成授权码").click()
    return page.locator(".digits").inner_text()


def choose_item(page: Page) -> None:
    """Look for items in two searches, and keep what was ticked before."""
    page.get_by_label("查找事项").fill("食品经营")
    page.get_by_role("button", name="搜索").click()
    page.get_by_label("食品经营许可（新办）").check()
    page.get_by_label("查找事项").fill("身份证")
    page.get_by_role("button", name="搜索").click()
    assert page.get_by_label("食品经营许可（新办）").is_checked()
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("main")).to_contain_text("食品经营许可（新办）")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("way", ["授权家人代我办理", "请家人授权我代办"])
def test_one_side_offers_and_the_other_accepts_with_the_code(
    contexts: Contexts, phone: Phone, daughter: Phone, way: str, scripts: bool
) -> None:
    """Whoever may act then does so with one tap, and either side ends it."""
    mine, theirs = (contexts(one.person, java_script_enabled=scripts).new_page() for one in (phone, daughter))
    code = offered(mine, way)
    theirs.goto("/h5/mandates/invitation")
    theirs.get_by_label("授权码").fill(f" {code.lower()} ")
    theirs.get_by_role("button", name="查看授权内容").click()
    expect(theirs.locator("main")).to_contain_text("食品经营许可（新办）")
    assert theirs.get_by_text("请确认您认识对方").is_visible() == (way == "请家人授权我代办")
    theirs.get_by_role("button", name="接受").click()
    expect(theirs.get_by_text("已接受，现在可以代办了。")).to_be_visible()
    actor = theirs if way == "授权家人代我办理" else mine
    actor.goto("/h5/mandates")
    actor.get_by_role("button", name="办理").click()
    expect(actor.get_by_label("代办", exact=True)).to_be_visible()
    mine.goto("/h5/mandates")
    mine.get_by_text("结束授权").click()
    mine.get_by_role("button", name="确认结束").click()
    expect(mine.get_by_text("授权已经结束。")).to_be_visible()
    actor.goto("/h5/")
    expect(actor.get_by_role("alert")).to_contain_text("授权已经结束")


def test_what_is_wrong_is_said_beside_it(contexts: Contexts, phone: Phone) -> None:
    """Nothing chosen, a day too late, a code that nobody gave; what was typed stays."""
    page = contexts(phone.person, java_script_enabled=False).new_page()
    troubles = watch(page)
    page.goto("/h5/mandates/new?direction=give")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("alert")).to_have_text("请至少选择一项。")
    choose_item(page)
    late = (clock.today() + timedelta(days=400)).isoformat()
    page.get_by_label("授权到哪一天").fill(late)
    page.get_by_role("button", name="生成授权码").click()
    expect(page.locator("#ends_on-wrong")).to_be_visible()
    assert page.get_by_label("授权到哪一天").input_value() == late
    expect(page.locator("main")).to_contain_text("食品经营许可（新办）")
    page.goto("/h5/mandates/invitation")
    page.get_by_label("授权码").fill(hostile(64))
    page.get_by_role("button", name="查看授权内容").click()
    expect(page.locator("#code-wrong")).to_be_visible()
    assert page.get_by_label("授权码").input_value() == hostile(64)
    page.goto("/h5/mandates/new?direction=give")
    page.get_by_label("查找事项").fill(hostile(100))
    page.get_by_role("button", name="搜索").click()
    assert page.get_by_label("查找事项").input_value() == hostile(100)
    assert_unharmed(page, [trouble for trouble in troubles if "422" not in trouble])


def test_a_guardian_acts_for_a_child(contexts: Contexts, phone: Phone) -> None:
    """After agreeing to the text; a number that cannot be is said beside the field."""
    phone.show_face()
    child = make_child()
    page = contexts(phone.person, java_script_enabled=False).new_page()
    page.goto("/h5/mandates")
    page.get_by_role("link", name="代不满14周岁的孩子办理").click()
    page.get_by_label("孩子的姓名").fill(child.name)
    page.get_by_label("孩子的身份证号码").fill(child.id_number)
    page.get_by_role("button", name="核实并开始代办").click()
    expect(page.locator("#consent-wrong")).to_be_visible()
    page.get_by_label("我同意").check()
    page.get_by_label("孩子的姓名").fill(hostile(64))
    page.get_by_label("孩子的身份证号码").fill(hostile(32))
    page.get_by_role("button", name="核实并开始代办").click()
    expect(page.locator("#id_number-wrong")).to_be_visible()
    assert page.get_by_label("孩子的姓名").input_value() == hostile(64)
    assert page.get_by_label("孩子的身份证号码").input_value() == hostile(32)
    page.get_by_label("孩子的姓名").fill(child.name)
    page.get_by_label("孩子的身份证号码").fill(child.id_number)
    page.get_by_role("button", name="核实并开始代办").click()
    expect(page.locator("main")).to_contain_text("监护人")


def test_a_representative_registers_a_company_and_names_an_agent(
    contexts: Contexts, phone: Phone, daughter: Phone
) -> None:
    """The agent accepts with the code, as a proxy does, and acts for the company."""
    phone.show_face()
    page = contexts(phone.person, java_script_enabled=False).new_page()
    page.goto("/h5/companies")
    page.get_by_role("link", name="登记我的企业").click()
    page.get_by_label("企业名称").fill(hostile(60))
    page.get_by_label("统一社会信用代码").fill("1")
    page.get_by_role("button", name="核实并登记").click()
    expect(page.locator("#uscc-wrong")).to_be_visible()
    page.get_by_label("统一社会信用代码").fill(credit_code())
    page.get_by_role("button", name="核实并登记").click()
    expect(page.get_by_text("登记成功")).to_be_visible()
    page.get_by_role("link", name="授权经办人").click()
    choose_item(page)
    page.get_by_role("button", name="生成授权码").click()
    code = page.locator(".digits").inner_text()
    daughter.http.post("/api/v1/mandates/acceptances", json={"code": code}).raise_for_status()
    theirs = contexts(daughter.person).new_page()
    troubles = watch(theirs)
    theirs.goto("/h5/acting")
    theirs.get_by_role("button").filter(has_text="<script>").click()
    expect(theirs.get_by_label("代办", exact=True)).to_contain_text("<script>")
    assert_unharmed(theirs, troubles)


def test_pages_of_mandates_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone, daughter: Phone) -> None:
    """In every mode, with nothing and with all of it."""
    item = phone.item()["item_code"]
    context = contexts(phone.person)
    look_at(context, "/h5/mandates", "mandates-none", plan.web_url)
    look_at(context, "/h5/companies", "companies-none", plan.web_url)
    phone.show_face()
    mandate(phone.http, daughter.http, f"item:{item}", "licence:food_business")
    mandate(daughter.http, phone.http, "licence:food_business")
    phone.http.post("/api/v1/companies", json={"uscc": credit_code(), "name": hostile(200)}).raise_for_status()
    for path, name in (
        ("/h5/mandates", "mandates"),
        ("/h5/mandates/new?direction=give&q=身份证", "mandate-matters"),
        (f"/h5/mandates/new?direction=give&matter=item:{item}&step=term", "mandate-term"),
        ("/h5/mandates/invitation", "invitation"),
        ("/h5/wards/new", "ward-new"),
        ("/h5/companies", "companies"),
        ("/h5/companies/new", "company-new"),
    ):
        look_at(context, path, name, plan.web_url)
    choose(context, plan.web_url, "normal")
    page = context.new_page()
    code = offered(page, "授权家人代我办理")
    look_at_page(page, "mandate-offer", "normal")
    theirs = contexts(daughter.person).new_page()
    theirs.goto("/h5/mandates/invitation")
    theirs.get_by_label("授权码").fill(code)
    theirs.get_by_role("button", name="查看授权内容").click()
    look_at_page(theirs, "invitation-terms", "normal")
