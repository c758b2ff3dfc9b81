"""Reviews for tests, made by the services themselves."""

from collections.abc import Sequence

from app.applications.events import apply_event
from app.applications.models import Application
from app.applications.moving import lock_case
from app.applications.rules import Cause
from app.applications.service import submit_application
from app.bootstrap import House
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.db import transaction
from app.mandates.party import Party
from app.reviews.models import Rectification, Review, Stage
from app.reviews.service import submit_review
from tests.service.cases import ready_draft, staff_member

DECIDED = (Cause.ACCEPTED, Cause.REFUSED)


async def decided_case(house: House, citizen: Citizen, causes: Sequence[Cause] = DECIDED) -> Application:
    """A case of the trip's item that the approval system moved so."""
    draft = await ready_draft(house, citizen)
    case = await submit_application(Party.own(citizen.id), draft.id, None)
    for number, cause in enumerate(causes, 1):
        async with transaction():
            locked = await lock_case(str(case.case_no))
            await apply_event(locked, cause, number, clock.now(), {"reason": "测试"})
    await case.refresh_from_db()
    return case


async def bad_review(house: House, citizen: Citizen, comment: str = "") -> tuple[Review, Rectification]:
    """A bad review of a decided case, and its rectification."""
    case = await decided_case(house, citizen)
    review = await submit_review(Party.own(citizen.id), case.id, Stage.RESULT, 1, ["slow_handling"], comment)
    return review, await Rectification.get(review=review)


async def supervisor(**columns: str | None) -> Staff:
    """A member of staff who supervises the market supervision of the whole city."""
    return await staff_member([Duty.SUPERVISE], **columns)


async def scope_of_new(**columns: str | None) -> Scope:
    """The scope of a new supervisor."""
    return Scope.of(await supervisor(**columns))
