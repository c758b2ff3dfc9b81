"""Drafts: begun with what is known already."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.applications.errors import (
    ApplicationNotFoundError,
    AudienceMismatchError,
    TooManyDraftsError,
)
from app.applications.models import Application, State
from app.applications.ports import SharedData
from app.applications.prefill import Prefill, Sources
from app.audit import service as audit
from app.catalogue.guidance import asked_for, variant_of
from app.catalogue.guide import Answers, Guide, Variant
from app.catalogue.queries import ItemDetail, get_item
from app.finding.service import count_use
from app.identity.queries import lock_present
from app.identity.rules import require_level
from app.kit import clock
from app.kit.db import AWAY, transaction
from app.mandates.models import Company
from app.mandates.party import Party
from app.mandates.queries import level_of

_log = logging.getLogger(__name__)

MOST_DRAFTS = 50
"""So that nobody fills the store with what is never handed in."""


async def owned(party: Party, application_id: UUID, *, lock: bool = False) -> Application:
    """The party's own application.

    Raises ApplicationNotFoundError, also where it is somebody else's, or MatterNotCoveredError.
    """
    query = Application.select_for_update() if lock else Application.all()
    application = await query.get_or_none(id=application_id, **party.owner)
    if application is None:
        raise ApplicationNotFoundError
    party.require("item", application.item_code)
    return application


async def lock_drafts(party: Party) -> None:
    """Lock the rows under which a party's drafts stand, within the caller's transaction and before any draft.

    What is counted over all its drafts then holds until the end of it. Raises SessionEndedError where an account was
    deleted or joined.
    """
    # In one order, since two may act for each other.
    for citizen_id in sorted({party.actor_id, party.citizen_id or party.actor_id}):
        await lock_present(citizen_id)
    if party.company_id:
        await Company.select_for_update(no_key=True).get(id=party.company_id)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a draft begins with: the item's version, the situation, and the form as far as it is known already."""

    detail: ItemDetail
    answers: Answers
    variant: Variant | None
    prefill: Prefill


async def start_application(
    party: Party, item_code: str, answers: Answers | None = None, shared: SharedData | None = None
) -> Application:
    """Begin a draft, filled with what is known of whom it is for.

    ``answers`` to the item's guided questions narrow what it asks for; without any it is asked as a whole. Raises what
    ``prepare_draft`` raises.
    """
    prepared = await prepare_draft(party, item_code, answers or {}, Sources(party, shared))
    async with transaction():
        application = await begin_draft(party, prepared)
    await count_uses([item_code])
    return application


async def count_uses(item_codes: Iterable[str]) -> None:
    """Count what was begun. A count that is lost is logged: what was begun stands."""
    try:
        for item_code in item_codes:
            await count_use(item_code)
    except AWAY as error:
        _log.warning("use_not_counted", extra={"reason": type(error).__name__})


async def prepare_draft(party: Party, item_code: str, answers: Answers, sources: Sources) -> Prepared:
    """What a party's draft for an item begins with. Others may be asked: never within a transaction.

    Raises ItemNotFoundError, MatterNotCoveredError, LevelTooLowError, AudienceMismatchError, AnswerInvalidError or
    AnswersUnfinishedError.
    """
    detail = await get_item(item_code)
    guide = detail.guide
    await require_applicant(party, guide)
    variant = variant_of(guide, answers)
    return Prepared(detail, answers, variant, await sources.fill(asked_for(guide, variant).form_schema))


async def require_applicant(party: Party, guide: Guide) -> None:
    """Raise MatterNotCoveredError, LevelTooLowError or AudienceMismatchError unless a party may apply for an item."""
    party.require("item", guide.item_code)
    require_level(await level_of(party), guide.assurance_level)
    audience = "company" if party.company_id else "person"
    if audience not in guide.audience:
        raise AudienceMismatchError(audience=guide.audience)


async def begin_draft(
    party: Party,
    prepared: Prepared,
    *,
    life_event: str | None = None,
    group_id: UUID | None = None,
    resubmission_of: UUID | None = None,
) -> Application:
    """Write a draft, within the caller's transaction.

    ``group_id`` joins those that were begun for one life event; ``resubmission_of`` is the case that it begins anew.
    Raises TooManyDraftsError.
    """
    await lock_drafts(party)
    if await Application.filter(**party.owner, state=State.DRAFT).count() >= MOST_DRAFTS:
        raise TooManyDraftsError(limit=MOST_DRAFTS)
    guide, variant, known = prepared.detail.guide, prepared.variant, prepared.prefill
    application = await Application.create(
        citizen_id=party.citizen_id or party.actor_id,
        company_id=party.company_id,
        mandate_id=party.mandate_id,
        item_code=guide.item_code,
        item_name=guide.name,
        item_version=prepared.detail.version,
        answers=prepared.answers or None,
        variant=variant.id if variant else None,
        life_event=life_event,
        group_id=group_id,
        resubmission_of=resubmission_of,
        form=known.form,
        prefilled=known.sources or None,
        prefill_away=known.away or None,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    chain = f"application:{application.id}"
    await audit.record(chain, party.name, "draft_started", item=guide.item_code)
    shared = sorted(source for source in known.sources.values() if source.startswith("shared."))
    if known.queried:
        asked = {"queried": known.queried, "fields": shared, "away": known.away}
        await audit.record(chain, party.name, "shared_data_fetched", **asked)
    return application
