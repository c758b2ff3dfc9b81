"""Citizens review how their cases were handled, and everybody reads what was said of an item."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.applications.errors import ApplicationNotFoundError
from app.catalogue.errors import ItemNotFoundError
from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.reviews import errors, queries, rectification, service
from app.reviews.definitions import terms, titles
from app.reviews.models import Rectification, Review, Stage
from app.reviews.queries import ItemReviews, OpenStage, Own
from app.reviews.rules import LONGEST_COMMENT
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema, Word

routes = Routes()


class ReviewRequest(Schema):
    """A stage, a level from 5 (非常满意) to 1 (非常不满意), codes of reasons for that level, and a comment."""

    stage: Literal["acceptance", "result"]
    level: int = Field(ge=1, le=5)
    reasons: list[Word] = Field(default_factory=list, max_length=16)
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


class ConfirmationRequest(Schema):
    """Whether what was wrong is put right."""

    satisfied: bool
    comment: str = Field(default="", max_length=LONGEST_COMMENT)


class ReasonView(Schema):
    """A reason that may be ticked."""

    code: str
    title: str


class ReasonsView(Schema):
    """The reasons beside a good level (5 to 3) and a bad one (2 and 1)."""

    good: list[ReasonView]
    bad: list[ReasonView]


class OwnRectificationView(Schema):
    """What became of my bad review; ``answer_by`` is the last day to say whether it was put right."""

    state: str
    round: int
    rectify_by: str
    answer_by: str | None
    done: str | None = Field(description="what was done or found, once it is told")

    @classmethod
    def of(cls, found: Rectification, done: str | None) -> "OwnRectificationView":
        """The view of a rectification."""
        return cls(
            state=found.state.value,
            round=found.round,
            rectify_by=found.rectify_by.isoformat(),
            answer_by=found.answer_by.isoformat() if found.answer_by else None,
            done=done,
        )


class OwnReviewView(Schema):
    """A review of mine; the comment is as it was kept, without numbers by which I could be found."""

    id: UUID
    application_id: UUID | None
    item_code: str
    item_name: str
    stage: str
    level: int
    reasons: list[str]
    reason_titles: list[str]
    comment: str | None
    comment_state: str | None
    created_at: str

    @classmethod
    def of(cls, review: Review) -> "OwnReviewView":
        """The view of a review."""
        return cls(
            id=review.id,
            application_id=review.application_id,
            item_code=review.item_code,
            item_name=review.item_name,
            stage=review.stage.value,
            level=review.level,
            reasons=review.reasons,
            reason_titles=titles(review.reasons),
            comment=review.comment,
            comment_state=review.comment_state.value if review.comment_state else None,
            created_at=clock.in_city(review.created_at),
        )


class OwnReviewDetail(Schema):
    """A review of mine with what became of it."""

    review: OwnReviewView
    rectification: OwnRectificationView | None

    @classmethod
    def of(cls, own: Own) -> "OwnReviewDetail":
        """The view of a review and its rectification."""
        found = own.rectification
        return cls(
            review=OwnReviewView.of(own.review),
            rectification=OwnRectificationView.of(found, own.done) if found else None,
        )


class OwnReviewPage(Schema):
    """A page of my reviews."""

    items: list[OwnReviewView]
    next_cursor: str | None


class StageView(Schema):
    """A stage that my case has been through, until when it may be reviewed, and my review."""

    stage: str
    open: bool
    until: str
    review: OwnReviewView | None

    @classmethod
    def of(cls, found: OpenStage) -> "StageView":
        """The view of a stage."""
        review = OwnReviewView.of(found.review) if found.review else None
        return cls(stage=found.stage.value, open=found.open, until=clock.in_city(found.until), review=review)


class CaseReviewsView(Schema):
    """What may be reviewed of my case, and the reasons to choose from."""

    stages: list[StageView]
    reasons: ReasonsView


class LevelCountView(Schema):
    """How many reviews gave a level."""

    level: int
    reviews: int


class PublicCommentView(Schema):
    """A comment that was released; ``period`` is its month or year, null where that would tell whose it is."""

    level: int
    reason_titles: list[str]
    comment: str
    period: str | None


class ItemReviewsView(Schema):
    """What everybody sees of an item's reviews."""

    total: int
    satisfaction: float | None = Field(description="the share of levels 5 to 3, null of few reviews")
    levels: list[LevelCountView] = Field(description="empty of few reviews, which would tell who gave which")
    comments: list[PublicCommentView] = Field(description="the newest fifty")

    @classmethod
    def of(cls, found: ItemReviews) -> "ItemReviewsView":
        """The view of an item's reviews."""
        return cls(
            total=found.total,
            satisfaction=found.satisfaction,
            levels=[LevelCountView(level=level, reviews=count) for level, count in found.counts.items()],
            comments=[
                PublicCommentView(
                    level=one.level, reason_titles=titles(one.reasons), comment=one.comment, period=one.period
                )
                for one in found.comments
            ],
        )


def _reasons() -> ReasonsView:
    offered = {
        tone.value: [ReasonView(code=code, title=title) for code, title in reasons.items()]
        for tone, reasons in terms().reasons.items()
    }
    return ReasonsView(**offered)


@routes.add(
    "GET", "/api/v1/items/<item_code:str>/reviews", actor=Actor.ANYONE, limit="browse", errors=(ItemNotFoundError,)
)
async def read_item_reviews(item_code: str) -> ItemReviewsView:
    """How an item is reviewed: levels, the share of the satisfied, and comments, without names."""
    return ItemReviewsView.of(await queries.item_reviews(item_code))


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/reviews",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(ApplicationNotFoundError,),
)
async def list_case_reviews(call: Call, application_id: UUID) -> CaseReviewsView:
    """What may be reviewed of my case."""
    stages = await queries.stages_of_case(call.party, application_id)
    return CaseReviewsView(stages=[StageView.of(stage) for stage in stages], reasons=_reasons())


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/reviews",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=201,
    errors=(
        ApplicationNotFoundError,
        ItemNotFoundError,
        errors.ReviewNotOpenError,
        errors.ReviewGivenError,
        errors.ReviewReasonUnknownError,
    ),
)
async def submit_review(call: Call, application_id: UUID, body: ReviewRequest) -> OwnReviewView:
    """Review a stage of my case, once; the same again answers the same."""
    review = await service.submit_review(
        call.party, application_id, Stage(body.stage), body.level, body.reasons, body.comment
    )
    return OwnReviewView.of(review)


@routes.add("GET", "/api/v1/reviews", actor=Actor.CITIZEN, acting=True, limit="read", errors=(InvalidCursorError,))
async def list_reviews(call: Call, query: PageQuery) -> OwnReviewPage:
    """My reviews, the newest first."""
    page = await queries.list_own(call.party, query.cursor)
    return OwnReviewPage(items=[OwnReviewView.of(review) for review in page.items], next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/api/v1/reviews/<review_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(errors.ReviewNotFoundError,),
)
async def read_review(call: Call, review_id: UUID) -> OwnReviewDetail:
    """A review of mine, and what became of it."""
    return OwnReviewDetail.of(await queries.get_own(call.party, review_id))


@routes.add(
    "POST",
    "/api/v1/reviews/<review_id:uuid>/confirmation",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(
        errors.ReviewNotFoundError,
        errors.RectificationNotFoundError,
        errors.RectificationStateError,
    ),
)
async def confirm_rectification(call: Call, review_id: UUID, body: ConfirmationRequest) -> OwnReviewDetail:
    """Say whether what was wrong is put right; the same again answers the same."""
    await rectification.answer(call.party, review_id, satisfied=body.satisfied, comment=body.comment)
    return await read_review(call, review_id)
