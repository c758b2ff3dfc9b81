"""Figures about items in effect: how many can be handled online, how much shorter they take, how many visits less."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from app.catalogue.models import Region
from app.finding.errors import RegionUnknownError
from app.kit import db
from app.upkeep.figure_rules import Tally, Target, Targets, Visits, reached, visits_saved
from config.reading import read_yaml
from config.settings import CITY_DATA

# An item is offered in its region and in every place within: in a county are its own items, those of its places, and
# those from above. $1 region, $2 department, $3 level, each empty for all; $4 the depth from which on it is online.
_WHICH = """($2 = '' OR items.department = $2) AND ($3 = '' OR items.level = $3) AND ($1 = '' OR EXISTS (
    SELECT 1 FROM regions AS asked WHERE asked.code = $1 AND (asked.path <@ place.path OR asked.path @> place.path)
))"""
_COUNTED = """
SELECT {key} AS key, {name} AS name, count(*) AS items, count(*) FILTER (WHERE online_depth >= $4) AS online,
    count(*) FILTER (WHERE statutory_days > 0) AS limited,
    COALESCE(sum(statutory_days) FILTER (WHERE statutory_days > 0), 0) AS statutory,
    COALESCE(sum(promised_days) FILTER (WHERE statutory_days > 0), 0) AS promised,
    COALESCE(sum(1 - promised_days::float8 / statutory_days) FILTER (WHERE statutory_days > 0), 0) AS cuts
FROM items JOIN regions AS place ON place.code = items.region {joined}
WHERE {which} {narrowed}
GROUP BY 1, 2 ORDER BY 1
"""
_WHOLE = _COUNTED.format(which=_WHICH, key="''", name="''", joined="", narrowed="")
_MEASURED = _COUNTED.format(which=_WHICH, key="''", name="''", joined="", narrowed="AND items.level = ANY($5::text[])")
_BY_COUNTY = _COUNTED.format(
    which=_WHICH,
    key="county.code",
    name="county.name",
    joined="""JOIN regions AS county ON county.level = 'county'
        AND (county.path <@ place.path OR county.path @> place.path)""",
    narrowed="""AND ($1 = '' OR EXISTS (
        SELECT 1 FROM regions AS asked
        WHERE asked.code = $1 AND (asked.path <@ county.path OR asked.path @> county.path)
    ))""",
)
_BY_DEPARTMENT = _COUNTED.format(
    which=_WHICH,
    key="items.department",
    name="department.name",
    joined="JOIN departments AS department ON department.code = items.department",
    narrowed="",
)
_BY_LEVEL = _COUNTED.format(which=_WHICH, key="items.level", name="''", joined="", narrowed="")

# Cases of an item that ended are nobody's: they are counted as such, whatever was asked.
_VISITS = f"""
SELECT items.visits, given.cases
FROM unnest($4::text[], $5::int[]) AS given (item_code, cases) LEFT JOIN (
    items JOIN regions AS place ON place.code = items.region
) ON items.item_code = given.item_code
WHERE items.item_code IS NULL OR ({_WHICH})
"""  # noqa: S608  # both are constants


@dataclass(frozen=True, slots=True)
class Which:
    """The items that are asked about: those offered in a region, of a department, of a level; empty for all."""

    region: str = ""
    department: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The items of a county, a department or a level. Levels have no name."""

    key: str
    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Reached:
    """A target and whether it is reached; None where there is nothing to measure."""

    target: Target
    reached: bool | None


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """Figures of the items asked about. ``measured`` are those of the levels that the targets speak of.

    An item stands once in each county in which it is offered, so the counties add up to more than ``whole``.
    """

    whole: Tally
    measured: Tally
    targets: list[Reached]
    counties: list[Group]
    departments: list[Group]
    levels: list[Group]


@cache
def targets() -> Targets:
    """What the city promised, from ``config/city/targets.yaml``."""
    return Targets.model_validate(read_yaml(CITY_DATA / "targets.yaml"))


async def item_figures(which: Which) -> ItemFigures:
    """Figures of the items in effect, each table by one statement. Raises RegionUnknownError."""
    if which.region and not await Region.exists(code=which.region):
        raise RegionUnknownError
    promised = targets()
    measured = _sum(await _groups(_MEASURED, which, promised.levels))
    return ItemFigures(
        whole=_sum(await _groups(_WHOLE, which)),
        measured=measured,
        targets=[Reached(target, reached(measured, target)) for target in promised.online],
        counties=await _groups(_BY_COUNTY, which),
        departments=await _groups(_BY_DEPARTMENT, which),
        levels=await _groups(_BY_LEVEL, which),
    )


async def visit_figures(which: Which, cases: Mapping[str, int]) -> Visits:
    """Visits that were spared in submitted cases of the items asked about, given all cases' number by item code."""
    counted = await db.rows(_VISITS, which.region, which.department, which.level, list(cases), list(cases.values()))
    return visits_saved(((row["visits"], row["cases"]) for row in counted), targets().visits_before)


async def _groups(statement: str, which: Which, *more: object) -> list[Group]:
    depth = targets().online_depth
    found = await db.rows(statement, which.region, which.department, which.level, depth, *more)
    return [Group(row.pop("key"), row.pop("name"), Tally(**row)) for row in found]


def _sum(groups: list[Group]) -> Tally:
    return sum((group.tally for group in groups), Tally())
