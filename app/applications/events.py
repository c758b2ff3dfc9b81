"""The approval system's word, applied to a case: what it moves, whom it tells, the licence it leads to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.applications import rules
from app.applications.asked import asked_of
from app.applications.delivery import result_of, result_sentence
from app.applications.models import Application
from app.applications.moving import Move, move_all
from app.applications.rules import Cause
from app.applications.telling import News, tell_all
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


@dataclass(frozen=True, slots=True)
class Word:
    """What the approval system says next of a locked case."""

    application: Application
    cause: Cause
    sequence: int
    occurred_at: datetime
    data: dict[str, Any]

    @property
    def note(self) -> str | None:
        """What it says to the applicant, as far as a case keeps it."""
        return str(self.data.get("reason") or self.data.get("note") or "")[:_LONGEST_NOTE] or None


async def apply_event(
    application: Application, cause: Cause, sequence: int, occurred_at: datetime, data: dict[str, Any]
) -> bool:
    """Apply the approval system's next word to a locked case, within the caller's transaction.

    Returns whether it moved anything: an event that makes no sense from the present state is passed over, and its
    place in the sequence is taken all the same.
    """
    return (await apply_all([Word(application, cause, sequence, occurred_at, data)]))[0]


async def apply_all(words: Sequence[Word]) -> list[bool]:
    """Apply its next words to some locked cases, one to each, as ``apply_event`` does, by a few statements in all."""
    sensible = [rules.next_state(word.application.state, word.cause) is not None for word in words]
    moves, news = [], []
    for word, sense in zip(words, sensible, strict=True):
        application, cause = word.application, word.cause
        if not sense:
            await pass_over(application, cause, word.sequence)
            continue
        application.last_sequence = word.sequence
        note = await _keep_said(word)
        moves.append(Move(application, cause, note=note, at=word.occurred_at))
        if cause in _TOLD:
            news.append(News(application, _TOLD[cause], f"{application.case_no}:{word.sequence}", note or ""))
    if moves:
        await move_all(moves)
    if news:
        await tell_all(news)
    for word in (word for word, sense in zip(words, sensible, strict=True) if sense):
        await _follow(word)
    return sensible


async def _keep_said(word: Word) -> str | None:
    """Keep what the case's row has of a word beside its state; returns the note of the timeline."""
    application, note = word.application, word.note
    if word.cause is Cause.RESULT_READY:
        application.result = result_of(word.data)
        await application.save(update_fields=["result"])
        note = result_sentence(application.result)
    if word.cause is Cause.SUPPLEMENT_REQUESTED:
        application.supplement_note = note
        await application.save(update_fields=["supplement_note"])
    return note


async def _follow(word: Word) -> None:
    """Do what follows once a case was moved and told of."""
    application, cause = word.application, word.cause
    if cause in _REVIEWED:
        await jobs.defer(INVITE_REVIEW, application_id=str(application.id))
    if cause is Cause.APPROVED:
        await _issue(application, word.data)
    if cause in _OF_LICENCE:
        await move_licence_of_case(str(application.case_no), _OF_LICENCE[cause], word.note or "")


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
