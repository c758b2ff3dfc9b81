"""The scanner of staff: a camera that sees the citizen's code, and WeChat's own scanner inside WeChat."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from app.bootstrap import House
from app.demo.plan import Plan
from app.kit import clock
from tests.api.conftest import Holder
from tests.browser.browsers import running_browser, watch
from tests.browser.conftest import Within
from tests.browser.looks import choose, look_at
from tests.browser.officers import camera_seeing, film, sign_in_verifier
from tests.service.cases import staff_member

Contexts = Callable[..., BrowserContext]
_WECHAT = "Mozilla/5.0 (Linux; Android 13; V2055A) AppleWebKit/537.36 Chrome/116.0 Mobile MicroMessenger/8.0.44.2502"
_OTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_WECHAT_SCRIPT = """
window.wx = {
  config: function (given) {
    setTimeout(function () { wx.then(); document.documentElement.dataset.wx = JSON.stringify(given); }, 0);
  },
  ready: function (then) { this.then = then; },
  scanQRCode: function (asked) { asked.success({ resultStr: window.inFrontOfTheCamera }); }
};
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees: a film of pictures."""
    return tmp_path_factory.mktemp("camera") / "scene.mjpeg"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, scene: Path) -> Iterator[Browser]:
    """Chromium whose camera sees the scene. It reads no QR codes by itself, as on phones without Google's services."""
    film(scene, None)
    with running_browser(tmp_path_factory.mktemp("browser"), *camera_seeing(scene)) as browser:
        yield browser


@pytest.fixture
def officer(contexts: Contexts) -> Page:
    """The officer's browser."""
    page = contexts().new_page()
    sign_in_verifier(page)
    return page


@pytest.fixture
def citizen(contexts: Contexts, holder: Holder) -> Page:
    """The browser of a citizen who shows a licence."""
    page = contexts(holder.person).new_page()
    page.goto(f"/h5/licences/{holder.licence['id']}/show")
    return page


@pytest.fixture(scope="session")
def holder(plan: Plan) -> Holder:
    """A citizen with a licence, whom the whole run shares."""
    return Holder(plan)


def test_the_camera_reads_the_code_on_another_phone(officer: Page, citizen: Page, scene: Path) -> None:
    """By the decoder that is fetched when the camera is opened; both see the result."""
    troubles = watch(officer)
    film(scene, citizen.locator("#code").screenshot())
    officer.get_by_role("button", name="打开摄像头扫码").click()
    expect(officer.locator(".verdict")).to_have_text(re.compile("有效"))
    expect(citizen.locator("#scan .verdict")).to_have_text(re.compile("已核验"))
    assert not troubles


def test_the_camera_reads_by_the_browser_where_it_can(contexts: Contexts, scene: Path) -> None:
    """And fetches no decoder then."""
    film(scene, None)
    page = contexts().new_page()
    page.add_init_script("""
      window.BarcodeDetector = function () {};
      BarcodeDetector.getSupportedFormats = function () { return Promise.resolve(["qr_code"]); };
      BarcodeDetector.prototype.detect = function (video) {
        return Promise.resolve(video.videoWidth ? [{ rawValue: "JUNK" }] : []);
      };""")
    sign_in_verifier(page)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.get_by_role("button", name="打开摄像头扫码").click()
    expect(page.locator(".verdict")).to_have_text(re.compile("不通过"))
    assert not [url for url in fetched if "zxing" in url]


def test_a_camera_that_may_not_be_used_is_told_kindly(officer: Page) -> None:
    """And the button comes back; the other ways are there."""
    officer.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('NotAllowed')) }")
    officer.get_by_role("button", name="打开摄像头扫码").click()
    expect(officer.get_by_role("alert")).to_have_text(re.compile("无法使用摄像头"))
    expect(officer.get_by_role("button", name="打开摄像头扫码")).to_be_visible()


def test_without_a_decoder_and_a_camera_codes_are_typed_or_photographed(contexts: Contexts) -> None:
    """No button leads nowhere."""
    page = contexts().new_page()
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    sign_in_verifier(page)
    expect(page.get_by_role("button", name="打开摄像头扫码")).to_be_hidden()
    expect(page.get_by_label("二维码照片")).to_be_visible()


def test_inside_wechat_its_own_scanner_reads_the_code(contexts: Contexts, citizen: Page) -> None:
    """The page shows WeChat a signature of its own address, and may load WeChat's script there alone."""
    context = contexts(user_agent=_WECHAT)

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body=_WECHAT_SCRIPT)

    context.route("https://res.wx.qq.com/**", answer)
    page = context.new_page()
    troubles = watch(page)
    sign_in_verifier(page)
    expect(page.locator("html")).to_have_attribute("data-wx", re.compile("signature"))
    given = json.loads(page.locator("html").get_attribute("data-wx") or "")
    assert re.fullmatch("[0-9a-f]{40}", given["signature"])
    assert given["jsApiList"] == ["scanQRCode"]
    digits = citizen.locator("#digits").inner_text()
    page.evaluate("digits => { window.inFrontOfTheCamera = digits; }", digits)
    page.get_by_role("button", name="打开摄像头扫码").click()
    expect(page.locator(".verdict")).to_have_text(re.compile("有效"))
    assert not troubles


def test_the_scanner_is_light_and_trusts_wechat_in_wechat_alone(contexts: Contexts, plan: Plan) -> None:
    """Neither the decoder nor what is kept for verifying without network is part of the first view."""
    officer = contexts(service_workers="block").new_page()
    sign_in_verifier(officer)
    policy = officer.request.get("/h5/staff/verify").headers["content-security-policy"]
    assert "res.wx.qq.com" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    look_at(officer.context, "/h5/staff/verify", "scanner", plan.web_url)


def test_staff_come_in_through_wecom_with_their_second_factor(contexts: Contexts, plan: Plan, within: Within) -> None:
    """Inside WeCom alone the way is offered; a wrong code is told, and the way begins anew."""

    async def a_colleague(house: House) -> str:
        del house
        user_id = f"u{uuid.uuid4().hex}"
        await staff_member(["verify"], work_user_id=user_id, otp_secret=_OTP_SECRET)
        return user_id

    user_id = within(a_colleague)
    plain = contexts().new_page()
    plain.goto("/h5/staff/sign-in")
    expect(plain.get_by_role("link", name="企业微信登录")).to_be_hidden()
    context = contexts(user_agent=f"{_WECHAT} wxwork/4.1.10")
    look_at(context, "/h5/staff/sign-in", "staff-sign-in-wecom", plan.web_url)
    choose(context, plan.web_url, "normal")
    page = context.new_page()

    def come(otp: str) -> None:
        page.goto("/h5/staff/sign-in?return_to=/h5/staff/verify")
        there = str(page.get_by_role("link", name="企业微信登录").get_attribute("href"))
        asked = page.request.get(there, max_redirects=0).headers["location"]
        page.goto(asked.replace("#wechat_redirect", f"&login={user_id}"))
        page.get_by_label("动态验证码").fill(otp)
        page.get_by_role("button", name="登录").click()

    come("000000")
    expect(page.get_by_role("alert")).to_be_visible()
    come(pyotp.TOTP(_OTP_SECRET).at(clock.now()))
    expect(page.get_by_role("heading", name="核验证照")).to_be_visible()
    look_at(context, "/h5/staff/sign-in/work/callback?code=x&state=y", "staff-work", plan.web_url)
