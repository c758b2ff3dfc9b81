"""Halls near a follower, and the place whose notices they want."""

from datetime import timedelta

from app.catalogue.models import Hall
from app.finding.places import HallEntry, list_halls
from app.followers import service as followers
from app.followers.models import Follower
from app.kit import clock, db
from app.official_account.counter import say
from app.official_account.rules import Asked, fitted
from app.official_account.scenes import hall_lines, hall_of

_MOST_HALLS = 3
# Whoever scanned a code in a hall is there for about a day's visit.
_STAY = timedelta(hours=12)
_KILOMETRE = 1000

# The longest name that stands in the words; a place is also called by its name without 县, 区, 市, 镇 or 乡.
_NAMED = """
SELECT code, name FROM regions
WHERE level <> 'province' AND (strpos($1, name) > 0 OR (length(name) > 2 AND strpos($1, left(name, -1)) > 0))
ORDER BY strpos($1, name) > 0 DESC, length(name) DESC, length(code), code LIMIT 1
"""


async def halls_for(asked: Asked, appid: str, openid: str) -> str:
    """The nearest halls: of a position, of a place in the words, of the hall somebody is in; else how to ask."""
    if asked.position:
        return _listed(await list_halls(asked.position.longitude, asked.position.latitude, ""))
    place = await _place_in(asked.words)
    if place:
        return _listed(await list_halls(None, None, place[0]))
    follower = await Follower.get_or_none(appid=appid, openid=openid)
    if follower and follower.scanned_at and follower.scanned_at > clock.now() - _STAY:
        hall = await Hall.get_or_none(code=hall_of(follower.scanned) or "")
        if hall:
            return hall_lines(hall)
    return say("which_hall")


async def region_of(appid: str, openid: str) -> str:
    """The place that a follower chose, empty where they chose none."""
    region = await Follower.filter(appid=appid, openid=openid).first().values_list("region", flat=True)
    return str(region or "")


async def choose_region(words: str, appid: str, openid: str) -> str:
    """Keep the place in the words as the one whose notices a follower wants."""
    place = await _place_in(words)
    if place is None:
        return say("which_region")
    await followers.choose_region(appid, openid, place[0])
    return say("region_chosen", region=place[1])


async def _place_in(words: str) -> tuple[str, str] | None:
    row = await db.row(_NAMED, words) if words else None
    return (row["code"], row["name"]) if row else None


def _listed(halls: list[HallEntry]) -> str:
    if not halls:
        return say("which_hall")
    return fitted([say("halls")], [_entry(hall) for hall in halls[:_MOST_HALLS]], [])


def _entry(hall: HallEntry) -> str:
    text = say("hall", name=hall.name, address=hall.address, hours=hall.hours, phone=hall.phone)
    if hall.distance is None:
        return text
    far = f"{hall.distance / _KILOMETRE:.1f}公里" if hall.distance >= _KILOMETRE else f"{hall.distance}米"
    return f"{text}\n{say('distance', far=far)}"
