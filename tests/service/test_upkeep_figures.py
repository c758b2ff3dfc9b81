"""Figures as the database adds them up, against each item counted by hand."""

from collections import defaultdict
from collections.abc import AsyncIterator
from math import isclose

import pytest

from app.applications.models import Application
from app.applications.queries import count_submitted
from app.bootstrap import House
from app.catalogue.models import Department, Item, Region
from app.finding.errors import RegionUnknownError
from app.upkeep.figure_rules import Tally
from app.upkeep.figures import Group, Which, item_figures, targets, visit_figures
from tests.service.cases import ready_draft, verified_citizen

# Regions: a county, a township of it, another county, the city.
COUNTY, TOWNSHIP, OTHER, CITY = "230822", "230822103", "230826", "230800"
ADDED = (
    ("x1", CITY, "township", "ga", 4, 20, 5),
    ("x2", COUNTY, "county", "ga", 3, 10, 3),
    ("x3", TOWNSHIP, "township", "scjg", 2, 0, 0),
    ("x4", OTHER, "county", "scjg", 0, 7, 7),
)


@pytest.fixture
async def items(quiet: House) -> AsyncIterator[list[Item]]:
    """Items of every kind of region beside those of the city; they are gone after the test."""
    del quiet
    for code, region, level, department, depth, statutory, promised in ADDED:
        await Item.create(
            item_code=code,
            name=code,
            short_name=code,
            department=department,
            region=region,
            level=level,
            audience=["person"],
            online_depth=depth,
            statutory_days=statutory,
            promised_days=promised,
            visits=1,
        )
    yield await Item.all()
    await Item.filter(item_code__in=[entry[0] for entry in ADDED]).delete()


async def counted(items: list[Item], which: Which) -> dict[str, dict[str, Tally]]:
    """Every table of figures, item by item in plain Python."""
    regions = {region.code: region for region in await Region.all()}

    def meet(one: str, other: str) -> bool:
        paths = sorted((str(regions[code].path).split(".") for code in (one, other)), key=len)
        return paths[1][: len(paths[0])] == paths[0]

    counties = [code for code, region in regions.items() if region.level == "county"]
    tables: dict[str, dict[str, Tally]] = {name: defaultdict(Tally) for name in ("", "county", "department", "level")}
    for item in items:
        if which.region and not meet(item.region, which.region):
            continue
        if which.department not in {"", item.department} or which.level not in {"", item.level}:
            continue
        tally = Tally.of(
            depth=item.online_depth, statutory=item.statutory_days, promised=item.promised_days, online_from=3
        )
        tables[""][""] += tally
        tables["department"][item.department] += tally
        tables["level"][item.level] += tally
        for county in counties:
            if meet(item.region, county) and (not which.region or meet(county, which.region)):
                tables["county"][county] += tally
    return tables


def same(found: Tally, expected: Tally) -> bool:
    """Numbers alike, the sum of cuts but for its last digits."""
    exact = ("items", "online", "limited", "statutory", "promised")
    return all(getattr(found, name) == getattr(expected, name) for name in exact) and isclose(
        found.cuts, expected.cuts, abs_tol=1e-9
    )


def agree(groups: list[Group], expected: dict[str, Tally]) -> None:
    """Each group once, in order, and as counted by hand."""
    assert [group.key for group in groups] == sorted(expected)
    for group in groups:
        assert same(group.tally, expected[group.key]), group.key


WHICH = [
    Which(),
    Which(region=CITY),
    Which(region=COUNTY),
    Which(region=TOWNSHIP),
    Which(region=OTHER, department="scjg"),
    Which(department="ga"),
    Which(level="county"),
    Which(region=COUNTY, department="ga", level="township"),
    Which(department="nobody"),
]


@pytest.mark.parametrize("which", WHICH, ids=repr)
async def test_figures_are_those_of_each_item_counted_by_hand(items: list[Item], which: Which) -> None:
    """By county with what is offered there from above and below, by department, by level, and the whole."""
    found, expected = await item_figures(which), await counted(items, which)
    assert same(found.whole, expected[""][""])
    agree(found.counties, expected["county"])
    agree(found.departments, expected["department"])
    agree(found.levels, expected["level"])
    names = {department.code: department.name for department in await Department.all()}
    assert all(group.name == names[group.key] for group in found.departments)
    measured = sum((expected["level"].get(level, Tally()) for level in targets().levels), Tally())
    assert same(found.measured, measured)


@pytest.mark.usefixtures("items")
async def test_a_county_has_what_the_city_offers_and_not_what_another_county_does() -> None:
    """Its own, its townships' and the city's."""
    whole = await item_figures(Which())
    sizes = {group.key: group.tally.items for group in whole.counties}
    regions = [item.region for item in await Item.all()]
    for code, size in sizes.items():
        assert size == sum(region in {"230000", CITY} or region.startswith(code) for region in regions)
    assert sizes[COUNTY] != sizes[OTHER]


@pytest.mark.usefixtures("quiet")
async def test_a_region_that_is_none_is_told() -> None:
    """By finding's own error."""
    with pytest.raises(RegionUnknownError):
        await item_figures(Which(region="999999"))


@pytest.mark.usefixtures("items")
async def test_visits_are_saved_in_the_cases_of_the_items_asked_about() -> None:
    """One visit each where two were; cases of an ended item are told, whatever is asked."""
    cases = {"x1": 10, "x2": 5, "x3": 1, "gone": 7}
    every = await visit_figures(Which(), cases)
    assert (every.items, every.cases, every.saved, every.unknown) == (3, 16, 16, 7)
    county = await visit_figures(Which(region=COUNTY, department="ga"), cases)
    assert (county.items, county.cases, county.saved, county.unknown) == (2, 15, 15, 7)
    assert (await visit_figures(Which(), {})).cases == 0


async def test_only_submitted_cases_are_counted(quiet: House) -> None:
    """Of a citizen's two drafts the submitted one."""
    citizen = await verified_citizen(quiet)
    first, _ = await ready_draft(quiet, citizen), await ready_draft(quiet, citizen)
    before = (await count_submitted()).get(first.item_code, 0)
    await Application.filter(id=first.id).update(case_no=f"c{first.id.hex}")
    assert (await count_submitted())[first.item_code] == before + 1
