"""How the applicant is reached about a case, how its result is to come, and where it is once it is ready.

``contact`` is ``{"phone", "address"}``, either of them None. ``delivery`` is ``{"method": "electronic"}``,
``{"method": "pick_up", "hall"}`` or ``{"method": "post", "receiver", "phone", "address"}``. ``result`` has what the
approval system says of a result on paper: ``method``, ``place``, ``carrier``, ``tracking_no``, ``until``, ``note``.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.applications.asked import asked_of
from app.applications.drafts import owned
from app.applications.errors import PickUpPlaceUnknownError
from app.applications.models import Application, NoticeKind, State
from app.applications.moving import move, require_move
from app.applications.notices import send_notice
from app.applications.rules import Cause
from app.audit import service as audit
from app.catalogue.guide import Guide
from app.kit import clock, texts
from app.kit.db import transaction
from app.mandates.party import Party

_RESULT = ("method", "place", "carrier", "tracking_no", "until", "note")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Reach:
    """How the applicant is reached and how the result is to come, as the module says."""

    contact: dict[str, Any]
    delivery: dict[str, Any]


async def change_reach(party: Party, application_id: UUID, reach: Reach) -> Application:
    """Say how the applicant is reached and how the result is to come, while the case has not ended.

    Of a case that was submitted already the office is told. The same once more changes nothing.
    Raises PickUpPlaceUnknownError, StateForbidsError or ApplicationNotFoundError.
    """
    async with transaction():
        application = await owned(party, application_id, lock=True)
        if (application.contact, application.delivery) == (reach.contact, reach.delivery):
            return application
        draft = application.state is State.DRAFT
        if not draft:
            require_move(application, Cause.CONTACT)
        _require_place((await asked_of(application)).guide, reach.delivery)
        application.contact, application.delivery = reach.contact, reach.delivery
        application.revision += draft
        application.updated_at = clock.now()
        await application.save(update_fields=["contact", "delivery", "revision", "updated_at"])
        if draft:
            await audit.record(f"application:{application.id}", party.name, "draft_saved", fields=["contact"])
        else:
            await move(application, Cause.CONTACT, party)
            content = {"contact": reach.contact, "delivery": reach.delivery}
            await send_notice(application, NoticeKind.CONTACT, content, party.mandate_id)
    return application


def _require_place(guide: Guide, delivery: dict[str, Any]) -> None:
    halls = [window.hall for window in guide.windows if window.hall]
    if delivery["method"] == "pick_up" and delivery["hall"] not in halls:
        raise PickUpPlaceUnknownError(halls=halls)


def result_of(data: dict[str, Any]) -> dict[str, Any]:
    """What the approval system said of a result on paper: texts alone, each cut to what a phone can show."""
    return {
        name: str(data[name])[:_LONGEST] for name in _RESULT if isinstance(data.get(name), str | int) and data[name]
    }


def result_sentence(result: dict[str, Any]) -> str:
    """It in one Chinese sentence, as far as anything is known."""
    method = result.get("method")
    if method == "pick_up" and "place" in result:
        until = texts.text("result", "until", until=result["until"]) if "until" in result else ""
        said = texts.text("result", "pick_up", place=result["place"], until=until)
    elif method == "post" and "tracking_no" in result:
        said = texts.text("result", "post", carrier=result.get("carrier", ""), tracking_no=result["tracking_no"])
    else:
        said = ""
    return "；".join(part for part in (said, result.get("note", "")) if part) or texts.text("result", "ready")
