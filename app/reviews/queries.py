"""Reads of reviews, by the citizen who gave them and by everybody."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.applications.drafts import owned
from app.applications.models import TimelineEntry
from app.catalogue.queries import get_item
from app.kit import clock, db
from app.kit.errors import InvalidCursorError
from app.kit.paging import PAGE, Page, decode_cursor, encode_cursor
from app.mandates.party import Party
from app.reviews import rules
from app.reviews.definitions import terms
from app.reviews.errors import ReviewNotFoundError
from app.reviews.models import CommentState, Rectification, RectificationStep, Review, Stage
from app.reviews.rectifying import Cause

_SHOWN = 50

_LEVELS = "SELECT level, count(*) AS reviews FROM reviews WHERE item_code = $1 GROUP BY level"
_MONTHS = """
SELECT item_code, to_char(created_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, count(*) AS reviews
FROM reviews WHERE item_code = ANY($1::text[]) GROUP BY item_code, month
"""


@dataclass(frozen=True, slots=True)
class OpenStage:
    """A stage that a case has been through: until when it may be reviewed, and the review that was given."""

    stage: Stage
    until: datetime
    review: Review | None

    @property
    def open(self) -> bool:
        """Whether it may be reviewed at present."""
        return self.review is None and clock.now() <= self.until


@dataclass(frozen=True, slots=True)
class Own:
    """A review as its citizen sees it, with what became of it where it was a bad one; ``done`` is what was done."""

    review: Review
    rectification: Rectification | None
    done: str | None


@dataclass(frozen=True, slots=True)
class PublicComment:
    """A comment that was released, with the time as exactly as it can be told."""

    level: int
    reasons: list[str]
    comment: str
    period: str | None


@dataclass(frozen=True, slots=True)
class ItemReviews:
    """What everybody sees of an item's reviews: how many of each level, and the newest released comments.

    ``counts`` is empty and ``satisfaction`` None where the reviews are so few that they would tell who gave which.
    """

    total: int
    counts: dict[int, int]
    satisfaction: float | None
    comments: list[PublicComment]


async def stages_of_case(party: Party, application_id: UUID) -> list[OpenStage]:
    """What may be, or was, reviewed of a party's own case. Raises ApplicationNotFoundError or MatterNotCoveredError."""
    application = await owned(party, application_id)
    timeline = await TimelineEntry.filter(application=application)
    given = {review.stage: review for review in await Review.filter(application=application)}
    reached = rules.stages_of((entry.kind, entry.at) for entry in timeline)
    return [
        OpenStage(stage, rules.closes_at(at, terms().review_days), given.get(stage)) for stage, at in reached.items()
    ]


def _own(party: Party) -> QuerySet[Review]:
    return Review.filter(**{f"application__{column}": value for column, value in party.owner.items()})


async def list_own(party: Party, cursor: str | None) -> Page[Review]:
    """The reviews of a party's cases, as far as its mandate covers them, the newest first.

    Raises InvalidCursorError.
    """
    covered = party.covered("item")
    found = _own(party)
    return await newest_first(found if covered is None else found.filter(item_code__in=covered), cursor)


async def newest_first(query: QuerySet[Review], cursor: str | None) -> Page[Review]:
    """One page of reviews, the newest first. A cursor names the last one seen by its id alone, and tells no time.

    Raises InvalidCursorError.
    """
    if key := decode_cursor(cursor, str):
        try:
            last = await Review.get_or_none(id=UUID(key[0]))
        except ValueError as error:
            raise InvalidCursorError from error
        if last is None:
            raise InvalidCursorError
        query = query.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))
    found = await query.order_by("-created_at", "-id").limit(PAGE + 1)
    return Page(found[:PAGE], encode_cursor(str(found[PAGE - 1].id)) if len(found) > PAGE else None)


async def get_own(party: Party, review_id: UUID) -> Own:
    """A review of a party's own case. Raises ReviewNotFoundError or MatterNotCoveredError."""
    review = await _own(party).get_or_none(id=review_id)
    if review is None:
        raise ReviewNotFoundError
    party.require("item", review.item_code)
    rectification = await Rectification.get_or_none(review=review)
    told = Q(rectification=rectification, cause__in=[Cause.RECTIFY, Cause.CONFIRM_GROUNDLESS, Cause.SETTLE])
    step = await RectificationStep.filter(told).order_by("-id").first() if rectification else None
    return Own(review, rectification, step.note if step else None)


async def item_reviews(item_code: str) -> ItemReviews:
    """What everybody sees of an item's reviews. Raises ItemNotFoundError."""
    await get_item(item_code)
    found = {row["level"]: row["reviews"] for row in await db.rows(_LEVELS, item_code)}
    counts = {level: found.get(level, 0) for level in sorted(rules.LEVELS, reverse=True)}
    released = Review.filter(item_code=item_code, comment_state=CommentState.RELEASED)
    newest = await released.order_by("-created_at", "-id").limit(_SHOWN)
    reviews = [review for review in newest if review.comment]
    told = await periods(reviews)
    comments = [PublicComment(one.level, one.reasons, one.comment or "", told[one.id]) for one in reviews]
    total = sum(counts.values())
    if total < terms().small_group:
        return ItemReviews(total, {}, None, comments)
    return ItemReviews(total, counts, rules.satisfaction(counts), comments)


async def periods(reviews: list[Review]) -> dict[UUID, str | None]:
    """When reviews were given, each as exactly as it can be told, by their ids."""
    months = {
        (row["item_code"], row["month"]): row["reviews"]
        for row in await db.rows(_MONTHS, list({one.item_code for one in reviews}))
    }
    told: dict[UUID, str | None] = {}
    for one in reviews:
        local = one.created_at.astimezone(clock.CITY_TIME)
        year = sum(n for (item, month), n in months.items() if item == one.item_code and month[:4] == f"{local:%Y}")
        month = months.get((one.item_code, f"{local:%Y-%m}"), 0)
        told[one.id] = rules.period(one.created_at, month, year, terms().small_group)
    return told
