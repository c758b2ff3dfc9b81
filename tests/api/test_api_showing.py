"""A page that shows a licence is told of the scan, whichever process recorded it."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.models import Citizen
from app.identity.rules import Audience
from app.identity.sessions import end_all_sessions, open_session
from app.kit.tls import public_tls
from app.licences.models import Licence
from miniapp_api import cookies
from tests.service.cases import verified_citizen, verifier
from tests.service.scans import licence_of, scan, shown_code


class Browser:
    """A browser in which a citizen is signed in."""

    def __init__(self, house: House, plan: Plan, citizen: Citizen) -> None:
        self.house, self.citizen = house, citizen
        self.http = httpx.AsyncClient(base_url=plan.web_url, timeout=60, verify=public_tls(), trust_env=False)
        self.session = UUID(int=0)

    async def sign_in(self) -> None:
        """Take the cookies of a session."""
        grant = await open_session(self.house.access_tokens, Audience.H5, self.citizen.id, "测试")
        self.session = self.house.access_tokens.read(grant.tokens.access_token, Audience.H5).session
        self.http.cookies.set(cookies.ACCESS, grant.tokens.access_token)


@pytest.fixture
async def browser(house: House, plan: Plan) -> AsyncIterator[Browser]:
    """The browser of a citizen at level 2."""
    browser = Browser(house, plan, await verified_citizen(house))
    await browser.sign_in()
    yield browser
    await browser.http.aclose()


async def scanned(browser: Browser, licence: Licence) -> str:
    """Show a code and have it scanned, in this process; the id of the verification."""
    code = await shown_code(browser.house, licence, session_id=browser.session)
    return str((await scan(browser.house, await verifier(), code)).verification.id)


async def test_a_scan_is_told_by_another_process(browser: Browser) -> None:
    """The stream begins at once, is kept by nobody, and tells the scan; so does the answer for who must ask."""
    licence = await licence_of(browser.citizen)
    async with browser.http.stream("GET", f"/h5/licences/{licence.id}/events") as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        asked = await browser.http.get(f"/h5/licences/{licence.id}/news")
        assert asked.json() == {"scan": None, "asked": None}
        assert await _told(lines) == {"scan": None, "asked": None}
        verification = await scanned(browser, licence)
        news = await _told(lines)
    assert news["scan"] == {
        "id": verification,
        "verdict": "valid",
        "message": "证照有效",
        "office": (await verifier()).office,
    }
    assert (await browser.http.get(f"/h5/licences/{licence.id}/news")).json() == news


async def _told(lines: AsyncIterator[str]) -> Any:
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")


async def test_a_stream_ends_with_its_session(browser: Browser) -> None:
    """Whoever was signed out elsewhere is told nothing more."""
    licence = await licence_of(browser.citizen)
    async with browser.http.stream("GET", f"/h5/licences/{licence.id}/events") as stream:
        lines = stream.aiter_lines()
        await _told(lines)
        code = await shown_code(browser.house, licence, session_id=browser.session)
        await end_all_sessions(Audience.H5, browser.citizen.id)
        while (await browser.http.get(f"/h5/licences/{licence.id}/news")).status_code != 401:
            # A process believes for a second that a session is alive.
            pass
        await scan(browser.house, await verifier(), code)
        assert [line async for line in lines if line.startswith("data: ")] == []


async def test_only_the_holder_watches(browser: Browser, house: House) -> None:
    """Another's licence is not found, and without a session there is nothing at all."""
    licence = await licence_of(await verified_citizen(house))
    for path in ("news", "events"):
        theirs = await browser.http.get(f"/h5/licences/{licence.id}/{path}")
        assert (theirs.status_code, theirs.json()["code"]) == (404, "licence_not_found")
    browser.http.cookies.clear()
    for path in ("news", "events"):
        nobody = await browser.http.get(f"/h5/licences/{licence.id}/{path}")
        assert (nobody.status_code, nobody.json()["code"]) == (401, "access_token_missing")
