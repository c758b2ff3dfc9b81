"""Staff keep items right: drafts, publication by two, history, checks. Each within their region and department."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.catalogue.errors import ItemNotFoundError
from app.catalogue.models import ItemVersion, VersionState
from app.identity.errors import OutsideOwnScopeError
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.upkeep import drafts, errors, history, reviews
from app.upkeep.desk import Draft, Editor
from app.upkeep.differences import Difference
from app.upkeep.history import KeptItem
from app.upkeep.problems import Problem
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()

_MOST = 2**31 - 1
_DRAFT_ERRORS = (errors.DraftNotFoundError, errors.DraftStaleError)
_REVIEW_ERRORS = (*_DRAFT_ERRORS, errors.DraftStateError, errors.OwnDraftError)


class NewItemRequest(Schema):
    """An item that was never published."""

    item_code: str = Field(pattern=r"^[0-9A-Z]{18}[0-9]{13}$")
    department: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    region: str = Field(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")


class NewDraftRequest(Schema):
    """From which version to begin, that in effect unless given; ``ends`` makes it one that ends the item."""

    version: int | None = Field(default=None, ge=1, le=_MOST)
    ends: bool = False


class RevisionRequest(Schema):
    """The revision of the draft that the caller has read."""

    revision: int = Field(ge=1, le=_MOST)


class GuideSaveRequest(RevisionRequest):
    """The whole guide, finished or not."""

    guide: dict[str, Any]


class GuideProposalRequest(RevisionRequest):
    """From which day it is to hold, and what it is for."""

    effective_on: date = Field(strict=False)
    note: str = Field(min_length=1, max_length=500)


class GuideRejectionRequest(RevisionRequest):
    """Why it is not published."""

    reason: str = Field(min_length=1, max_length=500)


class KeptItemsQuery(PageQuery):
    """Only items with a version in this state."""

    state: Literal["draft", "proposed", "rejected"] | None = None


class DifferencesQuery(QuerySchema):
    """Two versions by their numbers."""

    before: int = Field(ge=1, le=_MOST)
    after: int = Field(ge=1, le=_MOST)


class RevisionQuery(QuerySchema):
    """The revision of the draft that the caller has read."""

    revision: int = Field(ge=1, le=_MOST)


class GuideProblemView(Schema):
    """Something wrong with a guide at a place; an error bars publication."""

    path: str
    code: str
    severity: Literal["error", "warning"]
    message: str

    @classmethod
    def of(cls, problems: list[Problem]) -> "list[GuideProblemView]":
        """The views of problems."""
        return [cls(path=one.path, code=one.code, severity=one.severity.value, message=one.message) for one in problems]


class GuideProblemList(Schema):
    """What is wrong with a guide, errors first."""

    items: list[GuideProblemView]


class DifferenceView(Schema):
    """A change at a place, with what stood there before and after."""

    path: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any
    after: Any


class DifferenceList(Schema):
    """How two guides differ."""

    items: list[DifferenceView]

    @classmethod
    def of(cls, found: list[Difference]) -> "DifferenceList":
        """The view of differences."""
        views = [DifferenceView(path=d.path, kind=d.kind.value, before=d.before, after=d.after) for d in found]
        return cls(items=views)


class ItemVersionView(Schema):
    """A version without its guide: who, when and why. ``number`` is given at publication."""

    id: UUID
    item_code: str
    number: int | None
    state: Literal["draft", "proposed", "rejected", "published"]
    revision: int
    offered: bool
    based_on: int | None
    effective_on: str
    note: str
    reason: str
    author: str | None
    reviewer: str | None
    created_at: str
    updated_at: str
    published_at: str | None

    @classmethod
    def of(cls, version: ItemVersion, names: dict[UUID, str]) -> "ItemVersionView":
        """The view of a version, with the names of the staff."""
        return cls(
            id=version.id,
            item_code=version.item_code,
            number=version.number,
            state=version.state.value,
            revision=version.revision,
            offered=version.offered,
            based_on=version.based_on,
            effective_on=version.effective_on.isoformat(),
            note=version.note,
            reason=version.reason,
            author=names.get(version.author_id) if version.author_id else None,
            reviewer=names.get(version.reviewer_id) if version.reviewer_id else None,
            created_at=clock.in_city(version.created_at),
            updated_at=clock.in_city(version.updated_at),
            published_at=clock.in_city(version.published_at) if version.published_at else None,
        )


class ItemVersionPage(Schema):
    """A page of versions."""

    items: list[ItemVersionView]
    next_cursor: str | None


class GuideDraftView(Schema):
    """A draft with its guide as it was written and what is wrong with it."""

    version: ItemVersionView
    guide: dict[str, Any]
    problems: list[GuideProblemView]

    @classmethod
    async def of(cls, draft: Draft) -> "GuideDraftView":
        """The view of a draft."""
        names = await history.staff_names([draft.version])
        version = ItemVersionView.of(draft.version, names)
        return cls(version=version, guide=draft.guide, problems=GuideProblemView.of(draft.problems))


class KeptItemView(Schema):
    """An item with the number of its version in effect, its newest one, and what is being written."""

    item_code: str
    name: str | None
    in_effect: int | None
    number: int | None
    effective_on: str | None
    offered: bool | None
    drafts: list[ItemVersionView]

    @classmethod
    def of(cls, item: KeptItem, names: dict[UUID, str]) -> "KeptItemView":
        """The view of an item."""
        return cls(
            item_code=item.item_code,
            name=item.name,
            in_effect=item.in_effect,
            number=item.number,
            effective_on=item.effective_on.isoformat() if item.effective_on else None,
            offered=item.offered,
            drafts=[ItemVersionView.of(draft, names) for draft in item.drafts],
        )


class KeptItemPage(Schema):
    """A page of items."""

    items: list[KeptItemView]
    next_cursor: str | None


class DraftDeletedAnswer(Schema):
    """The draft is gone."""

    deleted: bool


def editor_of(call: Call) -> Editor:
    """The member of staff who calls, as one who keeps items."""
    return Editor(call.staff.id, Scope.of(call.staff))


async def _version_view(version: ItemVersion) -> ItemVersionView:
    return ItemVersionView.of(version, await history.staff_names([version]))


@routes.add(
    "GET",
    "/staff/v1/items",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_kept_items(call: Call, query: KeptItemsQuery) -> KeptItemPage:
    """The items that I keep, with what is being written."""
    state = VersionState(query.state) if query.state else None
    page = await history.list_kept_items(editor_of(call), state, query.cursor)
    names = await history.staff_names(draft for item in page.items for draft in item.drafts)
    return KeptItemPage(items=[KeptItemView.of(item, names) for item in page.items], next_cursor=page.next_cursor)


@routes.add(
    "POST",
    "/staff/v1/items",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="write",
    status=201,
    errors=(OutsideOwnScopeError, errors.ItemExistsError),
)
async def begin_item(call: Call, body: NewItemRequest) -> GuideDraftView:
    """Begin an item that was never published."""
    return await GuideDraftView.of(
        await drafts.begin_item(editor_of(call), body.item_code, body.department, body.region)
    )


@routes.add(
    "POST",
    "/staff/v1/items/<item_code:str>/drafts",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="write",
    status=201,
    errors=(ItemNotFoundError,),
)
async def begin_draft(call: Call, item_code: str, body: NewDraftRequest) -> GuideDraftView:
    """Begin a draft of an item from one of its versions, or one that ends it."""
    return await GuideDraftView.of(await drafts.begin_draft(editor_of(call), item_code, body.version, ends=body.ends))


@routes.add(
    "GET",
    "/staff/v1/items/<item_code:str>/checks",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="read",
    errors=(ItemNotFoundError,),
)
async def check_item(call: Call, item_code: str) -> GuideProblemList:
    """What is wrong with the newest version of an item."""
    return GuideProblemList(items=GuideProblemView.of(await history.check_item(editor_of(call), item_code)))


@routes.add(
    "GET",
    "/staff/v1/items/<item_code:str>/versions",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="read",
    errors=(ItemNotFoundError, InvalidCursorError),
)
async def list_versions(call: Call, item_code: str, query: PageQuery) -> ItemVersionPage:
    """The published versions of an item, the newest first: who, when and why."""
    page = await history.list_versions(editor_of(call), item_code, query.cursor)
    names = await history.staff_names(page.items)
    return ItemVersionPage(items=[ItemVersionView.of(one, names) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/staff/v1/items/<item_code:str>/differences",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="read",
    errors=(ItemNotFoundError,),
)
async def compare_versions(call: Call, item_code: str, query: DifferencesQuery) -> DifferenceList:
    """How two published versions of an item differ, field by field."""
    found = await history.compare_versions(editor_of(call), item_code, query.before, query.after)
    return DifferenceList.of(found)


@routes.add(
    "GET",
    "/staff/v1/drafts/<draft_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="read",
    errors=(errors.DraftNotFoundError,),
)
async def read_draft(call: Call, draft_id: UUID) -> GuideDraftView:
    """A draft with its guide, and what is wrong with it."""
    return await GuideDraftView.of(await drafts.get_draft(editor_of(call), draft_id))


@routes.add(
    "GET",
    "/staff/v1/drafts/<draft_id:uuid>/differences",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="read",
    errors=(errors.DraftNotFoundError, ItemNotFoundError),
)
async def compare_draft(call: Call, draft_id: UUID) -> DifferenceList:
    """What a draft changes in the version it was begun from."""
    return DifferenceList.of(await history.compare_draft(editor_of(call), draft_id))


@routes.add(
    "PUT",
    "/staff/v1/drafts/<draft_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="write",
    errors=(*_DRAFT_ERRORS, errors.DraftStateError, OutsideOwnScopeError),
)
async def save_draft(call: Call, draft_id: UUID, body: GuideSaveRequest) -> GuideDraftView:
    """Save a draft whole; what was proposed is a draft again, to be proposed anew."""
    return await GuideDraftView.of(await drafts.save_draft(editor_of(call), draft_id, body.revision, body.guide))


@routes.add(
    "DELETE",
    "/staff/v1/drafts/<draft_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="write",
    errors=_DRAFT_ERRORS,
)
async def delete_draft(call: Call, draft_id: UUID, query: RevisionQuery) -> DraftDeletedAnswer:
    """Delete a draft."""
    await drafts.delete_draft(editor_of(call), draft_id, query.revision)
    return DraftDeletedAnswer(deleted=True)


@routes.add(
    "POST",
    "/staff/v1/drafts/<draft_id:uuid>/proposal",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="write",
    errors=(*_DRAFT_ERRORS, errors.DraftStateError, errors.EffectPastError, errors.GuideFaultyError),
)
async def propose_draft(call: Call, draft_id: UUID, body: GuideProposalRequest) -> GuideDraftView:
    """Propose a draft for publication, to somebody who did not write in it."""
    draft = await drafts.propose_draft(editor_of(call), draft_id, body.revision, body.effective_on, body.note)
    return await GuideDraftView.of(draft)


@routes.add(
    "POST",
    "/staff/v1/drafts/<draft_id:uuid>/publication",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="write",
    errors=(*_REVIEW_ERRORS, errors.GuideFaultyError, errors.VersionOutdatedError, errors.PublishingBusyError),
)
async def publish_draft(call: Call, draft_id: UUID, body: RevisionRequest) -> ItemVersionView:
    """Publish a proposal of others as I read it."""
    return await _version_view(await reviews.publish_draft(editor_of(call), draft_id, body.revision))


@routes.add(
    "POST",
    "/staff/v1/drafts/<draft_id:uuid>/rejection",
    actor=Actor.STAFF,
    duty=Duty.EDIT_ITEMS,
    limit="write",
    errors=_REVIEW_ERRORS,
)
async def reject_draft(call: Call, draft_id: UUID, body: GuideRejectionRequest) -> ItemVersionView:
    """Reject a proposal of others for a reason."""
    return await _version_view(await reviews.reject_draft(editor_of(call), draft_id, body.revision, body.reason))
