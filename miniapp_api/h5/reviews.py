"""Citizens review their cases on pages, follow what became of it, and say whether it was put right."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.applications.errors import ApplicationNotFoundError
from app.catalogue.errors import ItemNotFoundError
from app.kit.errors import DomainError, InvalidCursorError, NotFoundError
from app.reviews import errors, rectification, service
from app.reviews.models import Stage
from app.reviews.rules import LEVELS, LONGEST_COMMENT
from miniapp_api.citizen.applications import read_application
from miniapp_api.citizen.reviews import CaseReviewsView, StageView, list_case_reviews, list_reviews, read_review
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.typed import MOST_TYPED, written
from miniapp_api.paging import PageQuery
from miniapp_api.parsing import form_values
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ELSEWHERE = (302,)
_CASE = "/h5/cases/<application_id:uuid>/reviews"
_REVIEW = "/h5/reviews/<review_id:uuid>"
_CASE_ERRORS = (ApplicationNotFoundError, ItemNotFoundError, NotFoundError)


class StageQuery(QuerySchema):
    """The stage to review; the only one that is open unless given."""

    stage: Stage | None = None


class ReviewForm(QuerySchema):
    """What was chosen and typed; the ``reasons`` that are ticked stand beside it."""

    stage: Stage
    level: int | None = Field(default=None, ge=min(LEVELS), le=max(LEVELS))
    comment: str = Field(default="", max_length=MOST_TYPED)


class ReviewQuery(QuerySchema):
    """Whether the review was given just now."""

    given: bool = False


class ConfirmationForm(QuerySchema):
    """Whether what was wrong is put right."""

    satisfied: bool
    comment: str = Field(default="", max_length=MOST_TYPED)


@routes.add(
    "GET",
    _CASE,
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=_CASE_ERRORS,
)
async def open_case_reviews(call: Call, application_id: UUID, query: StageQuery) -> HTTPResponse:
    """What may be reviewed of my case, and what I said."""
    found = await list_case_reviews(call, application_id)
    waiting = [stage for stage in found.stages if stage.open]
    asked = [stage for stage in waiting if stage.stage == query.stage] or waiting
    if len(asked) == 1:
        return await _form(call, application_id, found, asked[0])
    case = await read_application(call, application_id)
    return page(call.request, "case_reviews.html", case=case, stages=found.stages)


async def _form(
    call: Call,
    application_id: UUID,
    found: CaseReviewsView,
    stage: StageView,
    *,
    typed: ReviewForm | None = None,
    wrong: dict[str, str] | None = None,
    refused: DomainError | None = None,
) -> HTTPResponse:
    return page(
        call.request,
        "review_new.html",
        status=status_of(type(refused)) if refused else 422 if wrong else 200,
        case=await read_application(call, application_id),
        reasons=found.reasons,
        stage=stage.stage,
        levels=[str(level) for level in sorted(LEVELS, reverse=True)],
        level=str(typed.level or "") if typed else "",
        ticked=form_values(call.request, "reasons"),
        comment=typed.comment if typed else "",
        longest=LONGEST_COMMENT,
        wrong=wrong or {},
        refused=sentence_of(call.request, refused) if refused else "",
    )


@routes.add(
    "POST",
    _CASE,
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(*_CASE_ERRORS, errors.ReviewNotOpenError, errors.ReviewGivenError),
)
async def review_on_page(call: Call, application_id: UUID, form: ReviewForm) -> HTTPResponse:
    """Review a stage of my case; what is wrong is said on the same page, with all that was typed."""
    comment = written(form.comment)
    wrong = {
        **({"level": "level_missing"} if form.level is None else {}),
        **({"comment": "too_long"} if len(comment) > LONGEST_COMMENT else {}),
    }
    if form.level is not None and not wrong:
        try:
            review = await service.submit_review(
                call.party, application_id, form.stage, form.level, form_values(call.request, "reasons"), comment
            )
            return moved(f"/h5/reviews/{review.id}?given=true", status=303)
        except errors.ReviewReasonUnknownError:
            wrong = {"reasons": "reasons_other"}
    found = await list_case_reviews(call, application_id)
    stage = next((stage for stage in found.stages if stage.stage == form.stage), None)
    if stage is None or not stage.open:
        raise errors.ReviewNotOpenError
    return await _form(call, application_id, found, stage, typed=form, wrong=wrong)


@routes.add(
    "GET",
    "/h5/reviews",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(InvalidCursorError,),
)
async def open_reviews(call: Call, query: PageQuery) -> HTTPResponse:
    """My reviews, the newest first."""
    return page(call.request, "reviews.html", found=await list_reviews(call, query))


@routes.add(
    "GET",
    _REVIEW,
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(errors.ReviewNotFoundError, NotFoundError),
)
async def open_review(call: Call, review_id: UUID, query: ReviewQuery) -> HTTPResponse:
    """A review of mine, and what became of it."""
    return await _review(call, review_id, given=query.given)


async def _review(
    call: Call, review_id: UUID, *, given: bool = False, comment: str = "", refused: DomainError | None = None
) -> HTTPResponse:
    own = await read_review(call, review_id)
    too_long = len(written(comment)) > LONGEST_COMMENT
    return page(
        call.request,
        "review.html",
        status=status_of(type(refused)) if refused else 422 if too_long else 200,
        review=own.review,
        rectification=own.rectification,
        given=given,
        comment=comment,
        too_long=too_long,
        longest=LONGEST_COMMENT,
        refused=sentence_of(call.request, refused) if refused else "",
    )


@routes.add(
    "POST",
    f"{_REVIEW}/confirmation",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(
        errors.ReviewNotFoundError,
        errors.RectificationNotFoundError,
        errors.RectificationStateError,
        NotFoundError,
    ),
)
async def confirm_on_page(call: Call, review_id: UUID, form: ConfirmationForm) -> HTTPResponse:
    """Say whether what was wrong is put right."""
    if len(written(form.comment)) > LONGEST_COMMENT:
        return await _review(call, review_id, comment=form.comment)
    try:
        await rectification.answer(call.party, review_id, satisfied=form.satisfied, comment=written(form.comment))
    except errors.RectificationStateError as error:
        return await _review(call, review_id, comment=form.comment, refused=error)
    return moved(f"/h5/reviews/{review_id}", status=303)
