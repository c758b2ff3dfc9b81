"""Pages over HTTP: what they may load, what is kept, what a form may do, where nobody may be sent."""

import io
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from PIL import Image

from app.applications.models import Application, Material, Scan, State
from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.rules import Audience
from app.identity.tokens import AccessTokens
from app.kit import clock
from app.kit.tls import public_tls
from tests.conftest import Phone
from tests.people import Person, make_person

RENEW = "/h5/v1/session/renew"
AS_BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@contextmanager
def signed_in(plan: Plan, person: Person) -> Iterator[httpx.Client]:
    """A browser on which a person is signed in."""
    with httpx.Client(
        base_url=plan.web_url, timeout=30, verify=public_tls(), trust_env=False, headers=AS_BROWSER
    ) as http:
        sign_in_on(http, person)
        yield http


def sign_in_on(browser: httpx.Client, person: Person) -> None:
    """Sign a person in on a browser."""
    there = browser.get("/h5/sign-in/wechat").headers["Location"]
    login = person.login_code.removeprefix("login-")
    back = browser.get(there.replace("#wechat_redirect", f"&login={login}")).headers["Location"]
    assert browser.get(back).status_code == 302


def large_photograph() -> tuple[str, bytes, str]:
    """A photograph of some megabytes, as a multipart form carries it."""
    content = io.BytesIO()
    Image.effect_noise((2400, 2000), 90).save(content, "JPEG", quality=90)
    return "a.jpg", content.getvalue(), "image/jpeg"


@pytest.fixture
def browser(plan: Plan) -> Iterator[httpx.Client]:
    """A browser on which nobody is signed in."""
    with httpx.Client(
        base_url=plan.web_url, timeout=30, verify=public_tls(), trust_env=False, headers=AS_BROWSER
    ) as http:
        yield http


def test_pages_run_no_script_but_ours_and_are_framed_and_kept_by_nobody(browser: httpx.Client) -> None:
    """None is written into the page, nor is a style."""
    for path in ("/h5/", "/h5/components", "/h5/nothing", "/h5/sign-in", "/v/x"):
        page = browser.get(path)
        policy = dict(one.split(" ", 1) for one in page.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", page.text), path


def test_no_answer_is_framed_or_taken_for_something_else(browser: httpx.Client) -> None:
    """Files, pages, what WeChat asks for, ways on, refusals, what no route answers."""
    paths = ("/openapi.json", "/.well-known/licence-keys", "/h5/sign-in/wechat", "/wechat/official-account", "/nothing")
    for path in (*paths, "/api/v1/identity", "/health/live"):
        answer = browser.get(path)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "Strict-Transport-Security" not in answer.headers, path


def test_one_request_holds_a_page_up(browser: httpx.Client) -> None:
    """The style sheet; scripts wait."""
    page = browser.get("/h5/").text
    assert len(re.findall(r'<link rel="stylesheet"', page)) == 1
    assert all("defer" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_files_are_kept_for_ever_by_the_address_that_names_their_content(browser: httpx.Client) -> None:
    """Another version's address is answered and not kept; nothing else is."""
    (address,) = re.findall(r'stylesheet" href="([^"]+)"', browser.get("/h5/").text)
    ours = browser.get(address)
    assert ours.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert ours.headers["Content-Type"] == "text/css; charset=utf-8"
    older = browser.get(re.sub(r"\.\w+\.css", ".000000000000.css", address))
    assert (older.content, older.headers["Cache-Control"]) == (ours.content, "no-store")
    for name in ("none.000000000000.css", "pages", "..%2Fpages.py", "%2e%2e%2fview.py"):
        assert browser.get(f"/h5/static/{name}").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("br, identity", False),
        ("xgzip", False),
        ("", False),
        (";;q=,gzip;q=x", False),
    ],
)
def test_files_are_packed_for_whoever_takes_it_so(browser: httpx.Client, accepted: str, packed: bool) -> None:
    """Both are the same file; a cache on the way keeps them apart. Pages, which hold secrets, are never packed."""
    (address,) = re.findall(r'stylesheet" href="([^"]+)"', browser.get("/h5/").text)
    plain = browser.get(address, headers={"Accept-Encoding": "identity"})
    answer = browser.get(address, headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert answer.content == plain.content
    assert (int(answer.headers["Content-Length"]) < len(plain.content) / 2) is packed
    assert "Content-Encoding" not in browser.get("/h5/", headers={"Accept-Encoding": accepted}).headers


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example", "/ x", "x"])
def test_no_form_and_no_query_sends_a_browser_to_another_site(browser: httpx.Client, where: str) -> None:
    """Only to a page of ours."""
    assert browser.post("/h5/display", data={"size": "elder", "return_to": where}).status_code == 422
    for path in ("/h5/sign-in", "/h5/sign-in/wechat", "/h5/v1/session/renew"):
        assert browser.get(path, params={"return_to": where}).status_code == 422


@pytest.mark.parametrize("cookie", ["", "x", "elder", "elder.dark.fr", "elder.dark.en.x", '"><script>', "é" * 500])
def test_a_cookie_that_nobody_wrote_changes_nothing(browser: httpx.Client, cookie: str) -> None:
    """The page looks as it does for whoever chose nothing."""
    page = browser.get("/h5/display", headers={b"Cookie": f"jiaban_view={cookie}".encode()})
    assert page.status_code == 200
    assert '<html lang="zh-CN" data-size="normal" data-colour="auto">' in page.text


def test_another_site_sends_no_form(plan: Plan) -> None:
    """The cookies go along with it; the token that our pages have does not."""
    with signed_in(plan, make_person()) as browser:
        token = re.findall(r'name="csrf_token" value="(\w{64})"', browser.get("/h5/me").text)[0]
        for shown in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 64}):
            assert browser.post("/h5/me/sign-out", data=shown).status_code == 403
        assert browser.get("/h5/me").status_code == 200
        assert browser.post("/h5/me/sign-out", data={"csrf_token": token}).status_code == 303
        assert browser.get("/h5/me").status_code == 302


def test_a_form_that_came_too_late_is_not_sent_on(browser: httpx.Client) -> None:
    """Whoever is not signed in reads why; only pages lead to signing in."""
    late = browser.post("/h5/me/sign-out", data={"csrf_token": "x"})
    assert late.status_code == 401
    assert "请先登录" in late.text


def run_out(browser: httpx.Client, tokens: AccessTokens) -> None:
    """Have the access token of whoever is signed in on a browser be over."""
    bearer = tokens.read(browser.cookies["jiaban_access"], Audience.H5)
    with clock.travel(timedelta(minutes=-16)):
        late = tokens.issue(Audience.H5, bearer.id, bearer.session, bearer.csrf_token)
    browser.cookies.set("jiaban_access", late, domain=browser.base_url.host, path="/")


def test_a_form_whose_session_ran_out_is_sent_again(plan: Plan, tokens: AccessTokens) -> None:
    """By way of the renewal, with what it showed before; where there is nothing to renew it is asked to sign in."""
    with signed_in(plan, make_person()) as browser:
        shown = {"csrf_token": re.findall(r'name="csrf_token" value="(\w{64})"', browser.get("/h5/me").text)[0]}
        for worth in (True, False):
            run_out(browser, tokens)
            if not worth:
                browser.cookies.delete("jiaban_refresh")
            there = browser.post("/h5/acting/end", data=shown)
            assert (there.status_code, there.headers["Location"]) == (307, RENEW + "?return_to=/h5/acting/end")
            back = browser.post(there.headers["Location"], data=shown)
            assert (back.status_code, back.headers["Location"]) == (307, "/h5/acting/end")
            assert browser.post("/h5/acting/end", data=shown).status_code == (303 if worth else 401)


def test_a_file_whose_session_ran_out_is_sent_again(plan: Plan, tokens: AccessTokens, phone: Phone) -> None:
    """As large as a phone's photograph: it comes whole, once."""
    case = phone.draft()["id"]
    path = f"/h5/cases/{case}/materials/site_photo"
    with signed_in(plan, phone.person) as browser:
        token = re.findall(r'name="csrf_token" value="(\w{64})"', browser.get(path).text)[0]
        data, files = {"csrf_token": token, "material_id": "site_photo"}, {"file": large_photograph()}
        run_out(browser, tokens)
        answer = browser.post(path, data=data, files=files)
        for there in (f"{RENEW}?return_to={path}", path):
            assert (answer.status_code, answer.headers["Location"]) == (307, there)
            answer = browser.post(there, data=data, files=files)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?done=given")
    assert len(phone.http.get(f"/api/v1/applications/{case}").json()["materials"]) == 1


async def test_what_a_new_beginning_could_not_take_over_is_said_first(house: House, plan: Plan, phone: Phone) -> None:
    """Fields and files by their names, and whether the questions are others; then it goes on with them."""
    case = phone.draft(remark="老办件")["id"]
    form = phone.http.get(f"/api/v1/applications/{case}").json()["form"] | {"business_site": "长" * 10_000}
    await Application.filter(id=case).update(form=form, answers={"gone": "yes"}, state=State.REFUSED)
    lost: dict[str, Any] = {"material_id": "site_photo", "content_type": "image/jpeg", "scan": Scan.INFECTED}
    lost |= {"size": 1, "width": 1, "height": 1, "sha256": "0" * 64, "blob_key": "nowhere"}
    await Material.create(application_id=case, created_at=clock.now(), **lost)
    with signed_in(plan, phone.person) as browser:
        path = f"/h5/cases/{case}/resubmission"
        token = re.findall(r'name="csrf_token" value="(\w{64})"', browser.get(path).text)[0]
        said = browser.post(path, data={"csrf_token": token})
        assert said.status_code == 200
        for words in ("已带入原来的内容", "请重新回答几个问题", "<li>经营场所</li>", "<li>经营场所照片</li>"):
            assert words in said.text
        (onward,) = re.findall(r'href="(/h5/cases/[^"]+/answers)"', said.text)
        assert browser.get(onward, follow_redirects=True).status_code == 200
    del house


def test_two_pages_opened_too_late_renew_as_one(plan: Plan) -> None:
    """The second does not take the first for a thief."""
    with signed_in(plan, make_person()) as browser:
        cookies = {one.name: one.value for one in browser.cookies.jar}
        headers = {"Cookie": f"jiaban_refresh={cookies['jiaban_refresh']}"}
        answers = [
            httpx.get(f"{plan.web_url}/h5/v1/session/renew?return_to=/h5/me", headers=headers, trust_env=False)
            for _ in range(2)
        ]
        assert [answer.headers["Location"] for answer in answers] == ["/h5/me"] * 2
        assert answers[0].cookies["jiaban_access"]
        assert answers[1].cookies["jiaban_refresh"] == answers[0].cookies["jiaban_refresh"]


def test_a_session_that_is_over_is_taken_out_of_the_browser(browser: httpx.Client) -> None:
    """So that the page after it asks to sign in, and does not go in circles."""
    answer = browser.get("/h5/v1/session/renew?return_to=/h5/me", headers={"Cookie": "jiaban_refresh=x"})
    assert answer.headers["Location"] == "/h5/me"
    assert 'jiaban_access=""' in answer.headers["Set-Cookie"]


def test_nobody_opens_the_case_or_message_of_another(plan: Plan, phone: Phone) -> None:
    """It is not there for them."""
    case = phone.draft()["id"]
    with signed_in(plan, phone.person) as own, signed_in(plan, make_person()) as other:
        assert own.get(f"/h5/cases/{case}").status_code == 200
        assert other.get(f"/h5/cases/{case}").status_code == 404
        token = re.findall(r'name="csrf_token" value="(\w{64})"', other.get("/h5/me").text)[0]
        data = {"csrf_token": token, "message_id": str(uuid.uuid4())}
        assert other.post("/h5/inbox/read", data=data).status_code == 404


def test_what_was_searched_for_is_shown_as_text(browser: httpx.Client) -> None:
    """Whatever it is."""
    page = browser.get("/h5/items", params={"q": '"><script>alert(1)</script>]]>\u202e'}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;]]&gt;" in page


def test_what_is_wrong_is_said_in_the_language_of_the_page(plan: Plan, phone: Phone) -> None:
    """Beside the field of a form, of somebody who is refused, of what could not be sent."""
    case = phone.draft()
    with signed_in(plan, phone.person) as browser:
        browser.cookies.set("jiaban_view", "normal.light.en", domain=browser.base_url.host, path="/")
        path = f"/h5/cases/{case['id']}/form"
        opened = browser.get(path).text
        assert "From your proven identity" in opened
        token = re.findall(r'name="csrf_token" value="(\w{64})"', opened)[0]
        form = {"csrf_token": token, "revision": case["revision"], "f.business_name": "长" * 101}
        wrong = browser.post(path, data=form)
        assert wrong.status_code == 422
        assert '“<span lang="zh-CN">经营者名称</span>” takes 100 characters at most.' in wrong.text
        kept = browser.post(f"{path}/kept", data=form).json()["wrong"]
        assert [one["message"] for one in kept] == ["“经营者名称” takes 100 characters at most."]
        submitted = browser.post(f"{path[:-5]}/check", data={**form, "key": uuid.uuid4().hex})
        assert "Some materials that are needed are missing." in submitted.text
        refused = browser.post("/h5/staff/sign-in", data={"username": "x", "password": "x"})
        assert "The user name or the password is wrong." in refused.text
