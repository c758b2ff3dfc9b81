"""Regions to choose from, and halls by how near they are."""

import pytest

from app.catalogue.models import Hall, Region
from app.finding.errors import PositionIncompleteError, RegionUnknownError
from app.finding.places import get_family, list_halls, widest_place
from app.kit.errors import NotFoundError
from tests.service.offers import some_places

pytestmark = pytest.mark.usefixtures("quiet")


async def test_a_region_is_told_with_those_above_and_those_within() -> None:
    """Only the next ones within; a village has none."""
    county, township, village = await some_places()
    family = await get_family(township.code)
    assert [place.code for place in family.above] == ["230000", "230800", county.code]
    within = await Region.filter(parent=township.code).values_list("code", flat=True)
    assert [place.code for place in family.children] == sorted(str(code) for code in within)
    assert (await get_family(village.code)).children == []
    assert (await get_family("230000")).above == []


async def test_the_widest_place_is_where_the_ways_part() -> None:
    """Not the province, which has the city alone; where several begin, there is none."""
    assert await widest_place() == "230800"
    second = await Region.create(code="990000", name="x", level="province", path="990000")
    try:
        assert await widest_place() == ""
    finally:
        await second.delete()


@pytest.mark.parametrize("code", ["", "x", "999999", "2308000000000000", "230800%"])
async def test_a_region_that_is_none_is_not_found(code: str) -> None:
    """Whatever its length."""
    with pytest.raises(NotFoundError):
        await get_family(code)


@pytest.fixture
async def halls(quiet: object) -> list[Hall]:
    """Halls of a township, its county and the county next door, north of the city's own."""
    del quiet
    county, township, _ = await some_places()
    next_door = await Region.filter(level="county").order_by("-code").first()
    assert next_door
    await Hall.filter(code__startswith="test-").delete()
    rest = {"kind": "x", "address": "x", "hours": "x", "phone": "x", "longitude": 130.0}
    made = [
        Hall(code=f"test-{place.level}-{place.code}", name="x", region=place.code, latitude=latitude, **rest)
        for place, latitude in ((township, 50.03), (county, 50.02), (next_door, 50.01))
    ]
    await Hall.bulk_create(made)
    return made


async def test_the_nearest_hall_comes_first_with_its_metres(halls: list[Hall]) -> None:
    """A hundredth of a degree of latitude is 1,112 m."""
    found = await list_halls(130.0, 50.0, "")
    assert [hall.code for hall in found[:3]] == [hall.code for hall in reversed(halls)]
    assert [hall.distance for hall in found[:3]] == [pytest.approx(1112 * place, abs=2) for place in (1, 2, 3)]
    distances = [hall.distance or 0 for hall in found]
    assert distances == sorted(distances)


async def test_a_region_narrows_to_what_lies_within_and_above(halls: list[Hall]) -> None:
    """With a position by distance, without one the nearest office first."""
    township, county, next_door = halls
    found = [hall.code for hall in await list_halls(130.0, 50.0, county.region)]
    assert found[:2] == [county.code, township.code]
    assert next_door.code not in found
    at_the_township = await list_halls(None, None, township.region)
    # Beside those of the test there may be others of the county and the city.
    own = [hall.code for hall in at_the_township if hall.code.startswith("test-")]
    assert own == [township.code, county.code]
    assert at_the_township[-1].region in {"230000", "230800"}
    assert {hall.distance for hall in at_the_township} == {None}
    assert next_door.code not in [hall.code for hall in at_the_township]
    assert next_door.code in [hall.code for hall in await list_halls(None, None, "")]


async def test_half_a_position_and_no_region_are_refused(halls: list[Hall]) -> None:
    """Neither is a hall that nobody asked for."""
    del halls
    for longitude, latitude in ((130.0, None), (None, 46.0)):
        with pytest.raises(PositionIncompleteError):
            await list_halls(longitude, latitude, "")
    for longitude, latitude in ((None, None), (130.0, 46.0)):
        with pytest.raises(RegionUnknownError):
            await list_halls(longitude, latitude, "999999")
