"""Phones that show a code learn of its scan, whichever process recorded it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing

import pytest

from app.bootstrap import House
from app.identity.models import Citizen
from app.identity.rules import Audience
from app.identity.sessions import open_session
from app.kit.errors import TemporarilyUnavailableError
from app.licences.models import Licence
from app.licences.requests.service import ask_for_fields
from app.licences.verifying import screens
from app.licences.verifying.screens import News, Screen, Screens, Shown
from tests.service.cases import verified_citizen, verifier
from tests.service.scans import licence_of, scan, shown_code


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """A citizen at level 2."""
    return await verified_citizen(house)


@pytest.fixture
async def watched() -> AsyncIterator[Screens]:
    """The phones of a process."""
    screens = Screens()
    yield screens
    await screens.close()


async def shown_by(house: House, citizen: Citizen) -> tuple[Licence, Shown]:
    """A licence and a session of its holder that shows it."""
    licence = await licence_of(citizen)
    grant = await open_session(house.access_tokens, Audience.H5, citizen.id, "测试")
    session = house.access_tokens.read(grant.tokens.access_token, Audience.H5).session
    return licence, Shown(licence.id, session)


async def told(screen: Screen, *, scanned: bool = False, asked: bool = False) -> News:
    """What a phone is told as soon as there was a scan, or something was asked."""
    async with aclosing(screen.news(60)) as news:
        async for one in news:
            assert one
            if (one.scan or not scanned) and (one.asked or not asked):
                return one
    raise AssertionError("the screen was ended")


async def test_a_phone_is_told_of_its_scan_and_of_what_is_asked(
    house: House, citizen: Citizen, watched: Screens
) -> None:
    """Each once; another phone of the same holder shows another code and hears nothing of the scan."""
    licence, shown = await shown_by(house, citizen)
    other = Shown(licence.id, (await shown_by(house, citizen))[1].session_id)
    code = await shown_code(house, licence, session_id=shown.session_id)
    officer = await verifier()
    async with watched.watching(shown) as screen, watched.watching(other) as beside:
        checked = await scan(house, officer, code)
        first = await told(screen, scanned=True)
        assert first.scan is not None
        assert (first.scan.id, first.scan.verdict, first.scan.office) == (
            checked.verification.id,
            "valid",
            officer.office,
        )
        wanted = next(name for name in licence.values if name not in checked.verification.shown)
        request = await ask_for_fields(officer, checked.verification.id, [wanted], "核对经营场所")
        second = await told(screen, asked=True)
        assert (second.scan, second.asked) == (first.scan, request.id)
        assert await told(beside, asked=True) == News(None, request.id)


async def test_what_goes_on_elsewhere_is_not_told(house: House, citizen: Citizen, watched: Screens) -> None:
    """A scan of another licence is no news here."""
    licence, shown = await shown_by(house, citizen)
    other, elsewhere = await shown_by(house, await verified_citizen(house))
    await scan(house, await verifier(), await shown_code(house, other, session_id=elsewhere.session_id))
    async with watched.watching(elsewhere) as theirs, watched.watching(shown) as mine:
        # Both were looked up by the time that one is told.
        assert (await told(theirs, scanned=True)).scan
        assert await told(mine) == News()
    assert licence.id == shown.licence_id


async def test_phones_are_bounded_and_ended(
    house: House, citizen: Citizen, watched: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One session holds few streams, its oldest ends; a full process takes none more; at the end all are ended."""
    _, shown = await shown_by(house, citizen)
    monkeypatch.setattr(screens, "MOST", screens.MOST_OF_ONE)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(watched.watching(shown))
        rest = [await stack.enter_async_context(watched.watching(shown)) for _ in range(screens.MOST_OF_ONE)]
        assert await anext(first.news(60), "over") == "over"
        assert len(watched) == screens.MOST_OF_ONE
        with pytest.raises(TemporarilyUnavailableError):
            watched.require_room()
        await watched.close()
        assert [await anext(screen.news(60), "over") for screen in rest] == ["over"] * len(rest)
    assert len(watched) == 0
    with pytest.raises(TemporarilyUnavailableError):
        watched.require_room()
