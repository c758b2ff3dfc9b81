"""Regions to choose from, and service halls nearby."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass

from app.catalogue.models import Hall, Region
from app.finding.errors import PositionIncompleteError
from app.finding.matching import places_above
from app.kit import db
from app.kit.errors import NotFoundError

MOST_HALLS = 50
"""Halls that are listed at once."""

_CODE_LENGTH = 12
# The mean radius of the Earth in metres (IUGG).
_EARTH = 6_371_008.8

_FAMILY = """
SELECT code, name, level, code = ANY($2::text[]) AS above FROM regions
WHERE code = ANY($2::text[]) OR parent = $1 ORDER BY length(code), code
"""
_WITHIN = """
SELECT other.code FROM regions AS other JOIN regions AS here ON here.path @> other.path OR other.path @> here.path
WHERE here.code = $1
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A region in a list."""

    code: str
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class Family:
    """A region with those above it, the highest first, and those directly within it."""

    code: str
    name: str
    level: str
    above: list[Place]
    children: list[Place]

    @property
    def answer(self) -> str:
        """It as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @property
    def etag(self) -> str:
        """Another one whenever ``answer`` is another."""
        return hashlib.sha256(self.answer.encode()).hexdigest()[:32]


_WIDEST = """
WITH RECURSIVE way (code, depth) AS (
    SELECT min(code), 1 FROM regions WHERE parent IS NULL HAVING count(*) = 1
  UNION ALL
    SELECT child.code, depth + 1
    FROM way, LATERAL (SELECT min(code) AS code FROM regions WHERE parent = way.code HAVING count(*) = 1) AS child
)
SELECT code FROM way ORDER BY depth DESC LIMIT 1
"""


async def get_family(code: str) -> Family:
    """A region by its code. Raises NotFoundError."""
    here = await Region.get_or_none(code=code) if len(code) <= _CODE_LENGTH else None
    if here is None:
        raise NotFoundError
    above = (here.path or here.code).split(".")
    rows = await db.rows(_FAMILY, code, above)
    places = {row["code"]: Place(row["code"], row["name"], row["level"]) for row in rows}
    return Family(
        here.code,
        here.name,
        here.level,
        above=[places[one] for one in above[:-1]],
        children=[places[row["code"]] for row in rows if not row["above"]],
    )


async def widest_place() -> str:
    """The place that everything lies in and that is divided: the city, where the tree begins with its province."""
    return "".join(row["code"] for row in await db.rows(_WIDEST))


@dataclass(frozen=True, slots=True)
class HallEntry:
    """A service hall; ``distance`` in metres from where the citizen is, None where that was not said."""

    code: str
    name: str
    kind: str
    region: str
    address: str
    hours: str
    phone: str
    longitude: float
    latitude: float
    distance: int | None


def metres(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """The distance of two points, in degrees, along the surface of a round Earth (haversine)."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    east, north = math.radians(other_longitude - longitude), there - here
    chord = math.sin(north / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(min(chord, 1.0)))


async def list_halls(longitude: float | None, latitude: float | None, region: str) -> list[HallEntry]:
    """Halls by their distance from a position, of a region: those within it, and those that serve it from above.

    Without a position only those at a region and above, the nearest office first; without either, all by their codes.
    Positions are in degrees, GCJ-02. Raises PositionIncompleteError or RegionUnknownError.
    """
    if (longitude is None) != (latitude is None):
        raise PositionIncompleteError
    above = await places_above(region) if region else []
    halls = Hall.all().order_by("code")
    if longitude is None or latitude is None:
        if not above:
            return [_entry(hall, None) for hall in await halls.limit(MOST_HALLS)]
        found = await halls.filter(region__in=above)
        return [_entry(hall, None) for hall in sorted(found, key=lambda hall: -above.index(hall.region))][:MOST_HALLS]
    if region:
        halls = halls.filter(region__in=[row["code"] for row in await db.rows(_WITHIN, region)])
    entries = [_entry(hall, metres(longitude, latitude, hall.longitude, hall.latitude)) for hall in await halls]
    return sorted(entries, key=lambda entry: entry.distance or 0)[:MOST_HALLS]


def _entry(hall: Hall, distance: float | None) -> HallEntry:
    return HallEntry(
        **{name: getattr(hall, name) for name in HallEntry.__dataclass_fields__ if name != "distance"},
        distance=None if distance is None else round(distance),
    )
