"""Publishing versions of items, and bringing those into effect whose day has come."""

import hashlib
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from app.catalogue.conditions import published
from app.catalogue.guide import Guide
from app.catalogue.models import Item, ItemVersion, VersionOrigin, VersionState
from app.kit import clock, db

BATCH = 500
"""Items that are written by one statement."""

_LOCK = "SELECT pg_advisory_xact_lock(7201311424)"

_NEWEST = """
SELECT DISTINCT ON (item_code) item_code, number, digest, offered, origin, effective_on FROM item_versions
WHERE item_code = ANY($1::text[]) AND state = 'published' ORDER BY item_code, number DESC
"""

_NEWEST_DUE = """
    SELECT DISTINCT ON (item_code) item_code, number, guide, offered FROM item_versions
    WHERE state = 'published' AND effective_on <= $1 {narrowed} ORDER BY item_code, number DESC
"""
_CHANGED = """
FROM due LEFT JOIN items ON items.item_code = due.item_code
WHERE items.version IS DISTINCT FROM due.number AND (due.offered OR items.item_code IS NOT NULL)
ORDER BY due.item_code
"""
_DUE_CODES = f"WITH due AS ({_NEWEST_DUE.format(narrowed='')}) SELECT due.item_code {_CHANGED}"
_DUE = f"WITH due AS ({_NEWEST_DUE.format(narrowed='AND item_code = ANY($2::text[])')}) SELECT due.* {_CHANGED}"


def text_of(guide: Guide) -> str:
    """A guide as JSON text, in its author's order, its form as phones get it. Read again, it is as it was written."""
    return guide.model_copy(update={"form_schema": published(guide.form_schema)}).model_dump_json()


def digest_of(text: str) -> str:
    """The SHA-256 of a guide's text in hexadecimal: equal where nothing changed."""
    return hashlib.sha256(text.encode()).hexdigest()


async def lock_publishing() -> None:
    """Wait, within the caller's transaction, until nobody else publishes: version numbers follow each other."""
    await db.rows(_LOCK)


async def publish_guides(guides: Sequence[Guide], effective_on: date, origin: VersionOrigin) -> int:
    """Publish a new version of each item whose guide is not what its newest version says by that day; returns how many.

    The city's files change nothing of an item that was published from elsewhere since: they are what it began with.

    Within the caller's transaction, which called ``lock_publishing``. Lists show it after ``bring_into_effect``.
    """
    newest = {row["item_code"]: row for row in await db.rows(_NEWEST, [guide.item_code for guide in guides])}
    moment = clock.now()
    made: list[ItemVersion] = []
    for guide in guides:
        text, before = text_of(guide), newest.get(guide.item_code)
        digest = digest_of(text)
        if before and before["offered"] and before["digest"] == digest and before["effective_on"] <= effective_on:
            continue
        if before and origin is VersionOrigin.CITY and before["origin"] != origin:
            continue
        made.append(
            ItemVersion(
                item_code=guide.item_code,
                number=(before["number"] if before else 0) + 1,
                state=VersionState.PUBLISHED,
                origin=origin,
                department=guide.department,
                guide=text,
                digest=digest,
                effective_on=effective_on,
                created_at=moment,
                updated_at=moment,
                published_at=moment,
            )
        )
    await ItemVersion.bulk_create(made, batch_size=BATCH)
    return len(made)


async def published_elsewhere(codes: Sequence[str]) -> list[str]:
    """Which of these items were published last from elsewhere than the city's files."""
    return [row["item_code"] for row in await db.rows(_NEWEST, list(codes)) if row["origin"] != VersionOrigin.CITY]


async def publish_version(version_id: UUID, reviewer_id: UUID) -> None:
    """Publish a written version as the item's newest, within the caller's transaction, which called lock_publishing.

    Its text is made anew, so that what phones get is published whoever wrote it.
    """
    version = await ItemVersion.get(id=version_id)
    version.guide = text_of(Guide.model_validate_json(version.guide))
    version.digest = digest_of(version.guide)
    rows = await db.rows(_NEWEST, [version.item_code])
    version.number = (rows[0]["number"] if rows else 0) + 1
    version.state, version.reviewer_id = VersionState.PUBLISHED, reviewer_id
    version.published_at = version.updated_at = clock.now()
    changed = ["guide", "digest", "number", "state", "reviewer_id", "published_at", "updated_at"]
    await version.save(update_fields=changed)


async def items_due() -> list[str]:
    """Codes of the items whose version in effect is another than the lists show."""
    return [row["item_code"] for row in await db.rows(_DUE_CODES, clock.today())]


async def bring_into_effect(codes: Sequence[str]) -> list[Guide]:
    """Put those of these items whose day has come into the lists, and take ended ones out; returns the guides put in.

    Within the caller's transaction, which called ``lock_publishing``; ``BATCH`` codes at a time keep memory flat.
    """
    due = await db.rows(_DUE, clock.today(), list(codes))
    guides = [(Guide.model_validate_json(row["guide"]), row["number"]) for row in due if row["offered"]]
    ended = [row["item_code"] for row in due if not row["offered"]]
    if ended:
        await Item.filter(item_code__in=ended).delete()
    if guides:
        await _put([_item(guide, number) for guide, number in guides])
    return [guide for guide, _ in guides]


def _item(guide: Guide, number: int) -> Item:
    return Item(
        item_code=guide.item_code,
        basic_code=guide.basic_code,
        name=guide.name,
        short_name=guide.short_name,
        department=guide.department,
        region=guide.region,
        level=guide.level,
        audience=list(guide.audience),
        themes=list(guide.themes),
        handling=guide.handling,
        statutory_days=guide.statutory_days,
        promised_days=guide.promised_days,
        online_depth=guide.online_depth,
        visits=guide.visits,
        version=number,
    )


async def _put(items: list[Item]) -> None:
    others = [name for name in Item._meta.db_fields if name not in ("item_code", "reading")]
    await Item.bulk_create(items, batch_size=BATCH, on_conflict=["item_code"], update_fields=others)
