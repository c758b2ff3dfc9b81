"""Use cases of a review: given by a citizen, its comment judged before anybody sees it."""

from uuid import UUID

from app.applications.drafts import owned
from app.applications.models import Application, TimelineEntry
from app.audit import service as audit
from app.catalogue.queries import get_item
from app.identity.queries import lock_present
from app.identity.service import get_citizen
from app.identity.staff_accounts import Scope
from app.kit import clock, jobs
from app.kit.db import transaction
from app.mandates.party import Party
from app.reviews import rules
from app.reviews.definitions import terms
from app.reviews.errors import (
    CommentStateError,
    ReviewGivenError,
    ReviewNotFoundError,
    ReviewNotOpenError,
    ReviewReasonUnknownError,
)
from app.reviews.models import CommentState, Review, Stage
from app.reviews.rectification import open_rectification
from app.reviews.rules import Judgement, Tone

CHECK_COMMENT = "reviews.check_comment"


async def submit_review(
    party: Party, application_id: UUID, stage: Stage, level: int, reasons: list[str], comment: str
) -> Review:
    """Review a stage of one's own case, once; the same again answers the same. A bad review opens a rectification.

    Raises ReviewReasonUnknownError, ReviewNotOpenError, ReviewGivenError, ApplicationNotFoundError or
    MatterNotCoveredError.
    """
    if not set(reasons) <= set(terms().reasons[rules.tone_of(level)]):
        raise ReviewReasonUnknownError
    async with transaction():
        # In one order, since two may act for each other.
        for citizen_id in sorted({party.actor_id, party.citizen_id or party.actor_id}):
            await lock_present(citizen_id)
        application = await owned(party, application_id, lock=True)
        text = await _masked(party, application, comment)
        given = await Review.get_or_none(application=application, stage=stage)
        if given:
            if (given.level, given.reasons, given.comment or "") != (level, sorted(set(reasons)), text):
                raise ReviewGivenError
            return given
        await _require_open(application, stage)
        review = await _write(party, application, stage, level, sorted(set(reasons)), text)
        if rules.tone_of(level) is Tone.BAD:
            await open_rectification(review)
        if review.comment:
            await jobs.defer(CHECK_COMMENT, review_id=str(review.id))
        # The level stands in no record that names who gave it.
        await audit.record(f"application:{application.id}", party.name, "reviewed", stage=stage)
    return review


async def _masked(party: Party, application: Application, comment: str) -> str:
    ids = {party.actor_id, application.citizen_id}  # type: ignore[attr-defined]  # Tortoise adds it
    names = [citizen.name for citizen in [await get_citizen(one) for one in ids] if citizen.name]
    return rules.masked(comment, names)


async def _require_open(application: Application, stage: Stage) -> None:
    timeline = await TimelineEntry.filter(application=application)
    reached = rules.stages_of((entry.kind, entry.at) for entry in timeline).get(stage)
    if reached is None or clock.now() > rules.closes_at(reached, terms().review_days):
        raise ReviewNotOpenError


async def _write(
    party: Party, application: Application, stage: Stage, level: int, reasons: list[str], comment: str
) -> Review:
    guide = (await get_item(application.item_code, application.item_version)).guide
    return await Review.create(
        application=application,
        author_id=party.actor_id,
        mandate_id=party.mandate_id,
        stage=stage,
        item_code=application.item_code,
        item_name=application.item_name,
        department=guide.department,
        region=guide.region,
        level=level,
        reasons=reasons,
        comment=comment or None,
        comment_state=CommentState.CHECKING if comment else None,
        created_at=clock.now(),
    )


async def judge_comment(review_id: UUID, judgement: Judgement) -> None:
    """Take WeChat's verdict on a comment; one that comes late changes nothing."""
    async with transaction():
        review = await Review.select_for_update().get_or_none(id=review_id)
        if review is not None and review.comment_state is CommentState.CHECKING:
            await _judged(review, judgement, "wechat")


async def decide_comment(scope: Scope, review_id: UUID, judgement: Judgement, reason: str | None) -> Review:
    """Release or withhold a comment; ``reason`` is the code of why it is withheld. Again, it answers the same.

    Raises CommentStateError or ReviewNotFoundError.
    """
    async with transaction():
        review = await Review.select_for_update().get_or_none(id=review_id)
        if review is None or not scope.covers(review.region, review.department):
            raise ReviewNotFoundError
        if review.comment_state not in set(rules.COMMENTS[judgement].values()):
            await _judged(review, judgement, scope.name, reason=reason)
    return review


async def _judged(review: Review, judgement: Judgement, actor: str, **details: str | None) -> None:
    before = review.comment_state
    after = rules.COMMENTS[judgement].get(before) if before else None
    if after is None:
        raise CommentStateError(state=before)
    review.comment_state = after
    await review.save(update_fields=["comment_state"])
    await audit.record(f"review:{review.id}", actor, f"comment_{judgement}", before=before, after=after, **details)
