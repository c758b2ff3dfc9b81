"""Staff on web pages: their cookies, what no other site can send, sessions that go on and end."""

import re
from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie
from uuid import uuid4

import httpx
import pyotp
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity import second_factor
from app.identity.staff_accounts import OFFICER_SECRET
from app.kit.tls import public_tls
from miniapp_api import cookies
from tests.service.cases import staff_member

SIGN_IN, VERIFY = "/h5/staff/sign-in", "/h5/staff/verify"
FORM = {"username": "verifier", "password": "verifier-demo"}


@pytest.fixture
def browser(plan: Plan) -> Iterator[httpx.Client]:
    """A browser that asks for pages."""
    with httpx.Client(
        base_url=plan.web_url, timeout=60, verify=public_tls(), trust_env=False, headers={"Accept": "text/html"}
    ) as browser:
        yield browser


@pytest.fixture
async def pages(plan: Plan) -> AsyncIterator[httpx.AsyncClient]:
    """The same, beside a house of the test's own."""
    async with httpx.AsyncClient(
        base_url=plan.web_url, timeout=60, verify=public_tls(), trust_env=False, headers={"Accept": "text/html"}
    ) as pages:
        yield pages


@pytest.fixture
def staff(browser: httpx.Client) -> httpx.Client:
    """The browser in which the demonstration's verifier has signed in."""
    assert browser.post(SIGN_IN, data=FORM).status_code == 303
    return browser


def hidden(page: str, name: str) -> str:
    """A hidden field of a page's form."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, name
    return found[1]


def test_cookies_of_staff_go_to_their_pages_alone(browser: httpx.Client) -> None:
    """Scripts read neither, no other site brings them along, and the refresh token goes where it is spent alone."""
    answer = browser.post(SIGN_IN, data=FORM)
    given = [SimpleCookie(line) for line in answer.headers.get_list("set-cookie")]
    paths = {}
    for (name, morsel), *_ in (list(one.items()) for one in given):
        assert morsel["httponly"]
        assert morsel["samesite"] == "Strict"
        paths[name] = morsel["path"]
    assert paths == {cookies.STAFF: "/h5/staff", cookies.STAFF_REFRESH: "/h5/staff/session"}


def test_a_form_without_its_token_is_refused(staff: httpx.Client) -> None:
    """And spends nothing; with it, it is answered."""
    opened = staff.get(VERIFY).text
    form = {"code": "JUNK", "duty": "verify", "key": uuid4().hex}
    refused = staff.post(VERIFY, data=form, headers={"Accept": "*/*"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_token_wrong")
    answered = staff.post(VERIFY, data={**form, "csrf_token": hidden(opened, "csrf_token")})
    assert answered.status_code == 200
    assert "malformed" in answered.text
    assert answered.headers["cache-control"] == "no-store"


def test_another_site_signs_nobody_in(browser: httpx.Client) -> None:
    """An officer would verify in somebody else's name."""
    answer = browser.post(SIGN_IN, data=FORM, headers={"Sec-Fetch-Site": "cross-site", "Accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_token_wrong")
    assert not answer.headers.get_list("set-cookie")


def test_a_session_goes_on_when_its_access_token_is_over(staff: httpx.Client) -> None:
    """By way of the address that its refresh token goes to, twice at once too; once it has ended, by signing in."""
    staff.cookies.delete(cookies.STAFF)
    sent = staff.get(VERIFY)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{cookies.STAFF_SESSION_PATH}?return_to={VERIFY}")
    before = staff.cookies[cookies.STAFF_REFRESH]
    renewed = staff.get(sent.headers["location"])
    assert renewed.headers["location"] == VERIFY
    page = staff.get(VERIFY)
    assert page.status_code == 200
    other_tab = {"Cookie": f"{cookies.STAFF_REFRESH}={before}"}
    assert staff.get(sent.headers["location"], headers=other_tab).headers["location"] == VERIFY
    left = staff.post("/h5/staff/sign-out", data={"csrf_token": hidden(page.text, "csrf_token")})
    assert left.headers["location"] == f"{SIGN_IN}#left"
    assert not staff.cookies
    assert staff.get(sent.headers["location"], headers=other_tab).headers["location"].startswith(SIGN_IN)


def test_only_pages_of_staff_are_returned_to(browser: httpx.Client) -> None:
    """No other site, and no other surface."""
    for elsewhere in ("https://example.com/", "//example.com", "/h5/", "/h5/staff/../../x"):
        refused = browser.post(SIGN_IN, data={**FORM, "return_to": elsewhere})
        assert refused.status_code == 422, elsewhere


async def test_a_given_password_is_changed_first(house: House, pages: httpx.AsyncClient) -> None:
    """Every page leads there; then it opens nothing, and the one that was chosen does."""
    member = await staff_member(["verify"], password_given=True)
    form = {"username": member.username, "password": "password-of-a-test"}
    assert (await pages.post(SIGN_IN, data=form)).headers["location"] == "/h5/staff/password"
    assert (await pages.get(VERIFY)).headers["location"] == "/h5/staff/password"
    token = {"csrf_token": hidden((await pages.get("/h5/staff/password")).text, "csrf_token")}
    junk = {"code": "JUNK", "duty": "verify", "key": uuid4().hex}
    assert (await pages.post(VERIFY, data={**token, **junk})).status_code == 403
    change = {**token, "old": form["password"]}
    assert (await pages.post("/h5/staff/password", data={**change, "new": "short"})).status_code == 422
    chosen = {"username": member.username, "password": "chosen password of a test"}
    changed = await pages.post("/h5/staff/password", data={**change, "new": chosen["password"]})
    assert changed.headers["location"] == f"{SIGN_IN}#left"
    assert (await pages.post(SIGN_IN, data=form)).status_code == 401
    assert (await pages.post(SIGN_IN, data=chosen)).headers["location"] == VERIFY


async def test_duties_open_the_page(house: House, pages: httpx.AsyncClient) -> None:
    """Whoever has none of the two is told; whoever has one verifies in that one."""
    for duties, status in ((["supervise"], 403), (["window"], 200)):
        member = await staff_member(duties)
        pages.cookies.clear()
        await pages.post(SIGN_IN, data={"username": member.username, "password": "password-of-a-test"})
        opened = await pages.get(VERIFY)
        assert opened.status_code == status
    assert hidden(opened.text, "duty") == "window"
    form = {"code": "JUNK", "key": uuid4().hex, "csrf_token": hidden(opened.text, "csrf_token")}
    assert (await pages.post(VERIFY, data={**form, "duty": "verify"})).status_code == 403
    assert (await pages.post(VERIFY, data={**form, "duty": "window"})).status_code == 200


def test_the_demonstrations_supervisor_comes_to_complaints(browser: httpx.Client) -> None:
    """Whoever only supervises has nothing to verify."""
    form = {"username": "supervisor", "password": "supervisor-demo", "otp": pyotp.TOTP(OFFICER_SECRET).now()}
    answer = browser.post(SIGN_IN, data=form)
    assert answer.headers["location"] == "/h5/staff/complaints"
    assert browser.get("/h5/staff/complaints").status_code == 200


async def test_the_second_factor_is_asked_for(house: House, pages: httpx.AsyncClient) -> None:
    """Without it, and with a wrong one, nobody gets in."""
    secret = second_factor.new_secret()
    member = await staff_member(["verify"], otp_secret=secret)
    form = {"username": member.username, "password": "password-of-a-test"}
    for otp in ("", "000000"):
        refused = await pages.post(SIGN_IN, data={**form, "otp": otp})
        assert refused.status_code == 401
        assert not refused.headers.get_list("set-cookie")
    answer = await pages.post(SIGN_IN, data={**form, "otp": pyotp.TOTP(secret).now()})
    assert answer.headers["location"] == VERIFY


def test_a_refused_sign_in_repeats_no_password(browser: httpx.Client) -> None:
    """And writes the name as text, whatever it is."""
    answer = browser.post(SIGN_IN, data={"username": '"><script>x', "password": "secret-of-a-test"})
    assert answer.status_code == 401
    assert "secret-of-a-test" not in answer.text
    assert "<script>x" not in answer.text


def test_the_worker_keeps_every_file_of_the_page_without_network(browser: httpx.Client) -> None:
    """One that is missing would be missed where no network is; a changed file makes another worker."""
    worker = browser.get("/h5/staff/worker.js")
    assert worker.headers["cache-control"] == "no-cache"
    files = set(re.findall(r"/h5/static/[\w.]+", browser.get("/h5/staff/offline").text))
    assert len(files) > 5
    assert files <= set(re.findall(r"/h5/static/[\w.]+", worker.text))
    for file in files:
        assert browser.get(file).headers["cache-control"].endswith("immutable")
