"""A browser acts for somebody: said on every page, remembered, over at once, and nobody is taken for somebody else."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.demo.plan import Plan
from tests.api.test_api_mandates import mandate, offer
from tests.api.test_api_pages import sign_in_on, signed_in
from tests.conftest import Phone
from tests.people import make_child, make_person

BANNER = "正在代办"


@pytest.fixture
def daughter(plan: Plan) -> Iterator[Phone]:
    """Somebody verified whom the phone's owner may let act."""
    daughter = Phone(plan, make_person())
    daughter.verify()
    yield daughter
    daughter.http.close()


@pytest.fixture
def browser(plan: Plan, daughter: Phone) -> Iterator[httpx.Client]:
    """The daughter's browser."""
    with signed_in(plan, daughter.person) as browser:
        yield browser


def csrf(page: httpx.Response) -> str:
    """What the forms of a page show."""
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0])


def act(browser: httpx.Client, mandate_id: str) -> httpx.Response:
    """Choose on the page to act by a mandate."""
    form = {"mandate_id": mandate_id, "csrf_token": csrf(browser.get("/h5/me"))}
    return browser.post("/h5/acting", data=form)


def test_pages_are_the_others_until_it_is_ended(browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """Every page says so, the guide that needs nobody too, and one's own pages stay one's own."""
    item = phone.item()["item_code"]
    given = mandate(phone.http, daughter.http, f"item:{item}")["X-Acting-For"]
    case = phone.draft()["id"]
    masked = phone.person.name[0] + "*" + phone.person.name[-1]
    assert masked in browser.get("/h5/acting").text
    assert act(browser, given).headers["Location"] == "/h5/"
    home = browser.get("/h5/").text
    assert BANNER in home
    assert f"/h5/cases/{case}" in home
    for path in ("/h5/licences", f"/h5/items/{item}", "/h5/display"):
        page = browser.get(path).text
        assert BANNER in page
        assert masked in page
        assert "本页是您自己的内容" not in page
    own = browser.get("/h5/me").text
    assert "本页是您自己的内容" in own
    assert daughter.person.name[0] + "*" in own
    ended = browser.post("/h5/acting/end", data={"csrf_token": csrf(browser.get("/h5/display"))})
    assert ended.status_code == 303
    home = browser.get("/h5/").text
    assert BANNER not in home
    assert case not in home


def test_a_form_is_filled_in_for_the_other(browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """Page after page says so; what is typed is kept in their draft, and what was typed elsewhere meanwhile stays."""
    item = phone.item()["item_code"]
    act(browser, mandate(phone.http, daughter.http, f"item:{item}")["X-Acting-For"])
    case = phone.draft()
    path = f"/h5/cases/{case['id']}/form"
    page = browser.get(path)
    assert BANNER in page.text
    typed = {"csrf_token": csrf(page), "revision": case["revision"], "f.remark": "女儿代填", "go": "next"}
    saved = browser.post(path, data=typed)
    assert (saved.status_code, saved.headers["Location"]) == (303, f"/h5/cases/{case['id']}/materials")
    assert BANNER in browser.get(saved.headers["Location"]).text
    kept = phone.http.get(f"/api/v1/applications/{case['id']}").json()
    assert kept["form"] == {**case["form"], "remark": "女儿代填"}
    other = browser.post(path, data={**typed, "f.remark": "另一页"})
    assert other.status_code == 409
    assert BANNER in other.text
    assert phone.http.get(f"/api/v1/applications/{case['id']}").json()["form"] == kept["form"]


def test_scripts_of_a_page_act_as_it_does(browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """What they do is recorded with the mandate, and shows what their page shows."""
    item = phone.item()["item_code"]
    given = mandate(phone.http, daughter.http, f"item:{item}")["X-Acting-For"]
    own = csrf(browser.get("/h5/me"))
    act(browser, given)
    token = csrf(browser.get("/h5/licences"))
    body = {"item_code": item}
    refused = browser.post("/api/v1/applications", json=body, headers={"X-CSRF-Token": own, "Accept": "*/*"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_token_wrong")
    started = browser.post("/api/v1/applications", json=body, headers={"X-CSRF-Token": token})
    assert started.status_code == 201, started.text
    assert started.json()["by_mandate"] == given
    (case,) = phone.http.get("/api/v1/applications").json()["items"]
    assert case["id"] == started.json()["id"]


def test_a_form_opened_for_one_changes_nothing_of_another(browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """In two tabs: one page was opened before the other began or ended to act."""
    given = mandate(phone.http, daughter.http, "licence:food_business")["X-Acting-For"]
    mine = csrf(browser.get("/h5/me"))
    act(browser, given)
    theirs = csrf(browser.get("/h5/licences"))
    path = "/h5/field-requests/00000000-0000-7000-8000-000000000000/answer"
    assert browser.post(path, data={"answer": "allowed", "csrf_token": mine}).status_code == 403
    assert browser.post(path, data={"answer": "allowed", "csrf_token": theirs}).status_code == 404
    browser.post("/h5/acting/end", data={"csrf_token": theirs})
    assert browser.post(path, data={"answer": "allowed", "csrf_token": theirs}).status_code == 403
    assert browser.post(path, data={"answer": "allowed", "csrf_token": mine}).status_code == 404


def test_a_mandate_that_ends_ends_it_at_the_next_page(browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """That page says so, does nothing, and the one after it is one's own."""
    given = mandate(phone.http, daughter.http, "licence:food_business")["X-Acting-For"]
    act(browser, given)
    assert phone.http.delete(f"/api/v1/mandates/{given}").status_code == 200
    assert BANNER not in browser.get("/h5/me").text
    over = browser.get("/h5/")
    assert over.status_code == 403
    assert "代办已经结束" in over.text
    assert browser.get("/h5/licences").status_code == 200


def test_nobody_acts_by_what_is_not_theirs(browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """Not by an offer that waits, not by a mandate that somebody else holds, not by words."""
    waiting = offer(phone.http, "licence:food_business")["id"]
    mother = mandate(daughter.http, phone.http, "licence:food_business")["X-Acting-For"]
    for named in (waiting, mother):
        assert act(browser, named).status_code == 403
        browser.cookies.set("jiaban_acting", named)
        assert browser.get("/h5/licences").status_code == 403
        browser.cookies.delete("jiaban_acting")
    assert act(browser, "x").status_code == 422
    browser.cookies.set("jiaban_acting", "x")
    assert browser.get("/h5/licences").status_code == 200


def test_no_other_site_begins_it(browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """The form shows the page's token, and the cookie is not for scripts."""
    given = mandate(phone.http, daughter.http, "licence:food_business")["X-Acting-For"]
    assert browser.post("/h5/acting", data={"mandate_id": given}).status_code == 403
    cookie = act(browser, given).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_signing_in_and_out_ends_it(plan: Plan, browser: httpx.Client, phone: Phone, daughter: Phone) -> None:
    """Whoever uses the phone next is themselves."""
    given = mandate(phone.http, daughter.http, "licence:food_business")["X-Acting-For"]
    act(browser, given)
    left = browser.post("/h5/me/sign-out", data={"csrf_token": csrf(browser.get("/h5/me"))})
    assert left.status_code == 303
    assert "jiaban_acting" not in {one.name for one in browser.cookies.jar}
    with signed_in(plan, daughter.person) as other:
        act(other, given)
        sign_in_on(other, daughter.person)
        assert "jiaban_acting" not in {one.name for one in other.cookies.jar}


def test_a_guardian_agrees_to_the_text_that_is_asked_now(
    browser: httpx.Client, daughter: Phone, documented: Callable[[httpx.Response], None]
) -> None:
    """Whoever agreed to another one reads this one first: nothing is ticked for them."""
    daughter.show_face()
    typed = {**make_child().named, "consent": 999, "csrf_token": csrf(browser.get("/h5/wards/new"))}
    refused = browser.post("/h5/wards", data=typed)
    documented(refused)
    assert refused.status_code == 409
    assert "个人信息处理说明已经更新" in refused.text
    (box,) = re.findall(r'<input type="checkbox" name="consent" value="(\d+)"( checked)?>', refused.text)
    assert not box[1]
    taken = browser.post("/h5/wards", data={**typed, "consent": box[0]})
    assert (taken.status_code, taken.headers["Location"]) == (303, "/h5/mandates?done=accepted")
