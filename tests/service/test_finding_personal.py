"""What a citizen keeps at hand: favourites and items opened last; no more than they may, nothing they do not want."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.bootstrap import House
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.models import Item
from app.finding import personal
from app.finding.errors import FavouritesFullError
from app.finding.models import Favourite, RecentItem, RecentItemsOff
from app.identity.joining import join_wholly, lock_citizens
from app.identity.models import Citizen
from app.kit import clock
from app.kit.db import transaction
from tests.service.cases import verified_citizen


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who verified their real name."""
    return await verified_citizen(quiet)


async def some_items(count: int) -> list[str]:
    """Codes of items that are offered."""
    return [item.item_code for item in await Item.all().order_by("item_code").limit(count)]


async def marked(citizen_id: UUID) -> list[str]:
    """The codes of a citizen's favourites, as they see them."""
    return [entry.item_code for entry in await personal.favourites(citizen_id)]


async def opened(citizen_id: UUID) -> list[str]:
    """The codes of what a citizen opened, as they see them."""
    return [entry.item_code for entry in await personal.recent_items(citizen_id)]


async def test_a_favourite_is_there_once_until_it_is_taken_back(citizen: Citizen) -> None:
    """The newest first; marking twice and taking back twice do nothing the second time."""
    one, other = await some_items(2)
    for code in (one, other, one):
        await personal.add_favourite(citizen.id, code)
    assert await marked(citizen.id) == [other, one]
    for _ in range(2):
        await personal.remove_favourite(citizen.id, one)
    assert await marked(citizen.id) == [other]


async def test_what_is_no_item_is_neither_marked_nor_opened(citizen: Citizen) -> None:
    """Whatever its length."""
    for code in ("x", "x" * 100, ""):
        with pytest.raises(ItemNotFoundError):
            await personal.add_favourite(citizen.id, code)
        with pytest.raises(ItemNotFoundError):
            await personal.note_opened(citizen.id, code)


async def test_favourites_at_once_stay_within_their_number(citizen: Citizen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes too late is told; the same one many times is one."""
    monkeypatch.setattr(personal, "MOST_FAVOURITES", 5)
    codes = await some_items(8)
    tries = (personal.add_favourite(citizen.id, code) for code in codes * 3)
    refused = [one for one in await asyncio.gather(*tries, return_exceptions=True) if one is not None]
    assert all(isinstance(one, FavouritesFullError) for one in refused)
    assert refused
    assert len(set(await marked(citizen.id))) == await Favourite.filter(citizen_id=citizen.id).count() == 5
    await personal.add_favourite(citizen.id, (await marked(citizen.id))[0])


async def test_only_the_newest_opened_items_are_kept(citizen: Citizen) -> None:
    """The last one first; opened again, it comes to the front."""
    codes = await some_items(personal.MOST_RECENT + 3)
    for minutes, code in enumerate([*codes, codes[5]]):
        with clock.travel(timedelta(minutes=minutes)):
            await personal.note_opened(citizen.id, code)
    expected = [codes[5], *(code for code in reversed(codes) if code != codes[5])][: personal.MOST_RECENT]
    assert await opened(citizen.id) == expected
    assert await RecentItem.filter(citizen_id=citizen.id).count() == personal.MOST_RECENT
    await personal.forget_opened(citizen.id, codes[5])
    assert await opened(citizen.id) == expected[1:]


async def test_who_does_not_want_it_has_nothing_kept(citizen: Citizen) -> None:
    """Not what was there and not what follows, until they want it again."""
    one, other = await some_items(2)
    await personal.note_opened(citizen.id, one)
    for _ in range(2):
        await personal.keep_recent(citizen.id, kept=False)
    await personal.note_opened(citizen.id, other)
    assert await opened(citizen.id) == []
    assert not await personal.are_recent_kept(citizen.id)
    await personal.keep_recent(citizen.id, kept=True)
    await personal.note_opened(citizen.id, other)
    assert await opened(citizen.id) == [other]


async def test_openings_at_once_with_a_refusal_leave_nothing_behind_it(citizen: Citizen) -> None:
    """Whichever of them comes last."""
    codes = await some_items(10)
    await asyncio.gather(
        *(personal.note_opened(citizen.id, code) for code in codes[:5]),
        personal.keep_recent(citizen.id, kept=False),
        *(personal.note_opened(citizen.id, code) for code in codes[5:]),
    )
    assert await opened(citizen.id) == []


async def joined(one: Citizen, other: Citizen) -> Citizen:
    """Both accounts made one."""
    async with transaction():
        first, second = await lock_citizens(one.id, other.id)
        return await join_wholly(first, second, "face")


async def test_two_accounts_that_are_joined_have_one_of_each(quiet: House, citizen: Citizen) -> None:
    """What both marked or opened is there once."""
    newer = await verified_citizen(quiet)
    one, both, other = await some_items(3)
    for who, codes in ((citizen, (one, both)), (newer, (both, other))):
        for code in codes:
            await personal.add_favourite(who.id, code)
            await personal.note_opened(who.id, code)
    kept = await joined(citizen, newer)
    assert sorted(await marked(kept.id)) == sorted(await opened(kept.id)) == sorted([one, both, other])
    for model in (Favourite, RecentItem):
        assert await model.filter(citizen_id__in=[citizen.id, newer.id]).count() == 3


@pytest.mark.parametrize("older_refused", [True, False])
async def test_who_did_not_want_it_under_one_account_does_not_want_it_joined(
    quiet: House, citizen: Citizen, *, older_refused: bool
) -> None:
    """Whichever it was."""
    newer = await verified_citizen(quiet)
    refusing, other = (citizen, newer) if older_refused else (newer, citizen)
    await personal.keep_recent(refusing.id, kept=False)
    await personal.note_opened(other.id, (await some_items(1))[0])
    kept = await joined(citizen, newer)
    assert not await personal.are_recent_kept(kept.id)
    assert await opened(kept.id) == []
    assert await RecentItemsOff.filter(citizen_id__in=[citizen.id, newer.id]).count() == 1
