"""Signing in on web pages: through WeChat, through the province, into cookies that another site cannot use."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pyotp
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.rules import Duty
from app.identity.staff_accounts import OFFICER_SECRET
from app.kit import clock
from app.kit.tls import public_tls
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.people import Person, make_person
from tests.service.cases import staff_member

REFRESH = "/h5/v1/session/refresh"


class Browser:
    """A browser in WeChat, whose user is known to the stand-in as ``login``."""

    def __init__(self, plan: Plan, documented: Callable[[httpx.Response], None], login: str) -> None:
        self.plan, self.login = plan, login
        self.http = httpx.Client(base_url=plan.web_url, timeout=30, verify=public_tls(), trust_env=False)
        self.http.event_hooks = {"response": [documented]}

    def begin(self, way: str = "wechat", **query: str) -> str:
        """Set out; the address of the other site."""
        answer = self.http.get(f"/h5/sign-in/{way}", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def back_from_wechat(self, address: str) -> str:
        """Where WeChat sends the browser back to."""
        there = httpx.get(address.replace("#wechat_redirect", f"&login={self.login}"), trust_env=False)
        assert there.status_code == 302, there.text
        return there.headers["Location"]

    def back_from_province(self, address: str, person: Person, acr: str) -> str:
        """Where the province sends the browser back to."""
        hint = {"hint": person.openid, "name": person.name, "id_number": person.id_number, "acr": acr}
        httpx.post(f"{self.plan.sandbox_url}/control/province/persons", json=hint, trust_env=False).raise_for_status()
        there = httpx.get(address, params={**httpx.URL(address).params, "login_hint": person.openid}, trust_env=False)
        assert there.status_code in {302, 303}, there.text
        return there.headers["Location"]

    def sign_in(self) -> None:
        """Through WeChat and back."""
        back = self.http.get(self.back_from_wechat(self.begin()))
        assert back.status_code == 302, back.text

    @property
    def csrf(self) -> dict[str, str]:
        """The header that only our own pages can make."""
        return {"X-CSRF-Token": self.http.cookies["jiaban_csrf"]}


@pytest.fixture
def browsers(plan: Plan, documented: Callable[[httpx.Response], None]) -> Iterator[Callable[..., Browser]]:
    """Makes browsers."""
    made: list[Browser] = []

    def make(login: str | None = None) -> Browser:
        made.append(Browser(plan, documented, login or uuid.uuid4().hex))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


def test_a_page_signs_in_through_wechat(browsers: Callable[..., Browser]) -> None:
    """It comes back to where it was; the cookies are out of a script's reach, and the page is who it is."""
    browser = browsers()
    back = browser.http.get(browser.back_from_wechat(browser.begin(return_to="/h5/sign-in?x=1")))
    assert (back.status_code, back.headers["Location"]) == (302, "/h5/sign-in?x=1")
    given = {one.split("=")[0]: one for one in back.headers.get_list("Set-Cookie")}
    assert set(given) == {"jiaban_access", "jiaban_refresh", "jiaban_csrf", "jiaban_acting"}
    assert "Max-Age=0" in given["jiaban_acting"]
    assert all("HttpOnly" in given[name] for name in ("jiaban_access", "jiaban_refresh"))
    assert "SameSite=Lax" in given["jiaban_access"]
    assert all("SameSite=Strict" in given[name] for name in ("jiaban_refresh", "jiaban_csrf"))
    assert "您已登录" in browser.http.get("/h5/sign-in").text
    assert browser.http.get("/api/v1/identity").json()["level"] == 0
    assert "您已登录" not in browsers().http.get("/h5/sign-in").text


def test_one_citizen_on_the_page_and_in_the_mini_program(phone: Phone, browsers: Callable[..., Browser]) -> None:
    """By the UnionID; the session of the page stands in the list of the phone, and is ended there."""
    browser = browsers(phone.person.login_code.removeprefix("login-"))
    browser.sign_in()
    mine = phone.http.get("/api/v1/identity").json()
    assert browser.http.get("/api/v1/identity").json() == mine
    (page,) = [one for one in phone.http.get("/api/v1/sessions").json()["items"] if not one["current"]]
    assert phone.http.delete(f"/api/v1/sessions/{page['id']}").json() == {"ended": 1}
    refused = browser.http.post(REFRESH, headers=browser.csrf)
    assert error_of(refused) == (401, "refresh_token_invalid")


@pytest.mark.parametrize("shown", [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "x" * 64}])
def test_another_site_changes_nothing(browsers: Callable[..., Browser], shown: dict[str, str]) -> None:
    """It can make the browser send the cookies, and not the token; reading needs none."""
    browser = browsers()
    browser.sign_in()
    body = {"template_ids": ["x"], "results": ["accept"]}
    for method, path, json in (
        ("POST", "/api/v1/subscriptions", body),
        ("DELETE", "/api/v1/sessions", None),
        ("DELETE", "/h5/v1/session", None),
        ("POST", REFRESH, None),
    ):
        assert error_of(browser.http.request(method, path, json=json, headers=shown)) == (403, "csrf_token_wrong")
    assert browser.http.get("/api/v1/sessions").json()["items"]
    ours = browser.http.post("/api/v1/subscriptions", json=body, headers=browser.csrf)
    assert error_of(ours) == (422, "template_unknown")


def test_another_browsers_token_does_not_fit(browsers: Callable[..., Browser]) -> None:
    """It is bound to the session."""
    one, other = browsers(), browsers()
    one.sign_in()
    other.sign_in()
    assert error_of(one.http.delete("/api/v1/sessions", headers=other.csrf)) == (403, "csrf_token_wrong")
    assert one.http.delete("/api/v1/sessions", headers=one.csrf).status_code == 200


def test_a_pages_session_is_renewed_and_ended(browsers: Callable[..., Browser]) -> None:
    """New tokens each time, and the same against forgery; after the end none works and none is left."""
    browser = browsers()
    browser.sign_in()
    before, spent = dict(browser.http.cookies), browser.http.cookies.get("jiaban_refresh", path="/h5/v1/session")
    renewed = browser.http.post(REFRESH, headers=browser.csrf)
    assert set(renewed.json()) == {"expires_in", "citizen"}
    assert browser.http.cookies.get("jiaban_refresh", path="/h5/v1/session") != spent
    assert browser.http.cookies["jiaban_csrf"] == before["jiaban_csrf"]
    assert browser.http.delete("/h5/v1/session", headers=browser.csrf).json() == {"ended": 1}
    assert set(browser.http.cookies) == {"jiaban_login"}
    assert error_of(browser.http.get("/api/v1/identity")) == (401, "access_token_missing")


def test_a_cookie_opens_pages_and_a_header_the_phone(phone: Phone, browsers: Callable[..., Browser]) -> None:
    """Neither token works in the other's place, and a refresh token neither."""
    browser = browsers()
    browser.sign_in()
    token = browser.http.cookies["jiaban_access"]
    as_header = httpx.get(
        f"{browser.plan.web_url}/api/v1/identity", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    )
    assert error_of(as_header) == (401, "access_token_invalid")
    bearer = phone.http.headers["Authorization"].removeprefix("Bearer ")
    as_cookie = httpx.get(f"{browser.plan.web_url}/api/v1/identity", cookies={"jiaban_access": bearer}, trust_env=False)
    assert error_of(as_cookie) == (401, "access_token_invalid")
    spent = browser.http.cookies.get("jiaban_refresh", path="/h5/v1/session")
    refused = phone.http.post("/api/v1/sessions/refresh", json={"refresh_token": spent})
    assert error_of(refused) == (401, "refresh_token_invalid")


def test_a_sign_in_ends_once_and_in_its_own_browser(browsers: Callable[..., Browser]) -> None:
    """A link with somebody else's state signs nobody in; a made-up one neither."""
    one, other = browsers(), browsers()
    back = one.back_from_wechat(one.begin())
    other.begin()
    for browser in (other, browsers()):
        assert error_of(browser.http.get(back)) == (401, "login_state_invalid")
    assert one.http.get(back).status_code == 302
    assert error_of(one.http.get(back)) == (401, "login_state_invalid")
    made_up = httpx.URL(back).copy_merge_params({"state": "0" * 64})
    assert error_of(one.http.get(made_up)) == (401, "login_state_invalid")


def test_two_tabs_sign_in_side_by_side(browsers: Callable[..., Browser]) -> None:
    """The second does not break the first."""
    browser = browsers()
    first, second = browser.begin(), browser.begin()
    assert browser.http.get(browser.back_from_wechat(first)).status_code == 302
    assert browser.http.get(browser.back_from_wechat(second)).status_code == 302


def test_a_snapshot_of_a_page_is_nobody(browsers: Callable[..., Browser]) -> None:
    """A person reads what to do, a script the code."""
    browser = browsers(f"snapshot-{uuid.uuid4().hex}")
    back = browser.back_from_wechat(browser.begin())
    seen = browser.http.get(back, headers={"Accept": "text/html"})
    assert seen.status_code == 403
    assert "使用完整服务" in seen.text
    again = browser.http.get(browser.back_from_wechat(browser.begin()))
    assert error_of(again) == (403, "snapshot_user")
    assert "jiaban_access" not in browser.http.cookies


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/a\nb"])
def test_nobody_is_sent_to_another_site(browsers: Callable[..., Browser], elsewhere: str) -> None:
    """Afterwards only a page of ours opens."""
    answer = browsers().http.get("/h5/sign-in/wechat", params={"return_to": elsewhere})
    assert error_of(answer) == (422, "field_invalid")


@pytest.mark.parametrize(("acr", "level"), [("2", 2), ("3", 3)])
def test_the_province_vouches_for_name_and_face(
    browsers: Callable[..., Browser], person: Person, acr: str, level: int
) -> None:
    """As surely as it knows itself; the same account there is the same citizen here."""
    first, again = browsers(), browsers()
    for browser in (first, again):
        back = browser.back_from_province(browser.begin("province"), person, acr)
        assert browser.http.get(back).status_code == 302
    found = [browser.http.get("/api/v1/identity").json() for browser in (first, again)]
    assert found[0] == found[1]
    assert found[0]["level"] == level
    assert found[0]["name"] == person.name[0] + "*" + person.name[-1]


def test_whoever_asks_for_it_takes_the_provinces_word_along(phone: Phone, browsers: Callable[..., Browser]) -> None:
    """The face counts for the citizen of the phone; an account of somebody else is refused, and stays theirs."""
    browser = browsers(phone.person.login_code.removeprefix("login-"))
    browser.sign_in()

    def linked(person: Person) -> httpx.Response:
        url = browser.http.post("/api/v1/identity/province", headers=browser.csrf).json()["url"]
        return browser.http.get(browser.back_from_province(url, person, "3"))

    other = make_person()
    assert linked(phone.person).status_code == 302
    assert phone.http.get("/api/v1/identity").json()["level"] == 3
    assert error_of(linked(other)) == (409, "already_verified")
    theirs = browsers()
    assert theirs.http.get(theirs.back_from_province(theirs.begin("province"), other, "3")).status_code == 302
    assert theirs.http.get("/api/v1/identity").json()["name"] == other.name[0] + "*" + other.name[-1]


def test_a_link_ends_with_the_session_that_asked_for_it(phone: Phone, browsers: Callable[..., Browser]) -> None:
    """Whoever signed out everywhere meanwhile gets nothing bound."""
    browser = browsers(phone.person.login_code.removeprefix("login-"))
    browser.sign_in()
    url = browser.http.post("/api/v1/identity/province", headers=browser.csrf).json()["url"]
    back = browser.back_from_province(url, phone.person, "3")
    phone.http.delete("/api/v1/sessions")
    answer = await_true(
        "the session has ended for the page too",
        lambda: (seen := browser.http.get("/api/v1/identity")).status_code == 401 and seen,
        seconds=2,
    )
    assert error_of(answer) == (401, "session_ended")
    assert error_of(browser.http.get(back)) == (401, "session_ended")


def test_a_browser_that_somebody_left_signed_in_takes_nobodys_identity(browsers: Callable[..., Browser]) -> None:
    """Whoever uses the province there is themself, and the account that was left open stays what it was."""
    left_open, victim = browsers(), make_person()
    left_open.sign_in()
    back = left_open.back_from_province(left_open.begin("province"), victim, "3")
    assert left_open.http.get(back).status_code == 302
    assert left_open.http.get("/api/v1/identity").json()["level"] == 3
    at_home = browsers(left_open.login)
    at_home.sign_in()
    assert at_home.http.get("/api/v1/identity").json()["level"] == 0


def test_whoever_declines_at_wechat_is_not_signed_in(browsers: Callable[..., Browser]) -> None:
    """WeChat sends them back without a code."""
    browser = browsers()
    state = httpx.URL(browser.begin()).params["state"]
    back = browser.http.get("/h5/sign-in/wechat/callback", params={"state": state})
    assert error_of(back) == (401, "login_code_invalid")


def test_a_code_of_the_province_is_good_once(browsers: Callable[..., Browser], person: Person) -> None:
    """And a code that it never gave is none."""
    browser = browsers()
    back = browser.back_from_province(browser.begin("province"), person, "2")
    state = httpx.URL(browser.begin("province")).params["state"]
    assert browser.http.get(back).status_code == 302
    again = httpx.URL(back).copy_set_param("state", state)
    assert error_of(browser.http.get(again)) == (401, "province_refused")


@pytest.fixture
async def colleagues(house: House) -> tuple[str, str]:
    """Who two members of staff are in 企业微信; the second has left."""
    del house
    one, left = (f"u{uuid.uuid4().hex}" for _ in range(2))
    await staff_member([Duty.VERIFY], work_user_id=one, otp_secret=OFFICER_SECRET)
    await staff_member([Duty.VERIFY], work_user_id=left, otp_secret=OFFICER_SECRET, active=False)
    return one, left


def test_staff_come_in_through_work_wechat_with_their_second_factor(
    colleagues: tuple[str, str], client: httpx.Client, plan: Plan
) -> None:
    """In place of the password; who left, and whom the company knows and we do not, stays outside."""
    one, left = colleagues

    def come(login: str, otp: str | None) -> httpx.Response:
        url = client.post("/staff/v1/sign-in/work").json()["url"]
        there = httpx.get(url.replace("#wechat_redirect", f"&login={login}"), trust_env=False)
        back = httpx.URL(there.headers["Location"])
        assert client.get(str(back), headers={"Accept": "text/html"}).status_code == 200
        body: dict[str, Any] = {"code": back.params["code"], "state": back.params["state"], "otp": otp}
        return client.post("/staff/v1/sessions/work", json=body)

    assert error_of(come(one, None)) == (401, "second_factor_needed")
    entered = come(one, pyotp.TOTP(OFFICER_SECRET).at(clock.now()))
    assert entered.json()["duties"] == ["verify"]
    for stranger in (left, "nobody", "outside-x"):
        assert error_of(come(stranger, "123456")) == (401, "work_account_unknown")
    forged = client.post("/staff/v1/sessions/work", json={"code": f"work-{one}", "state": "x", "otp": "123456"})
    assert error_of(forged) == (401, "login_state_invalid")
