"""Reads for the supervision: reviews and rectifications within its scope, never with who wrote them.

Who that is stands behind ``contact`` alone, which is for the call and is recorded. So do the days of the clock: they
are reckoned from the day of the review, by which the case could be told.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tortoise.expressions import Q

from app.applications.models import Application
from app.audit import service as audit
from app.identity.models import Staff
from app.identity.rules import EVERY_DEPARTMENT, region_prefix
from app.identity.service import get_citizen
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.db import transaction
from app.kit.errors import InvalidCursorError
from app.kit.paging import PAGE, Page, decode_cursor, encode_cursor
from app.kit.workdays import add_working_days
from app.reviews import rectifying, rules
from app.reviews.definitions import terms
from app.reviews.errors import RectificationNotFoundError
from app.reviews.models import CommentState, Rectification, RectificationState, RectificationStep, Review
from app.reviews.queries import newest_first, periods
from app.reviews.rules import Tone


@dataclass(frozen=True, slots=True)
class SeenReview:
    """A review as staff see it, with the time as exactly as it can be told."""

    review: Review
    period: str | None


@dataclass(frozen=True, slots=True)
class SeenRectification:
    """A rectification with its review.

    ``overdue`` where the staff's next step should have been taken before today, ``due_soon`` where it must be within as
    many working days as a call back and one more, so that what was opened today is not told from the day before.
    """

    rectification: Rectification
    seen: SeenReview

    @property
    def overdue(self) -> bool:
        """Whether a step is overdue."""
        due = self.rectification.due_on
        return due is not None and due < clock.today()

    @property
    def due_soon(self) -> bool:
        """Whether a step is due soon."""
        due = self.rectification.due_on
        last = add_working_days(clock.today(), terms().call_back_working_days + 1).day
        return due is not None and clock.today() <= due <= last


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A step with the name of who took it, None for the citizen and the passing of time.

    ``at`` is None for the citizen's: the moment would tell who it was.
    """

    step: RectificationStep
    by: str | None

    @property
    def at(self) -> datetime | None:
        """When it was taken."""
        return None if self.step.cause in rectifying.CITIZEN_CAUSES else self.step.at


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call about a bad review, None where the account was deleted meanwhile, and by when.

    ``due_on`` is the day by which the next step must be taken, None where none is; ``rectify_by`` that by which all is
    to be put right.
    """

    case_no: str | None
    name: str | None
    phone: str | None
    due_on: date | None
    rectify_by: date


def _within(scope: Scope, prefix: str = "") -> Q:
    which = Q(**{f"{prefix}region__startswith": region_prefix(scope.region)})
    return which if scope.department == EVERY_DEPARTMENT else which & Q(**{f"{prefix}department": scope.department})


async def list_reviews(
    scope: Scope, tone: Tone | None, comment: CommentState | None, item_code: str | None, cursor: str | None
) -> Page[SeenReview]:
    """Reviews within a scope, the newest first; each filter holds where it is given. Raises InvalidCursorError."""
    found = Review.filter(_within(scope))
    if tone is not None:
        found = found.filter(level__in=[level for level in rules.LEVELS if rules.tone_of(level) is tone])
    if comment is not None:
        found = found.filter(comment_state=comment)
    if item_code is not None:
        found = found.filter(item_code=item_code)
    page = await newest_first(found, cursor)
    told = await periods(page.items)
    return Page([SeenReview(review, told[review.id]) for review in page.items], page.next_cursor)


async def seen(review: Review) -> SeenReview:
    """A review as staff see it."""
    return SeenReview(review, (await periods([review]))[review.id])


async def list_rectifications(
    scope: Scope, state: RectificationState | None, *, overdue: bool, cursor: str | None
) -> Page[SeenRectification]:
    """Rectifications within a scope, those first whose next step is due first, overdue ones before all.

    A cursor names the last one seen by its id alone, and tells no day. Raises InvalidCursorError.
    """
    found = Rectification.filter(_within(scope, "review__"))
    if state is not None:
        found = found.filter(state=state)
    if overdue:
        found = found.filter(due_on__lt=clock.today())
    if key := decode_cursor(cursor, str):
        last = await _last_seen(scope, key[0])
        day, beyond = last.due_on, Q(due_on=last.due_on, id__gt=last.id)
        found = found.filter(beyond if day is None else beyond | Q(due_on__gt=day) | Q(due_on=None))
    # PostgreSQL puts what has no day last.
    rows = await found.order_by("due_on", "id").limit(PAGE + 1).select_related("review")
    told = await periods([row.review for row in rows])
    items = [SeenRectification(row, SeenReview(row.review, told[row.review.id])) for row in rows[:PAGE]]
    return Page(items, encode_cursor(str(rows[PAGE - 1].id)) if len(rows) > PAGE else None)


async def _last_seen(scope: Scope, id_: str) -> Rectification:
    """The rectification that a cursor names. Raises InvalidCursorError."""
    try:
        return await _find(scope, UUID(id_))
    except (ValueError, RectificationNotFoundError) as error:
        raise InvalidCursorError from error


async def get_rectification(scope: Scope, rectification_id: UUID) -> tuple[SeenRectification, list[SeenStep]]:
    """A rectification within a scope, with its steps in their order. Raises RectificationNotFoundError."""
    found = await _find(scope, rectification_id)
    steps = await RectificationStep.filter(rectification=found).order_by("id")
    ids = {step.staff_id for step in steps if step.staff_id}
    names = {member.id: member.name or member.username for member in await Staff.filter(id__in=ids)}
    shown = [SeenStep(step, names.get(step.staff_id) if step.staff_id else None) for step in steps]
    return SeenRectification(found, await seen(found.review)), shown


async def contact(scope: Scope, rectification_id: UUID) -> Contact:
    """Whom to call about a bad review that is not over, and by when; that it was read is recorded.

    Raises RectificationNotFoundError, also where it is over: then there is nobody to call.
    """
    found = await _find(scope, rectification_id)
    if found.state in rectifying.ENDED:
        raise RectificationNotFoundError
    async with transaction():
        await Rectification.select_for_update().get(id=found.id)
        await audit.record(f"rectification:{found.id}", scope.name, "contact_read")
    case = await Application.get_or_none(id=found.review.application_id) if found.review.application_id else None
    author = found.review.author_id
    if case is None or author is None:
        return Contact(case.case_no if case else None, None, None, found.due_on, found.rectify_by)
    citizen = await get_citizen(author)
    return Contact(case.case_no, citizen.name, citizen.phone, found.due_on, found.rectify_by)


async def _find(scope: Scope, rectification_id: UUID) -> Rectification:
    found = await Rectification.get_or_none(id=rectification_id).select_related("review")
    if found is None or not scope.covers(found.review.region, found.review.department):
        raise RectificationNotFoundError
    return found
