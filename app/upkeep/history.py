"""What became of items: those a member of staff keeps, their versions with who, when and why, and what changed."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from app.catalogue.errors import ItemNotFoundError
from app.catalogue.models import ItemVersion, VersionState
from app.identity import queries
from app.identity.rules import region_prefix
from app.identity.staff_accounts import Scope
from app.kit import db
from app.kit.paging import PAGE, Page, decode_cursor, encode_cursor
from app.upkeep.checks import problems_in
from app.upkeep.desk import Editor, find_draft, require_item
from app.upkeep.differences import Difference, differences
from app.upkeep.known import read_known
from app.upkeep.problems import Problem

# $1 department or *, $2 what regions begin with, $3 a state that a version of the item must have or nothing, $4 the
# last code seen, $5 rows. An item that ended is known by the version that ended it.
_KEPT = """
WITH kept AS (
    SELECT item_code FROM items WHERE $3 = '' AND $1 IN ('*', department) AND region LIKE $2 || '%'
    UNION
    SELECT item_code FROM item_versions WHERE (state <> 'published' OR NOT offered)
    AND ($3 = '' OR state = $3) AND $1 IN ('*', department) AND region LIKE $2 || '%'
)
SELECT kept.item_code, COALESCE(items.name, newest.guide::json ->> 'name') AS name, items.version AS in_effect,
    newest.number, newest.effective_on, newest.offered
FROM kept LEFT JOIN items ON items.item_code = kept.item_code LEFT JOIN LATERAL (
    SELECT number, effective_on, offered, guide FROM item_versions AS version
    WHERE version.item_code = kept.item_code AND state = 'published' ORDER BY number DESC LIMIT 1
) AS newest ON true
WHERE kept.item_code > $4 ORDER BY kept.item_code LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class KeptItem:
    """An item that a member of staff keeps: its newest version, the one in effect, and what is being written.

    What is None was never published, or is not in effect.
    """

    item_code: str
    name: str | None
    in_effect: int | None
    number: int | None
    effective_on: date | None
    offered: bool | None
    drafts: list[ItemVersion] = field(default_factory=list)


async def list_kept_items(editor: Editor, state: VersionState | None, cursor: str | None) -> Page[KeptItem]:
    """The items within an editor's region and department, by their codes; those with a version in a ``state`` alone.

    Raises InvalidCursorError.
    """
    scope = editor.scope
    (last,) = decode_cursor(cursor, str) or ("",)
    prefix = region_prefix(scope.region)
    found = await db.rows(_KEPT, scope.department, prefix, state.value if state else "", last, PAGE + 1)
    more = encode_cursor(found[PAGE - 1]["item_code"]) if len(found) > PAGE else None
    drafts = await _drafts(scope, [row["item_code"] for row in found[:PAGE]])
    items = [KeptItem(**row, drafts=drafts[row["item_code"]]) for row in found[:PAGE]]
    return Page(items, more)


async def _drafts(scope: Scope, codes: list[str]) -> dict[str, list[ItemVersion]]:
    drafts: dict[str, list[ItemVersion]] = defaultdict(list)
    found = ItemVersion.filter(item_code__in=codes).exclude(state=VersionState.PUBLISHED)
    for version in await found.order_by("id"):
        if scope.covers(version.region, version.department):
            drafts[version.item_code].append(version)
    return drafts


async def list_versions(editor: Editor, item_code: str, cursor: str | None) -> Page[ItemVersion]:
    """The published versions of an item, the newest first. Raises ItemNotFoundError or InvalidCursorError."""
    await require_item(editor.scope, item_code)
    key = decode_cursor(cursor, int)
    found = ItemVersion.filter(item_code=item_code, state=VersionState.PUBLISHED)
    versions = await (found.filter(number__lt=key[0]) if key else found).order_by("-number").limit(PAGE + 1)
    return Page(versions[:PAGE], encode_cursor(versions[PAGE - 1].number) if len(versions) > PAGE else None)


async def compare_versions(editor: Editor, item_code: str, before: int, after: int) -> list[Difference]:
    """How two published versions of an item differ. Raises ItemNotFoundError."""
    await require_item(editor.scope, item_code)
    return list(differences(await _guide(item_code, before), await _guide(item_code, after)))


async def compare_draft(editor: Editor, draft_id: UUID) -> list[Difference]:
    """What a draft changes in the version it was begun from; all of it where it was begun from nothing.

    Raises DraftNotFoundError.
    """
    version = await find_draft(editor.scope, draft_id)
    base = {} if version.based_on is None else await _guide(version.item_code, version.based_on)
    return list(differences(base, json.loads(version.guide)))


async def check_item(editor: Editor, item_code: str) -> list[Problem]:
    """What is wrong with the newest version of an item. Raises ItemNotFoundError."""
    newest = await require_item(editor.scope, item_code)
    return problems_in(json.loads(newest.guide), await read_known())


async def staff_names(versions: Iterable[ItemVersion]) -> dict[UUID, str]:
    """By what name those who wrote and reviewed versions are known to their colleagues."""
    return await queries.staff_names(
        one for version in versions for one in (version.author_id, version.reviewer_id) if one
    )


async def _guide(item_code: str, number: int) -> dict[str, Any]:
    version = await ItemVersion.get_or_none(item_code=item_code, number=number, state=VersionState.PUBLISHED)
    if version is None:
        raise ItemNotFoundError
    guide: dict[str, Any] = json.loads(version.guide)
    return guide
