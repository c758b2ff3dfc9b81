"""Staff verify without network, by what their phone fetched beforehand, and hand in what they scanned."""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import BrowserContext, Page, expect

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.models import Citizen
from app.kit import clock
from app.kit.codes import code_of, token_of
from app.kit.db import transaction
from app.licences.codes import CodeKind, wire
from app.licences.models import Licence, LicenceCause
from app.licences.moving import lock_licence, move_licence
from app.licences.results import LicenceResult
from app.licences.status.publishing import publish_all
from tests.browser.browsers import watch
from tests.browser.conftest import Within
from tests.browser.looks import MODES, choose, look_at, look_at_page
from tests.service.cases import issued_licence, staff_member, verified_citizen
from tests.service.scans import shown_code

Contexts = Callable[..., BrowserContext]
_GENUINE, _REFUSED, _UNKNOWN = "码真实，请核对", "不通过", "不能确认"


@dataclass(frozen=True)
class Shown:
    """A text that is shown to a phone without network, what it has to say, and the server where that knows better."""

    text: str
    word: str
    reason: str
    by_server: str = ""


async def licensed(citizen: Citizen, **more: Any) -> Licence:
    """A food licence."""
    result = LicenceResult(valid_from=date(2026, 11, 22), **more)
    return await issued_licence(citizen, f"t{secrets.token_hex(12)}", result)


async def moved(citizen: Citizen, cause: LicenceCause) -> Licence:
    """A food licence that something has happened to."""
    licence = await licensed(citizen)
    async with transaction():
        await move_licence(await lock_licence(licence.id), cause, actor="approval_system", reason="经查违规")
    return licence


async def publish(house: House) -> None:
    """Have the status lists say what licences are worth."""
    await publish_all(house.licence_keys, house.settings.public_url, timedelta(minutes=5))


async def a_code(house: House, kind: CodeKind = CodeKind.HELD) -> str:
    """A code whose licence stands in the status lists."""
    code = await shown_code(house, await licensed(await verified_citizen(house)), kind)
    await publish(house)
    return code


def altered(token: str, place: int) -> str:
    """The code with a bit of the signature turned."""
    code = bytearray(code_of(token))
    code[place] ^= 1
    return token_of(bytes(code))


def by_another_key(token: str, key_id: bytes | None) -> str:
    """What the code says, signed by a key of the test's own, under its own name or one of ours."""
    header, payload, _ = wire.parts_of(code_of(token))
    header = wire.header_of(key_id or wire.key_of(header)[0], -8)
    signature = Ed25519PrivateKey.generate().sign(wire.signed_data(header, payload))
    return token_of(wire.code_bytes(header, payload, signature))


async def cases(house: House) -> list[Shown]:
    """The table of cases, in the order in which they are shown."""
    citizen = await verified_citizen(house)
    licence = await licensed(citizen)
    held = await shown_code(house, licence, CodeKind.HELD)
    live = await shown_code(house, licence)
    paper = await shown_code(house, licence, CodeKind.PAPER)
    past = clock.now() - timedelta(hours=13)
    over = await shown_code(house, licence, CodeKind.HELD, issued_at=past)
    forged = await shown_code(house, licence, CodeKind.HELD)
    gone = {
        cause: await shown_code(house, await moved(citizen, cause), CodeKind.HELD)
        for cause in (LicenceCause.REVOKED, LicenceCause.SUSPENDED, LicenceCause.CANCELLED)
    }
    ended = await licensed(citizen, valid_until=clock.today() - timedelta(days=1))
    lost = await shown_code(house, await moved(citizen, LicenceCause.REVOKED), CodeKind.PAPER)
    await publish(house)
    url = house.settings.public_url.upper()
    return [
        Shown(f"{url}/V/{held}", _GENUINE, "genuine_offline"),
        Shown(held.lower(), _REFUSED, "replayed"),
        Shown(f"{url}/V/{live}", _GENUINE, "genuine_offline"),
        Shown(f"{url}/V/{paper}", _GENUINE, "genuine_paper"),
        Shown(f"{url}/V/{paper}", _GENUINE, "genuine_paper"),
        Shown(f"{url}/V/{over}", _REFUSED, "expired"),
        Shown(altered(forged, -1), _REFUSED, "malformed"),
        Shown(altered(forged, 60), _REFUSED, "malformed"),
        Shown(by_another_key(forged, None), _REFUSED, "malformed"),
        Shown(by_another_key(forged, b"somebody"), _REFUSED, "unknown_key"),
        Shown(gone[LicenceCause.REVOKED], _REFUSED, "revoked"),
        Shown(gone[LicenceCause.CANCELLED], _REFUSED, "revoked", "cancelled"),
        Shown(gone[LicenceCause.SUSPENDED], _REFUSED, "suspended"),
        Shown(await shown_code(house, ended, CodeKind.HELD), _REFUSED, "licence_expired"),
        Shown(lost, _REFUSED, "code_ended", "revoked"),
        Shown("https://example.com/pay?to=somebody", _REFUSED, "malformed"),
        Shown("HTTPS://EXAMPLE.COM/V/AAAA", _REFUSED, "malformed"),
        Shown("1234 5678 9012", _UNKNOWN, "数字码须联网核验"),
    ]


def sign_in(page: Page, username: str = "verifier", password: str = "verifier-demo") -> None:  # noqa: S107  # a demonstration's
    """Open the scanner, signed in, and wait until the phone is prepared."""
    page.goto("/h5/staff/verify")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="核验证照")).to_be_visible()


def prepared(page: Page) -> None:
    """Wait until the phone can verify without network."""
    expect(page.get_by_text("已准备好")).to_be_visible()


@pytest.fixture
def officer(contexts: Contexts) -> Iterator[Page]:
    """The officer's phone, prepared."""
    page = contexts().new_page()
    sign_in(page)
    prepared(page)
    yield page
    page.context.set_offline(False)


def without_network(page: Page) -> None:
    """The network is gone, and the officer opens the scanner."""
    page.context.set_offline(True)
    page.goto("/h5/staff/verify")
    expect(page.get_by_role("heading", name="离线核验")).to_be_visible()


def enter(page: Page, text: str) -> str:
    """Verify a text; what the page says."""
    page.get_by_label("二维码内容").fill(text)
    page.get_by_role("button", name="核验", exact=True).click()
    return page.locator("#verdict").inner_text()


def back(page: Page) -> dict[str, Any]:
    """The network is back: what the server says of the scans that were handed in."""
    page.context.set_offline(False)
    with page.expect_response("**/h5/staff/offline-verifications") as answered:
        page.goto("/h5/staff/verify")
    found: dict[str, Any] = answered.value.json()
    return found


@pytest.mark.parametrize("library", [False, True], ids=["by the browser", "by the library"])
def test_offline_verdicts_agree_with_those_of_the_server(officer: Page, within: Within, library: bool) -> None:
    """On a table of cases; each is told by word and reason, and the phone keeps what it cannot hand in yet."""
    shown = within(cases)
    if library:
        officer.add_init_script("crypto.subtle.importKey = () => Promise.reject(new Error('NotSupportedError'))")
    officer.reload()
    prepared(officer)
    without_network(officer)
    for one in shown:
        enter(officer, one.text)
        verdict = officer.locator("#verdict")
        expect(verdict.locator(".verdict"), one.text).to_have_text(re.compile(one.word))
        expect(verdict, one.text).to_contain_text(one.reason)
    ours = [one for one in shown if "example" not in one.text.lower() and " " not in one.text]
    expect(officer.locator("#waiting-count")).to_have_text(str(len(ours)))
    judged = back(officer)
    assert not judged["refused"]
    words = {"genuine": _GENUINE, "refused": _REFUSED}
    handed_in = [(words[item["verdict"]], item["reason"]) for item in judged["items"]]
    assert handed_in == [(one.word, one.by_server or one.reason) for one in ours]
    expect(officer.get_by_text(f"已补交{len(ours)}条离线核验记录")).to_be_visible()
    assert not officer.get_by_text("结论有变化").is_visible()


def test_a_verdict_without_network_looks_like_one(officer: Page, within: Within, plan: Plan) -> None:
    """In every mode, without a violation of WCAG; the licence and its holder are named."""
    papers = [within(lambda house: a_code(house, CodeKind.PAPER)) for _ in MODES]
    for mode, paper in zip(MODES, papers, strict=True):
        officer.context.set_offline(False)
        choose(officer.context, plan.web_url, mode)
        officer.goto("/h5/staff/verify")
        expect(officer.locator("[data-state=ready]").first).to_be_visible()
        look_at_page(officer, f"offline-ready-{mode}", mode)
        officer.context.set_offline(True)
        officer.reload()
        officer.locator("#code").fill("JUNK")
        officer.locator("#verify button[type=submit]").click()
        expect(officer.locator("#verdict .bad")).to_be_visible()
        look_at_page(officer, f"offline-refused-{mode}", mode)
        officer.locator("#code").fill(paper)
        officer.locator("#verify button[type=submit]").click()
        expect(officer.locator("#verdict .facts")).to_contain_text("食品经营许可证")
        look_at_page(officer, f"offline-{mode}", mode)


def test_what_could_not_be_sent_is_verified_without_network(officer: Page, within: Within) -> None:
    """The network goes while the officer looks at the page: the code is not lost, and is asked for once."""
    code = within(a_code)
    officer.reload()
    prepared(officer)
    officer.context.set_offline(True)
    officer.get_by_label("数字码或者二维码内容").fill(code)
    officer.get_by_role("button", name="核验", exact=True).click()
    expect(officer.locator("#verdict")).to_contain_text("genuine_offline")
    officer.reload()
    expect(officer.get_by_role("heading", name="离线核验")).to_be_visible()
    expect(officer.locator("#verdict")).to_be_hidden()


def test_old_knowledge_is_said_to_be_old(officer: Page, within: Within) -> None:
    """With a status list that is over nobody can tell; with old keys an unknown one may be new."""
    paper = within(lambda house: a_code(house, CodeKind.PAPER))
    unknown = by_another_key(paper, b"somebody")
    officer.reload()
    prepared(officer)
    without_network(officer)
    enter(officer, unknown)
    expect(officer.locator("#verdict")).to_contain_text("unknown_key")
    officer.clock.set_fixed_time(clock.now() + timedelta(hours=25))
    officer.reload()
    expect(officer.locator("#lists-age")).to_have_text("25小时前")
    enter(officer, paper)
    expect(officer.locator("#verdict")).to_contain_text("本机的证照状态过旧")
    enter(officer, unknown)
    expect(officer.locator("#verdict")).to_contain_text("本机的签发密钥过旧")
    assert {item["reason"] for item in back(officer)["items"]} == {"genuine_paper", "unknown_key"}


def test_a_shared_phone_mixes_no_officers(officer: Page, within: Within) -> None:
    """Whoever signs out takes nobody along; what was scanned waits for its own officer."""

    async def prepare(house: House) -> tuple[str, str]:
        return (await staff_member(["verify"])).username, await a_code(house)

    username, code = within(prepare)
    officer.reload()
    prepared(officer)
    without_network(officer)
    enter(officer, code)
    expect(officer.locator("#waiting-count")).to_have_text("1")
    officer.context.set_offline(False)
    handed_in: list[str] = []
    officer.on("request", lambda sent: handed_in.append(sent.url) if "offline-verifications" in sent.url else None)
    officer.route("**/offline-verifications", lambda route: route.abort())
    officer.goto("/h5/staff/verify")
    expect(officer.get_by_text("暂时没有准备好")).to_be_visible()
    officer.get_by_role("button", name="退出登录").click()
    expect(officer.get_by_role("heading", name="工作人员登录")).to_be_visible()
    officer.unroute("**/offline-verifications")
    without_network(officer)
    expect(officer.get_by_text("本机没有准备好")).to_be_visible()
    officer.context.set_offline(False)
    handed_in.clear()
    sign_in(officer, username, "password-of-a-test")
    prepared(officer)
    assert not handed_in
    officer.get_by_role("button", name="退出登录").click()
    with officer.expect_response("**/h5/staff/offline-verifications") as answered:
        sign_in(officer)
    assert len(answered.value.json()["items"]) == 1


def test_a_phone_that_cannot_says_so(contexts: Contexts) -> None:
    """And verifies with network as any other."""
    page = contexts().new_page()
    troubles = watch(page)
    page.add_init_script("delete window.DecompressionStream")
    sign_in(page)
    expect(page.get_by_text("此浏览器不能离线核验")).to_be_visible()
    assert not troubles


def test_an_officer_sees_what_they_verified(contexts: Contexts, within: Within, plan: Plan) -> None:
    """With network and without, newest first, twenty a page; of the licence its kind alone."""

    async def prepare(house: House) -> tuple[str, list[str]]:
        return (await staff_member(["verify"])).username, [await a_code(house) for _ in range(2)]

    username, (first, second) = within(prepare)
    page = contexts().new_page()
    sign_in(page, username, "password-of-a-test")
    page.goto("/h5/staff/verifications")
    expect(page.get_by_text("还没有核验记录")).to_be_visible()
    page.goto("/h5/staff/verify")
    prepared(page)
    without_network(page)
    enter(page, first)
    back(page)
    prepared(page)
    for text in [second, *["JUNK"] * 20]:
        page.goto("/h5/staff/verify")
        page.locator("#code").fill(text)
        page.locator("#verify button[type=submit]").first.click()
        expect(page.locator(".verdict")).to_be_visible()
    look_at(page.context, "/h5/staff/verifications", "staff-history", plan.web_url)
    choose(page.context, plan.web_url, "normal")
    page.goto("/h5/staff/verifications")
    expect(page.locator(".rows > li")).to_have_count(20)
    page.get_by_role("link", name="查看更多").click()
    rows = page.locator(".rows > li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("食品经营许可证")
    expect(rows.nth(1)).to_contain_text("离线")
    assert "测*" not in page.locator("main").inner_text()
