"""Writing versions of items: begin, save, propose, delete. Each writes the item's audit.

A draft carries a revision, which every change raises and which whoever changes it must name: so nobody overwrites what
they have not read.
"""

import json
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.catalogue.errors import ItemNotFoundError
from app.catalogue.guide import Guide
from app.catalogue.models import ItemVersion, VersionState
from app.catalogue.service import digest_of, text_of
from app.identity.errors import OutsideOwnScopeError
from app.kit import clock, db
from app.kit.db import transaction
from app.upkeep.desk import (
    Draft,
    Editor,
    find_draft,
    newest_version,
    opened,
    record,
    require_done,
    require_faultless,
    require_item,
)
from app.upkeep.errors import DraftStateError, EffectPastError, ItemExistsError

# What a change needs is written into its statement, so that its row count decides among those who came at once.
_SAVE = """
UPDATE item_versions SET guide = $3, digest = $4, department = $5, region = $6, state = 'draft', reason = '',
    writers = $7::jsonb, revision = revision + 1, updated_at = $8
WHERE id = $1 AND revision = $2 AND state <> 'published' AND offered
"""
_PROPOSE = """
UPDATE item_versions SET state = 'proposed', effective_on = $3, note = $4, reason = '', writers = $5::jsonb,
    revision = revision + 1, updated_at = $6
WHERE id = $1 AND revision = $2 AND state IN ('draft', 'rejected')
"""
_DELETE = "DELETE FROM item_versions WHERE id = $1 AND revision = $2 AND state <> 'published'"


async def begin_item(editor: Editor, item_code: str, department: str, region: str) -> Draft:
    """Begin an item that was never published, with nothing but its code, department and region.

    Raises OutsideOwnScopeError or ItemExistsError.
    """
    if not editor.scope.covers(region, department):
        raise OutsideOwnScopeError
    if await newest_version(item_code):
        raise ItemExistsError
    guide = {"item_code": item_code, "department": department, "region": region}
    return await _begin(editor, item_code, guide, based_on=None, offered=True)


async def begin_draft(editor: Editor, item_code: str, number: int | None = None, *, ends: bool = False) -> Draft:
    """Begin a draft of an item from the version in effect, the newest where none is, or from that of a ``number``.

    With ``ends`` it is one that ends the item. Raises ItemNotFoundError.
    """
    newest = await require_item(editor.scope, item_code)
    source = await _source(item_code, number)
    return await _begin(editor, item_code, json.loads(source.guide), based_on=newest.number, offered=not ends)


async def _source(item_code: str, number: int | None) -> ItemVersion:
    published = ItemVersion.filter(item_code=item_code, state=VersionState.PUBLISHED).order_by("-number")
    if number is not None:
        found = await published.filter(number=number).first()
    else:
        found = await published.filter(effective_on__lte=clock.today()).first() or await published.first()
    if found is None:
        raise ItemNotFoundError
    return found


async def _begin(
    editor: Editor, item_code: str, guide: dict[str, Any], *, based_on: int | None, offered: bool
) -> Draft:
    moment, text = clock.now(), _text(guide)
    async with transaction():
        version = await ItemVersion.create(
            item_code=item_code,
            department=guide["department"],
            region=guide["region"],
            guide=text,
            digest=digest_of(text),
            offered=offered,
            effective_on=clock.today(),
            author_id=editor.staff_id,
            writers=[str(editor.staff_id)],
            based_on=based_on,
            created_at=moment,
            updated_at=moment,
        )
        await record(editor, version, "draft_begun", based_on=based_on, offered=offered)
    return await opened(version)


async def save_draft(editor: Editor, draft_id: UUID, revision: int, guide: dict[str, Any]) -> Draft:
    """Save a whole guide, finished or not; what was proposed or rejected is a draft again.

    Raises DraftNotFoundError, DraftStaleError, OutsideOwnScopeError where it would leave the editor's region or
    department, and DraftStateError for a draft that ends its item, which has nothing to be written.
    """
    version = await find_draft(editor.scope, draft_id, revision)
    if not version.offered:
        raise DraftStateError(state=version.state)
    department, region = _place(guide, version)
    if not editor.scope.covers(region, department):
        raise OutsideOwnScopeError
    text = _text(guide)
    async with transaction():
        saved = await db.execute(
            _SAVE,
            draft_id,
            revision,
            text,
            digest_of(text),
            department,
            region,
            *_written_by(editor, version),
        )
        await require_done(saved, draft_id)
        await record(editor, version, "draft_saved", fields=_changed(json.loads(version.guide), guide))
    return await opened(await ItemVersion.get(id=draft_id))


async def propose_draft(editor: Editor, draft_id: UUID, revision: int, effective_on: date, note: str) -> Draft:
    """Propose a draft for publication from a day on, with what it is for.

    Raises DraftNotFoundError, DraftStaleError, DraftStateError, EffectPastError or GuideFaultyError.
    """
    version = await find_draft(editor.scope, draft_id, revision)
    if version.state not in {VersionState.DRAFT, VersionState.REJECTED}:
        raise DraftStateError(state=version.state)
    if effective_on < clock.today():
        raise EffectPastError
    require_faultless(await opened(version))
    async with transaction():
        proposed = await db.execute(_PROPOSE, draft_id, revision, effective_on, note, *_written_by(editor, version))
        await require_done(proposed, draft_id)
        await record(editor, version, "draft_proposed", effective_on=effective_on.isoformat())
    return await opened(await ItemVersion.get(id=draft_id))


async def delete_draft(editor: Editor, draft_id: UUID, revision: int) -> None:
    """Delete a version that was not published. Raises DraftNotFoundError or DraftStaleError."""
    version = await find_draft(editor.scope, draft_id, revision)
    async with transaction():
        await require_done(await db.execute(_DELETE, draft_id, revision), draft_id)
        await record(editor, version, "draft_deleted")


async def get_draft(editor: Editor, draft_id: UUID) -> Draft:
    """A draft with its problems. Raises DraftNotFoundError."""
    return await opened(await find_draft(editor.scope, draft_id))


def _place(guide: dict[str, Any], version: ItemVersion) -> tuple[str, str]:
    """Whose a guide is and where, as far as it says so yet; what no code is as long as is cut off."""
    department, region = guide.get("department"), guide.get("region")
    return (
        department[:32] if isinstance(department, str) else version.department,
        region[:12] if isinstance(region, str) else str(version.region),
    )


def _text(guide: dict[str, Any]) -> str:
    """A guide as it is kept: as it will be published where it is whole, else as it was written."""
    try:
        return text_of(Guide.model_validate(guide))
    except ValidationError:
        return json.dumps(guide, ensure_ascii=False, separators=(",", ":"))


def _written_by(editor: Editor, version: ItemVersion) -> tuple[str, Any]:
    writers = {*(version.writers or []), str(editor.staff_id)}
    return json.dumps(sorted(writers)), clock.now()


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of the guide's fields whose values differ; ``?`` stands for names that no guide has."""
    names = {
        name if name in Guide.model_fields else "?" for name in {*before, *after} if before.get(name) != after.get(name)
    }
    return sorted(names)
