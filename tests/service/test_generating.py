"""Made-up citizens, licences and cases: as many as were asked for, and never among real ones."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from app.bootstrap import open_house
from app.commands.case_filling import filled_citizen
from app.commands.generating import NotEmptyError, generate
from app.demo.plan import Plan
from app.identity.models import Citizen
from app.licences.models import Licence
from app.licences.queries import shown_licence
from app.mandates.party import Party
from config.settings import Settings
from tests.service.conftest import copy_database


@pytest.fixture
async def empty(plan: Plan, settings: Settings, with_city: str) -> AsyncIterator[str]:
    """The address of a database with the city's data and no citizens, which is open."""
    url = await copy_database(plan.database_url.rpartition("/")[0], with_city)
    async with open_house(settings.model_copy(update={"database_url": SecretStr(url)})):
        yield url


async def test_what_was_asked_for_is_there_and_opens(empty: str) -> None:
    told: list[tuple[str, int]] = []
    await generate(empty, citizens=20, licences=50, cases=30, progress=lambda what, done: told.append((what, done)))
    assert await Citizen.all().count() == 20
    made = Licence.filter(identifier__startswith="generated-")
    assert await made.count() == 50
    assert told == [("cases", 30), ("licences", 50)]
    one = await made.filter(citizen_id=filled_citizen(3)).order_by("identifier").first()
    assert one is not None
    shown = await shown_licence(Party.own(filled_citizen(3)), one.id)
    assert shown.holder == shown.values["holder_name"]


async def test_nothing_is_put_among_citizens(empty: str) -> None:
    await generate(empty, citizens=1, licences=0, cases=1)
    with pytest.raises(NotEmptyError):
        await generate(empty, citizens=1, licences=1, cases=1)
    assert await Citizen.all().count() == 1
    assert not await Licence.filter(identifier__startswith="generated-").exists()
