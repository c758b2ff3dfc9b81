"""What a citizen keeps at hand: favourites, and the items they opened last."""

from uuid import UUID

from app.catalogue.errors import ItemNotFoundError
from app.catalogue.models import ITEM_CODE_LENGTH, Item
from app.finding.errors import FavouritesFullError
from app.finding.models import Favourite, RecentItem, RecentItemsOff
from app.finding.queries import ITEM_COLUMNS, ItemEntry, entry_of
from app.identity.queries import lock_present
from app.kit import clock, db
from app.kit.db import transaction

MOST_FAVOURITES, MOST_RECENT = 200, 20
"""How many a citizen may have."""

_OPENED = """
INSERT INTO recent_items (id, citizen_id, item_code, opened_at) VALUES (gen_random_uuid(), $1, $2, $3)
ON CONFLICT (citizen_id, item_code) DO UPDATE SET opened_at = excluded.opened_at
"""
_ONLY_NEWEST = """
DELETE FROM recent_items WHERE citizen_id = $1 AND id NOT IN (
    SELECT id FROM recent_items WHERE citizen_id = $1 ORDER BY opened_at DESC, id DESC LIMIT $2
)
"""


async def _items(table: str, moment: str, citizen_id: UUID, most: int) -> list[ItemEntry]:
    statement = f"""
        SELECT {ITEM_COLUMNS} FROM {table} JOIN items USING (item_code)
        WHERE citizen_id = $1 ORDER BY {moment} DESC, {table}.id DESC LIMIT {most}
    """
    return [entry_of(row) for row in await db.rows(statement, citizen_id)]


async def favourites(citizen_id: UUID) -> list[ItemEntry]:
    """A citizen's favourites that are offered, the newest first."""
    return await _items("favourites", "created_at", citizen_id, 2 * MOST_FAVOURITES)


async def add_favourite(citizen_id: UUID, item_code: str) -> None:
    """Mark an item; one that is marked stays where it is. Raises ItemNotFoundError or FavouritesFullError."""
    async with transaction():
        await lock_present(citizen_id)
        await _require_item(item_code)
        if await Favourite.exists(citizen_id=citizen_id, item_code=item_code):
            return
        if await Favourite.filter(citizen_id=citizen_id).count() >= MOST_FAVOURITES:
            raise FavouritesFullError(most=MOST_FAVOURITES)
        await Favourite.create(citizen_id=citizen_id, item_code=item_code, created_at=clock.now())


async def remove_favourite(citizen_id: UUID, item_code: str) -> None:
    """Take the mark from an item; where there is none, nothing happens."""
    if len(item_code) <= ITEM_CODE_LENGTH:
        await Favourite.filter(citizen_id=citizen_id, item_code=item_code).delete()


async def are_recent_kept(citizen_id: UUID) -> bool:
    """Whether it is kept which items a citizen opens: unless they said otherwise."""
    return not await RecentItemsOff.exists(citizen_id=citizen_id)


async def recent_items(citizen_id: UUID) -> list[ItemEntry]:
    """The items that a citizen opened, the last one first."""
    return await _items("recent_items", "opened_at", citizen_id, MOST_RECENT)


async def note_opened(citizen_id: UUID, item_code: str) -> None:
    """Keep that a citizen opened an item, unless they do not want it. Raises ItemNotFoundError."""
    async with transaction():
        await lock_present(citizen_id)
        await _require_item(item_code)
        if await are_recent_kept(citizen_id):
            await db.rows(_OPENED, citizen_id, item_code, clock.now())
            await db.execute(_ONLY_NEWEST, citizen_id, MOST_RECENT)


async def forget_opened(citizen_id: UUID, item_code: str) -> None:
    """Forget that a citizen opened an item."""
    if len(item_code) <= ITEM_CODE_LENGTH:
        await RecentItem.filter(citizen_id=citizen_id, item_code=item_code).delete()


async def keep_recent(citizen_id: UUID, *, kept: bool) -> None:
    """Keep from now on what a citizen opens; or keep it no longer, and forget what was kept."""
    async with transaction():
        await lock_present(citizen_id)
        if kept:
            await RecentItemsOff.filter(citizen_id=citizen_id).delete()
            return
        await RecentItem.filter(citizen_id=citizen_id).delete()
        await RecentItemsOff.bulk_create(
            [RecentItemsOff(citizen_id=citizen_id, since=clock.now())], ignore_conflicts=True
        )


async def _require_item(item_code: str) -> None:
    if len(item_code) > ITEM_CODE_LENGTH or not await Item.exists(item_code=item_code):
        raise ItemNotFoundError
