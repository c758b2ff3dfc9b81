"""What writing and reviewing versions have in common: finding a draft, opening it, writing the item's audit."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.audit import service as audit
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.models import ITEM_CODE_LENGTH, ItemVersion, VersionState
from app.identity.staff_accounts import Scope
from app.kit import db
from app.upkeep.checks import problems_in
from app.upkeep.errors import DraftNotFoundError, DraftStaleError, GuideFaultyError
from app.upkeep.known import read_known
from app.upkeep.problems import Problem, Severity, error

_LOCK_CHAIN = "SELECT pg_advisory_xact_lock(hashtextextended($1, 7201311425))"


@dataclass(frozen=True, slots=True)
class Editor:
    """A member of staff who writes or reviews, and over which items they stand."""

    staff_id: UUID
    scope: Scope


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that is not published, with its guide as it was written and what is wrong with that."""

    version: ItemVersion
    guide: dict[str, Any]
    problems: list[Problem]


async def find_draft(scope: Scope, draft_id: UUID, revision: int | None = None) -> ItemVersion:
    """A version that is not published, within a scope, and at the revision that the caller read.

    Raises DraftNotFoundError or DraftStaleError.
    """
    version = await ItemVersion.get_or_none(id=draft_id)
    if (
        version is None
        or version.state is VersionState.PUBLISHED
        or not scope.covers(version.region, version.department)
    ):
        raise DraftNotFoundError
    newest = await newest_version(version.item_code)
    if newest and not _covers(scope, newest):
        raise DraftNotFoundError
    if revision is not None and version.revision != revision:
        raise DraftStaleError(revision=version.revision)
    return version


async def require_item(scope: Scope, item_code: str) -> ItemVersion:
    """The newest published version of an item within a scope. Raises ItemNotFoundError."""
    newest = await newest_version(item_code)
    if newest is None or not _covers(scope, newest):
        raise ItemNotFoundError
    return newest


async def newest_version(item_code: str) -> ItemVersion | None:
    """The newest published version of an item."""
    if len(item_code) > ITEM_CODE_LENGTH:
        return None
    found = ItemVersion.filter(item_code=item_code, state=VersionState.PUBLISHED)
    return await found.order_by("-number").first()


def _covers(scope: Scope, version: ItemVersion) -> bool:
    return scope.covers(version.region or json.loads(version.guide)["region"], version.department)


async def opened(version: ItemVersion) -> Draft:
    """A draft with what is wrong with it; one that ends its item cannot be wrong."""
    guide: dict[str, Any] = json.loads(version.guide)
    problems = problems_in(guide, await read_known()) if version.offered else []
    if guide.get("item_code") not in (None, version.item_code):
        problems.insert(0, error("item_code", "item_code_of_another"))
    return Draft(version, guide, problems)


def require_faultless(draft: Draft) -> None:
    """Raise GuideFaultyError where a problem bars publication."""
    barring = [problem for problem in draft.problems if problem.severity is Severity.ERROR]
    if barring:
        raise GuideFaultyError(problems=[{"path": p.path, "code": p.code, "message": p.message} for p in barring])


async def require_done(changed: int, draft_id: UUID) -> None:
    """Raise what came in between where a statement changed no row: DraftStaleError or DraftNotFoundError."""
    if changed:
        return
    version = await ItemVersion.get_or_none(id=draft_id)
    if version is None or version.state is VersionState.PUBLISHED:
        raise DraftNotFoundError
    raise DraftStaleError(revision=version.revision)


async def record(editor: Editor, version: ItemVersion, action: str, **details: Any) -> None:
    """Write the audit of an item, as the last step of the caller's transaction: it takes the lock of the chain."""
    chain = f"item:{version.item_code}"
    await db.rows(_LOCK_CHAIN, chain)
    await audit.record(chain, f"staff:{editor.staff_id}", action, version=str(version.id), **details)
