"""The approval system's word, applied to a case: what it moves, whom it tells, the licence it leads to."""

from datetime import datetime
from typing import Any

from app.applications import rules
from app.applications.asked import asked_of
from app.applications.delivery import result_of, result_sentence
from app.applications.models import Application
from app.applications.moving import move, tell
from app.applications.rules import Cause
from app.audit import service as audit
from app.kit import clock, jobs
from app.licences.issuing import Holder, issue_licence
from app.licences.models import LicenceCause
from app.licences.moving import move_licence_of_case
from app.licences.results import read_result

INVITE_REVIEW = "reviews.invite_review"
_LONGEST_NOTE = 2000
"""Characters of a note that a case keeps; the event in the inbox has it whole."""

_TOLD = {
    Cause.ACCEPTED: "accepted",
    Cause.NOT_ACCEPTED: "not_accepted",
    Cause.SUPPLEMENT_REQUESTED: "supplement_requested",
    Cause.APPROVED: "approved",
    Cause.REFUSED: "refused",
    Cause.SPECIAL_PROCEDURE: "special_procedure",
    Cause.RESUMED: "resumed",
    Cause.EXPIRED: "expired",
    Cause.RESULT_READY: "result_ready",
}
_OF_LICENCE = {
    Cause.LICENCE_REVOKED: LicenceCause.REVOKED,
    Cause.LICENCE_SUSPENDED: LicenceCause.SUSPENDED,
    Cause.LICENCE_RESUMED: LicenceCause.RESUMED,
    Cause.LICENCE_CANCELLED: LicenceCause.CANCELLED,
}
_REVIEWED = {Cause.NOT_ACCEPTED, Cause.APPROVED, Cause.REFUSED}


async def apply_event(
    application: Application, cause: Cause, sequence: int, occurred_at: datetime, data: dict[str, Any]
) -> bool:
    """Apply the approval system's next word to a locked case, within the caller's transaction.

    Returns whether it moved anything: an event that makes no sense from the present state is passed over, and its
    place in the sequence is taken all the same.
    """
    if rules.next_state(application.state, cause) is None:
        await pass_over(application, cause, sequence)
        return False
    application.last_sequence = sequence
    note = str(data.get("reason") or data.get("note") or "")[:_LONGEST_NOTE] or None
    if cause is Cause.RESULT_READY:
        application.result = result_of(data)
        await application.save(update_fields=["result"])
        note = result_sentence(application.result)
    if cause is Cause.SUPPLEMENT_REQUESTED:
        application.supplement_note = note
        await application.save(update_fields=["supplement_note"])
    await move(application, cause, None, note=note, at=occurred_at)
    if cause in _TOLD:
        await tell(application, _TOLD[cause], f"{application.case_no}:{sequence}", note or "")
    if cause in _REVIEWED:
        await jobs.defer(INVITE_REVIEW, application_id=str(application.id))
    if cause is Cause.APPROVED:
        await _issue(application, data)
    if cause in _OF_LICENCE:
        await move_licence_of_case(str(application.case_no), _OF_LICENCE[cause], note or "")
    return True


async def pass_over(application: Application, cause: Cause, sequence: int) -> None:
    """Let an event take its place in a locked case's sequence without moving anything."""
    await _take_place(application, sequence)
    await audit.record(
        f"application:{application.id}", "approval_system", "event_passed_over", event=cause, sequence=sequence
    )


async def _take_place(application: Application, sequence: int) -> None:
    application.last_sequence = sequence
    await application.save(update_fields=["last_sequence"])


async def _issue(application: Application, data: dict[str, Any]) -> None:
    guide = (await asked_of(application)).guide
    if guide.licence_type is None:
        return
    await application.fetch_related("citizen", "company")
    citizen, company = application.citizen, application.company
    if company:
        holder = Holder(citizen.id, company.id, company.name, company.uscc)
    else:
        holder = Holder(citizen.id, None, citizen.name or "", citizen.id_number)
    await issue_licence(
        holder,
        guide.licence_type,
        str(application.case_no),
        application.form,
        read_result(data, clock.today()),
        mandate_id=application.mandate_id,
    )
