"""Applying in a real browser: from the guide to a case that the approval system holds."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from app.demo.plan import Plan
from app.identity.rules import Audience
from app.identity.tokens import AccessTokens
from app.kit import clock, texts
from miniapp_api.h5.form_fields import FormField, Lists, Shown, fields_of
from tests.api.conftest import photograph_of_site
from tests.browser.browsers import cookies_of, watch
from tests.browser.looks import MODES, look_at, look_at_page
from tests.conftest import Phone
from tests.e2e.breaking import await_true
from tests.unit.city.reading import ITEMS

Contexts = Callable[..., BrowserContext]
FOOD = "11230800JB0000017Q3000131001001"


def answer_guide(page: Page) -> None:
    """Each question with its first answer, also those that an answer leads to."""
    groups, place = page.locator("#form fieldset:visible"), 0
    while place < groups.count():
        groups.nth(place).get_by_role("radio").first.check()
        place += 1


def begin(page: Page) -> str:
    """A draft that was begun from the guide: the address of its form."""
    page.goto(f"/h5/items/{FOOD}")
    page.get_by_role("link", name="在线办理").click()
    answer_guide(page)
    page.get_by_role("button", name="开始填写").click()
    page.wait_for_url(re.compile(r"/h5/cases/[0-9a-f-]+/form"))
    return page.url


def test_a_form_is_saved_as_one_types(contexts: Contexts, phone: Phone) -> None:
    """And says so; another opening has what was typed."""
    page = contexts(phone.person).new_page()
    troubles = watch(page)
    address = begin(page)
    page.get_by_label("经营者名称").fill("桂兰小吃店")
    page.get_by_label("经营者名称").press("Tab")
    expect(page.locator("#kept")).to_have_text("已保存")
    look_at_page(page, "form-kept-normal", "normal")
    page.goto(address)
    expect(page.get_by_label("经营者名称")).to_have_value("桂兰小吃店")
    assert not troubles


def test_pages_of_applying_keep_the_rules(contexts: Contexts, plan: Plan, phone: Phone) -> None:
    """In every mode, and light enough for a village."""
    context = contexts(phone.person)
    address = begin(context.new_page())
    path = address.removeprefix(plan.web_url)
    case = path.removesuffix("/form")
    for where, name in (
        (f"/h5/items/{FOOD}/apply", "apply"),
        (path, "form"),
        (f"{case}/answers", "answers"),
        (f"{case}/materials", "materials"),
        (f"{case}/materials/site_photo", "material"),
        (f"{case}/contact", "contact"),
        (f"{case}/check", "check-missing"),
        (f"{case}/discard", "discard"),
        (case, "case-draft"),
    ):
        look_at(context, where, name, plan.web_url)


def fill(page: Page) -> None:
    """Everything that the form of a food business asks for."""
    page.get_by_label("经营者名称").fill("桂兰小吃店")
    page.get_by_label("经营场所", exact=True).fill("前进区示例路1号")
    page.get_by_label("餐饮服务经营者").check()
    page.get_by_label("热食类食品制售").check()
    page.get_by_label("自制饮品制售").check()
    page.get_by_label("经营场所面积").fill("６０")
    page.get_by_label("联系地址").fill("前进区示例路1号")
    page.get_by_label("选择县（市、区）").select_option(label="前进区")


def give(page: Page, photo: Path) -> None:
    """A photograph for each material that is still asked for, without a script."""
    while (lacking := page.locator("a.row", has_text="还没有交")).count():
        lacking.first.click()
        page.get_by_label("从手机里选").set_input_files(photo)
        page.locator("form.upload", has_text="从手机里选").get_by_role("button", name="上传", exact=True).click()
        expect(page.get_by_text("已上传", exact=True)).to_be_visible()
        page.get_by_role("link", name="返回材料").click()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph."""
    path = tmp_path / "照片.jpg"
    path.write_bytes(photograph_of_site()[1])
    return path


def test_a_citizen_applies_without_scripts(contexts: Contexts, phone: Phone, photo: Path) -> None:
    """From the guide to the case number; what is missing is told, and what was typed stays."""
    page = contexts(phone.person, java_script_enabled=False).new_page()
    page.goto(f"/h5/items/{FOOD}")
    page.get_by_role("link", name="在线办理").click()
    page.get_by_label("单位食堂").check()
    page.get_by_role("button", name="开始填写").click()
    page.get_by_label("不会").check()
    page.get_by_role("button", name="开始填写").click()
    page.get_by_label("经营场所面积").fill("很大")
    page.get_by_role("button", name="下一步").click()
    assert page.get_by_role("alert").is_visible()
    expect(page.get_by_label("经营场所面积")).to_have_value("很大")
    expect(page.get_by_label("经营场所面积")).to_have_attribute("aria-invalid", "true")
    fill(page)
    page.get_by_role("button", name="下一步").click()
    give(page, photo)
    page.get_by_role("link", name="下一步").click()
    expect(page.get_by_text("热食类食品制售、自制饮品制售")).to_be_visible()
    expect(page.get_by_text("前进区", exact=True)).to_be_visible()
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_text("办件有进展时会告诉您。")).to_be_visible()
    assert FOOD in page.locator("main").inner_text()


def test_an_upload_goes_on_where_the_network_broke_off(contexts: Contexts, phone: Phone, photo: Path) -> None:
    """The chunks that are there are not sent again."""
    case = phone.draft()["id"]
    Image.effect_noise((900, 900), 50).save(photo, "JPEG", quality=95)
    context = contexts(phone.person)
    page = context.new_page()
    page.goto(f"/h5/cases/{case}/materials/site_photo")
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if "/chunks/" in asked.url else None)
    page.route("**/chunks/1", lambda route: route.abort())
    page.get_by_label("从手机里选").set_input_files(photo)
    expect(page.get_by_text("网络不稳，没有传完")).to_be_visible()
    page.unroute("**/chunks/1")
    page.get_by_role("button", name="接着传").click()
    expect(page.get_by_text("已上传", exact=True)).to_be_visible()
    assert [url.rpartition("/")[2] for url in sent].count("0") == 1
    await_true("a preview", lambda: page.reload() and page.get_by_role("img", name="第1个文件").count())
    page.get_by_role("button", name="删除第1个文件").click()
    expect(page.get_by_text("已删除")).to_be_visible()


def test_a_file_that_is_none_is_refused_in_words(contexts: Contexts, phone: Phone, tmp_path: Path) -> None:
    """With a script and without."""
    case = phone.draft()["id"]
    broken = tmp_path / "x.jpg"
    broken.write_bytes(b"no picture")
    for scripts in (True, False):
        page = contexts(phone.person, java_script_enabled=scripts).new_page()
        page.goto(f"/h5/cases/{case}/materials/site_photo")
        page.get_by_label("从手机里选").set_input_files(broken)
        if not scripts:
            page.get_by_role("button", name="上传", exact=True).last.click()
        expect(page.get_by_text(texts.text("errors", "upload_unsupported_type"))).to_be_visible()


def submit(phone: Phone, **form: Any) -> str:
    """A case that the approval system has: its address."""
    case = f"/applications/{phone.draft(**form)['id']}"
    files = {"file": photograph_of_site()}
    phone.http.post(f"/api/v1{case}/materials", data={"material_id": "site_photo"}, files=files).raise_for_status()
    answer = phone.http.post(f"/api/v1{case}/submission", headers={"Idempotency-Key": uuid.uuid4().hex})
    assert answer.status_code == 202, answer.text
    return case.replace("/applications", "/h5/cases")


def state_of(phone: Phone, case: str) -> str:
    """The state of a case."""
    return str(phone.http.get(case.replace("/h5/cases", "/api/v1/applications")).json()["state"])


def test_an_office_that_asks_for_more_gets_it(contexts: Contexts, plan: Plan, phone: Phone, photo: Path) -> None:
    """A material, a corrected field and a note; what is wrong is told first, and nothing is lost on the way."""
    case = submit(phone, remark="请补正")
    await_true("a supplement", lambda: state_of(phone, case) == "supplement_requested")
    look_at(contexts(phone.person), f"{case}/supplement", "supplement", plan.web_url)
    page = contexts(phone.person).new_page()
    page.goto(case)
    page.get_by_role("link", name="去补正").click()
    page.get_by_text("修改填写的内容").click()
    page.get_by_label("经营场所面积").fill("0")
    page.get_by_label("补充说明").fill("已改")
    page.get_by_role("link", name="经营场所照片").click()
    page.get_by_label("从手机里选").set_input_files(photo)
    expect(page.get_by_text("已上传", exact=True)).to_be_visible()
    page.goto(f"{case}/supplement")
    expect(page.get_by_text("已找回您刚才填的内容")).to_be_visible()
    expect(page.get_by_label("补充说明")).to_have_value("已改")
    page.get_by_role("button", name="提交补正").click()
    expect(page.get_by_role("alert")).to_contain_text("经营场所面积")
    look_at_page(page, "supplement-wrong-normal", "normal")
    expect(page.get_by_label("补充说明")).to_have_value("已改")
    page.get_by_label("经营场所面积").fill("80")
    page.get_by_role("button", name="提交补正").click()
    expect(page.get_by_text("补正已提交")).to_be_visible()


def test_a_case_is_hurried_told_of_and_withdrawn(contexts: Contexts, plan: Plan, phone: Phone) -> None:
    """Each on a page of its own; hurrying again is refused in words, and nothing that was typed is lost."""
    case = submit(phone, remark="请等待")
    await_true("the office", lambda: state_of(phone, case) != "submitted")
    looked_at = contexts(phone.person)
    for name in ("hurry", "withdrawal"):
        look_at(looked_at, f"{case}/{name}", name, plan.web_url)
    page = contexts(phone.person).new_page()
    page.goto(case)
    page.get_by_role("link", name="催办").click()
    page.get_by_label("想说的话").fill("很" * 201)
    page.get_by_role("button", name="确认催办").click()
    expect(page.get_by_text("不能超过200个字。")).to_be_visible()
    page.get_by_label("想说的话").fill("急用")
    page.get_by_role("button", name="确认催办").click()
    expect(page.get_by_text("已催办")).to_be_visible()
    page.goto(f"{case}/hurry")
    page.get_by_label("想说的话").fill("还是急")
    page.get_by_role("button", name="确认催办").click()
    expect(page.get_by_role("alert")).to_contain_text("您已经催办过")
    expect(page.get_by_label("想说的话")).to_have_value("还是急")
    page.get_by_role("link", name="返回办件").click()
    page.get_by_role("link", name="联系和领取方式").click()
    page.get_by_label("联系电话").fill("138")
    page.get_by_label("邮寄").check()
    page.get_by_label("收件人", exact=True).fill("李桂兰")
    page.get_by_label("收件人电话").fill("138 0000 0000")
    page.get_by_label("收件地址").fill("前进区示例路1号")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("请填写11位手机号码。")).to_be_visible()
    expect(page.get_by_label("收件地址")).to_have_value("前进区示例路1号")
    page.get_by_label("联系电话").fill("13800000000")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已经告诉办理部门。")).to_be_visible()
    page.get_by_role("link", name="撤回办件").click()
    page.get_by_label("原因").fill("不办了")
    page.get_by_role("button", name="确认撤回").click()
    expect(page.get_by_text("办理部门不再办理。")).to_be_visible()
    look_at(looked_at, f"{case}/resubmission", "resubmission", plan.web_url)
    page.get_by_role("link", name="重新申请").click()
    page.get_by_role("button", name="重新申请").click()
    expect(page.get_by_label("经营者名称")).to_have_value("佳木斯市前进区桂兰小吃店")
    page.goto(page.url.replace("/form", ""))
    page.get_by_role("link", name="删除草稿").click()
    page.get_by_role("button", name="确认删除").click()
    expect(page.get_by_role("heading", name="我的办件")).to_be_visible()


def expire(context: BrowserContext, tokens: AccessTokens) -> None:
    """A quarter of an hour goes by for the access token of a browser."""
    access = next(one for one in context.cookies() if one["name"] == "jiaban_access")
    bearer = tokens.read(str(access["value"]), Audience.H5)
    with clock.travel(timedelta(hours=-1)):
        late = tokens.issue(Audience.H5, bearer.id, bearer.session, bearer.csrf_token)
    cookie: Any = {**access, "value": late}
    context.add_cookies([cookie])


def test_a_form_that_comes_late_loses_nothing(contexts: Contexts, phone: Phone, tokens: AccessTokens) -> None:
    """The session is renewed on the way, whoever sends it; another tab may have renewed it before."""
    for scripts in (False, True):
        context = contexts(phone.person, java_script_enabled=scripts)
        page, other = context.new_page(), context.new_page()
        page.goto(f"/h5/cases/{phone.draft()['id']}/form")
        page.get_by_label("备注").fill("很久以后")
        expire(context, tokens)
        other.goto("/h5/cases")
        expire(context, tokens)
        if scripts:
            page.get_by_label("备注").press("Tab")
            expect(page.locator("#kept")).to_have_text("已保存")
        page.get_by_role("button", name="保存").click()
        expect(page.get_by_text("可以接着填，也可以以后再来。")).to_be_visible()
        expect(page.get_by_label("备注")).to_have_value("很久以后")


def test_what_was_typed_outlives_the_session(contexts: Contexts, phone: Phone, plan: Plan) -> None:
    """The page says that it is kept, leads to signing in, and has it again after that."""
    context = contexts(phone.person)
    page = context.new_page()
    page.goto(f"/h5/cases/{phone.draft()['id']}/form")
    page.route("**/form/kept", lambda route: route.abort())
    page.get_by_label("备注").fill("重新登录以后")
    context.clear_cookies()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("您填的内容还在，登录后会自动填回。")).to_be_visible()
    again = page.get_by_role("link", name="重新登录").get_attribute("href")
    assert again
    assert again.endswith(page.url.removeprefix(plan.web_url))
    context.add_cookies(cookies_of(plan, phone.person))
    page.goto(page.url)
    expect(page.get_by_text("已找回您刚才填的内容")).to_be_visible()
    expect(page.get_by_label("备注")).to_have_value("重新登录以后")


def test_what_another_device_changed_is_not_written_over(contexts: Contexts, phone: Phone) -> None:
    """Both are shown; the next save decides."""
    draft = phone.draft(remark="第一")
    page = contexts(phone.person, java_script_enabled=False).new_page()
    page.goto(f"/h5/cases/{draft['id']}/form")
    body = {"revision": draft["revision"], "form": {"remark": "另一台"}}
    assert phone.http.patch(f"/api/v1/applications/{draft['id']}", json=body).status_code == 200
    page.get_by_label("备注").fill("这一台")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert")).to_contain_text("另一台设备上改过")
    expect(page.get_by_text("另一台", exact=True)).to_be_visible()
    expect(page.get_by_label("备注")).to_have_value("这一台")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("可以接着填，也可以以后再来。")).to_be_visible()
    expect(page.get_by_label("备注")).to_have_value("这一台")


@pytest.mark.parametrize("scripts", [True, False])
def test_an_english_sentence_about_a_field_says_that_its_title_is_chinese(
    contexts: Contexts, phone: Phone, scripts: bool
) -> None:
    """A screen reader speaks each in its language; what was told as one types is told so, too."""
    page = contexts(phone.person, java_script_enabled=scripts).new_page()
    page.context.add_cookies([{"name": "jiaban_view", "value": MODES["english"], "url": phone.plan.web_url}])
    page.goto(f"/h5/cases/{phone.draft()['id']}/form")
    page.get_by_label("备注").fill("长" * 2000)
    if scripts:
        page.get_by_label("备注").press("Tab")
    else:
        page.get_by_role("button", name="Save").first.click()
    title = page.locator(".wrong span[lang=zh-CN]")
    expect(title).to_have_text("备注")
    expect(page.locator(".wrong", has=page.locator("span"))).to_contain_text("characters")


HOSTILE = "<script>document.title='x'</script>]]>&amp;'\"\u202e{{7*7}}👨‍👩‍👧"


@pytest.mark.parametrize("scripts", [True, False])
def test_hostile_text_does_no_harm_and_is_not_lost(contexts: Contexts, phone: Phone, scripts: bool) -> None:
    """Ten thousand characters in every field are refused in words and still there; what fits is shown as it is."""
    case = f"/h5/cases/{phone.draft()['id']}"
    page = contexts(phone.person, java_script_enabled=scripts).new_page()
    troubles = watch(page)
    long = HOSTILE + "长" * 10_000
    page.goto(f"{case}/form")
    boxes = page.locator("#form").get_by_role("textbox")
    dates = page.locator("#form input[type=date]").count()
    assert boxes.count() - dates > 5
    for box in boxes.all():
        box.fill(long)
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("alert")).to_contain_text("不能超过")
    assert {box.input_value() for box in boxes.all()} <= {long, long.upper()}
    for box in boxes.all():
        box.fill(HOSTILE)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_label("备注")).to_have_value(HOSTILE)
    page.goto(f"{case}/contact")
    page.get_by_label("联系地址").fill(long)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("地址不能超过200个字。").first).to_be_visible()
    expect(page.get_by_label("联系地址")).to_have_value(long)
    page.get_by_label("联系地址").fill(HOSTILE)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main bdi", has_text="<script>").first).to_be_visible()
    assert page.evaluate("[document.documentElement.scrollWidth, document.title]") == [360, "核对提交 · 佳办"]
    assert not [trouble for trouble in troubles if "422" not in trouble]


def test_hostile_words_to_an_office_do_no_harm(contexts: Contexts, phone: Phone) -> None:
    """They stand on the case as they were typed."""
    case = submit(phone, remark="请等待")
    await_true("the office", lambda: state_of(phone, case) != "submitted")
    page = contexts(phone.person).new_page()
    troubles = watch(page)
    for name, label, button in (("hurry", "想说的话", "确认催办"), ("withdrawal", "原因", "确认撤回")):
        page.goto(f"{case}/{name}")
        page.get_by_label(label).fill(HOSTILE * 200)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_label(label)).to_have_value(HOSTILE * 200)
        page.get_by_label(label).fill(HOSTILE)
        page.get_by_role("button", name=button).click()
        expect(page.locator("bdi.said", has_text="<script>").first).to_have_text(HOSTILE)
    assert page.evaluate("[document.documentElement.scrollWidth, document.title]") == [360, "办件 · 佳办"]
    assert not [trouble for trouble in troubles if "422" not in trouble]


def type_in(page: Page, fields: list[FormField], *, scripts: bool) -> None:
    """What a citizen types and chooses, as far as the page asks it by now."""
    for field in fields:
        inputs = page.locator(f'[name="{field.id}"]')
        if field.kind == "fixed" or not inputs.locator("visible=true").count():
            continue
        if field.kind in {"radio", "choices", "yes_no", "tick"}:
            for value in field.chosen:
                page.locator(f'[name="{field.id}"][value="{value}"]').check()
        elif field.kind == "select":
            inputs.select_option(field.chosen[0])
        elif field.kind == "region":
            code = field.places[0][1]
            for level, length in enumerate(range(6, len(code) + 1, 3)):
                select = inputs.nth(level)
                if scripts:
                    expect(select).to_be_visible()
                if select.is_visible():
                    select.select_option(code[:length])
        else:
            inputs.fill(field.written)


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(
    "name", ["grain_subsidy", "land_transfer_filing", "household_birth", "medical_reimbursement", "notary_booking"]
)
def test_every_kind_of_field_can_be_filled_in(contexts: Contexts, phone: Phone, name: str, scripts: bool) -> None:
    """Places down to the village, codes, lists, dates, amounts, what is computed and what hangs on an answer."""
    item = ITEMS[name]
    schema, example = item["form_schema"], item["form_example"]
    places = {field: [((), value)] for field, value in example.items() if isinstance(value, str)}
    shown = fields_of(schema, example, Shown(lists=Lists(places=places)))
    fields = [field for field in shown if field.said() or field.places]
    draft = phone.http.post("/api/v1/applications", json={"item_code": item["item_code"]})
    assert draft.status_code == 201, draft.text
    path = f"/cases/{draft.json()['id']}"
    page = contexts(phone.person, java_script_enabled=scripts).new_page()
    page.goto(f"/h5{path}/form")
    for _ in range(1 if scripts else 4):
        type_in(page, fields, scripts=scripts)
        page.get_by_role("button", name="保存").click()
        page.wait_for_load_state()
    page.get_by_role("button", name="下一步").click()
    page.wait_for_load_state()
    told = page.get_by_role("alert")
    assert not told.count(), told.inner_text()
    page.wait_for_url(re.compile("/(materials|check)$"))
    found = phone.http.get(path.replace("/cases", "/api/v1/applications")).json()
    assert found["missing"] == []
    fixed = {field for field, part in schema["properties"].items() if part.get("readOnly") or "x-compute" in part}
    given = {field: value for field, value in example.items() if field not in fixed}
    assert {field: found["form"].get(field) for field in given} == given
