"""Each process knows the indexed words, reads them once while they stay the same, and hears of every change."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from app.bootstrap import House
from app.finding.indexed_words import forget_words, indexed_words
from app.finding.models import SearchWord
from app.finding.tasks import tidy
from app.kit import db
from app.kit.quick import watched
from tests.contract.sandbox.stand_ins import until
from tests.service.offers import listed, offer, some_places

WORD = "龙舟竞渡"


@pytest.fixture(autouse=True)
async def tidied(quiet: House) -> AsyncIterator[None]:
    """A house whose words are those of its items, before and after."""
    del quiet
    await tidy()
    yield
    await tidy()


async def counted() -> dict[str, int]:
    """What the database says."""
    return {row.word: row.readings for row in await SearchWord.filter(readings__gt=0)}


async def stamp() -> str:
    """What tells whether words changed."""
    (row,) = await db.rows("SELECT xmin::text AS stamp FROM search_words WHERE word = ''")
    return str(row["stamp"])


async def test_they_are_what_is_indexed() -> None:
    """Each with the number of readings, and that of all of them."""
    known = await indexed_words()
    assert known == await counted()
    assert known["食品"] > 0
    assert known[""] >= max(known.values())


async def test_they_are_read_once_while_they_stay_the_same() -> None:
    """However many search at once; once a second it is asked whether they did."""
    asked: list[str] = []
    with watched(lambda sql, _: asked.append(sql)):
        found = await asyncio.gather(*(indexed_words() for _ in range(20)))
        assert all(one is found[0] for one in found)
        assert len(asked) == 2

        async def asked_again() -> bool:
            assert await indexed_words() is found[0]
            return len(asked) > 3

        await until(asked_again, bool, within=10)
    assert min(Counter(asked).values()) == 1
    assert len({*asked}) == 2


async def test_a_word_that_another_process_indexes_is_known_soon() -> None:
    """And one that nothing says any more is not."""
    assert WORD not in await indexed_words()
    await db.execute("UPDATE search_words SET readings = readings + 1 WHERE word = ''")
    await SearchWord.create(word=WORD, readings=1)

    async def known() -> bool:
        return WORD in await indexed_words()

    assert await until(known, bool, within=3)
    await SearchWord.filter(word=WORD).update(readings=0)
    await db.execute("UPDATE search_words SET readings = readings - 1 WHERE word = ''")
    await until(known, lambda found: not found, within=3)


async def test_whoever_changes_words_changes_what_tells_of_it() -> None:
    """Making an item findable, and counting anew: the next search of this process knows."""
    county, *_ = await some_places()
    guide = await offer(county, name=f"{WORD}许可")
    told = {await stamp()}
    async with listed(guide):
        changed = await indexed_words()
        assert changed[WORD] == 1
        assert changed == await counted()
        told.add(await stamp())
    await tidy()
    told.add(await stamp())
    assert len(told) == 3
    assert await indexed_words() == await counted()
    assert WORD not in await indexed_words()


async def test_where_nothing_is_indexed_nothing_is_known() -> None:
    """And what comes then is."""
    await SearchWord.all().delete()
    forget_words()
    assert await indexed_words() == {}
    await tidy()
    assert await indexed_words() == await counted() != {}
