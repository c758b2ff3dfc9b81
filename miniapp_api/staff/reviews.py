"""The supervision reads reviews without who gave them, and decides which comments are public."""

from typing import Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit.errors import InvalidCursorError
from app.reviews import desk, errors, service
from app.reviews.definitions import titles
from app.reviews.desk import SeenReview
from app.reviews.models import CommentState
from app.reviews.rules import Judgement, Tone
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class StaffReviewQuery(PageQuery):
    """Only good or bad reviews, only comments in a state, only an item."""

    tone: Literal["good", "bad"] | None = None
    comment_state: Literal["checking", "undecided", "released", "withheld", "risky"] | None = None
    item_code: str | None = Field(default=None, max_length=31)


class CommentDecisionRequest(Schema):
    """Whether a comment is public; ``reason`` says why it is withheld, and is asked for then."""

    decision: Literal["release", "withhold"]
    reason: Literal["personal_data", "insult", "unrelated", "unlawful"] | None = Field(
        default=None, validate_default=True
    )

    @field_validator("reason")
    @classmethod
    def _belongs_to_withholding(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if (info.data.get("decision") == "withhold") != (reason is not None):
            raise ValueError("what is withheld has a reason, what is released has none")
        return reason


class StaffReviewView(Schema):
    """A review without who gave it; ``period`` is its month or year, null where so few would tell whose it is."""

    id: UUID
    item_code: str
    item_name: str
    department: str
    stage: str
    level: int
    reasons: list[str]
    reason_titles: list[str]
    comment: str | None
    comment_state: str | None
    period: str | None

    @classmethod
    def of(cls, seen: SeenReview) -> "StaffReviewView":
        """The view of a review."""
        review = seen.review
        return cls(
            id=review.id,
            item_code=review.item_code,
            item_name=review.item_name,
            department=review.department,
            stage=review.stage.value,
            level=review.level,
            reasons=review.reasons,
            reason_titles=titles(review.reasons),
            comment=review.comment,
            comment_state=review.comment_state.value if review.comment_state else None,
            period=seen.period,
        )


class StaffReviewPage(Schema):
    """A page of reviews."""

    items: list[StaffReviewView]
    next_cursor: str | None


@routes.add(
    "GET",
    "/staff/v1/reviews",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_reviews_seen(call: Call, query: StaffReviewQuery) -> StaffReviewPage:
    """Reviews of the items within my scope, the newest first."""
    page = await desk.list_reviews(
        Scope.of(call.staff),
        Tone(query.tone) if query.tone else None,
        CommentState(query.comment_state) if query.comment_state else None,
        query.item_code,
        query.cursor,
    )
    return StaffReviewPage(items=[StaffReviewView.of(one) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "POST",
    "/staff/v1/reviews/<review_id:uuid>/comment",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=(errors.ReviewNotFoundError, errors.CommentStateError),
)
async def decide_comment(call: Call, review_id: UUID, body: CommentDecisionRequest) -> StaffReviewView:
    """Release a comment that WeChat left to us, or withhold one."""
    scope, judgement = Scope.of(call.staff), Judgement(body.decision)
    review = await service.decide_comment(scope, review_id, judgement, body.reason)
    return StaffReviewView.of(await desk.seen(review))
