"""What is said to whoever scanned a code with a parameter.

``hall:<code>`` stands in a hall, ``hall:<code>:<window>`` at one of its windows, ``item:<code>`` beside what an item is
about, ``poster:<name>`` on one of the city's posters.
"""

from collections.abc import Awaitable, Callable

from app.catalogue.models import Hall, Item
from app.finding.queries import search_items
from app.official_account.counter import Counter, say
from app.official_account.definitions import definitions
from app.official_account.rules import fitted, quoted

_MOST_ITEMS = 5
_LONGEST_WINDOW = 8
HALL = "hall"


async def said_by(scene: str, counter: Counter) -> str | None:
    """What a code says to whoever scans it; None for one that is not ours, or of what is no more."""
    kind, _, name = scene.partition(":")
    saying = _SAYINGS.get(kind)
    return await saying(name, counter) if saying else None


def hall_of(scene: str | None) -> str | None:
    """The code of the hall in which a scanned code stands, None for any other code."""
    kind, _, name = (scene or "").partition(":")
    return name.partition(":")[0] if kind == HALL else None


def item_line(item_code: str, name: str, counter: Counter) -> str:
    """An item in a list, which opens its guide."""
    return "· " + counter.page(f"pages/items/detail?item_code={item_code}", quoted(name))


def hall_lines(hall: Hall) -> str:
    """Where a hall is, when it is open, whom to call."""
    return say("hall", name=hall.name, address=hall.address, hours=hall.hours, phone=hall.phone)


async def _hall(name: str, counter: Counter) -> str | None:
    code, _, window = name.partition(":")
    hall = await Hall.get_or_none(code=code[:32])
    if hall is None:
        return None
    place = say("window", number=quoted(window, _LONGEST_WINDOW)) if window else ""
    head = say("at_hall", hall=hall.name, window=place)
    foot = [counter.page("pages/items/index", say("all_items")), say("at_hall_ask")]
    return fitted([head, hall_lines(hall)], [], foot)


async def _item(name: str, counter: Counter) -> str | None:
    item = await Item.filter(item_code=name[:31]).first().values("item_code", "name", "promised_days")
    if not item:
        return None
    return fitted([say("at_item")], [item_line(item["item_code"], item["name"], counter)], [say("at_item_ask")])


async def _poster(name: str, counter: Counter) -> str | None:
    poster = definitions().posters.get(name)
    if poster is None:
        return None
    found = (await search_items(poster.find, "", "", None)).items[:_MOST_ITEMS]
    return fitted([poster.text], [item_line(one.item_code, one.name, counter) for one in found], [])


_SAYINGS: dict[str, Callable[[str, Counter], Awaitable[str | None]]] = {HALL: _hall, "item": _item, "poster": _poster}
