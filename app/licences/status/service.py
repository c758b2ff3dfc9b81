"""Licences take places in the status lists, and say when what they are worth has changed."""

import secrets

from app.audit import service as audit
from app.kit import db, jobs
from app.licences.models import Licence, PaperCode
from app.licences.status.models import StatusList, StatusMark
from app.licences.status.packing import PLACES, scattered

PUBLISH_STATUS = "licences.publish_status"
CHAIN = "licences:status"
"""The chain of the audit in which stands who had a new list begun."""
_KEY_BYTES = 32
_UNPLACED_AT_ONCE = 5_000

# A sequence waits for nobody; what a transaction that rolls back had taken stays empty.
_DRAW = "SELECT nextval('licence_places') AS place FROM generate_series(1, $1)"
_BEGIN_NEXT = """
SELECT setval('licence_places', (last_value / $1::bigint + 1) * $1::bigint, false) AS place FROM licence_places
"""
_UNPLACED = "SELECT id FROM licences WHERE status_list IS NULL LIMIT $1 FOR UPDATE SKIP LOCKED"
_PLACE = """
UPDATE licences SET status_list = taken.list, status_index = taken.index
FROM unnest($1::uuid[], $2::int[], $3::int[]) AS taken(id, list, index) WHERE licences.id = taken.id
"""


async def begin_next_list(actor: str) -> int:
    """Give places in a list after the present one from now on; its number.

    After a restore: what was signed since the backup names places that are free again in the database. In another
    licence's hands they would say of the one what the other is worth.
    """
    async with db.transaction():
        begun = await db.row(_BEGIN_NEXT, PLACES)
        number = begun["place"] // PLACES if begun else 0
        await audit.record(CHAIN, actor, "status_list_begun", number=number)
    return number


async def take_places(many: int) -> list[tuple[int, int]]:
    """So many places, each the number of a list and an index that looks random; nobody else gets them.

    Within the caller's transaction.
    """
    drawn = [divmod(taken["place"], PLACES) for taken in await db.rows(_DRAW, many)]
    keys = {number: await _scatter(number) for number in {number for number, _ in drawn}}
    return [(number, scattered(keys[number], position)) for number, position in drawn]


async def mark(*licences: Licence) -> None:
    """Have the lists made anew in which these licences and their papers stand, within the caller's transaction.

    The state of either has changed in it.
    """
    papers = await PaperCode.filter(licence_id__in=[licence.id for licence in licences]).only("id", "status_list")
    lists = {paper.status_list for paper in papers}
    await mark_lists(lists | {licence.status_list for licence in licences if licence.status_list is not None})


async def mark_lists(lists: set[int]) -> None:
    """Have lists made anew, by their numbers, within the caller's transaction."""
    if lists:
        await StatusMark.bulk_create([StatusMark(status_list=number) for number in sorted(lists)])
        await jobs.defer(PUBLISH_STATUS, lock=PUBLISH_STATUS)


async def place_unplaced() -> int:
    """Give places to licences from before the lists; returns how many, at most 5,000 at once."""
    async with db.transaction():
        ids = [row["id"] for row in await db.rows(_UNPLACED, _UNPLACED_AT_ONCE)]
        if not ids:
            return 0
        places = await take_places(len(ids))
        await db.execute(_PLACE, ids, [number for number, _ in places], [index for _, index in places])
        await mark_lists({number for number, _ in places})
    return len(ids)


async def _scatter(number: int) -> bytes:
    found = await StatusList.get_or_none(number=number)
    if found is None:
        new = StatusList(number=number, scatter=secrets.token_hex(_KEY_BYTES))
        await StatusList.bulk_create([new], ignore_conflicts=True)
        found = await StatusList.get(number=number)
        await mark_lists({number})
    return bytes.fromhex(found.scatter)
