"""Telling whom a case concerns what happens to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.applications.asked import bases_of
from app.applications.models import Application
from app.kit import texts
from app.mandates.queries import Subject, people_to_tell_of
from app.notifications.service import Letter, notify_all


@dataclass(frozen=True, slots=True)
class News:
    """Something that whom a case concerns is told: the fields are those of ``tell``."""

    application: Application
    kind: str
    occasion: str
    note: str = ""
    link: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


async def tell(
    application: Application, kind: str, occasion: str, note: str = "", *, link: str | None = None, **values: str
) -> None:
    """Tell whom a case concerns, once per kind and occasion, within the caller's transaction.

    ``values`` fill further placeholders of the text, or those of the case otherwise.
    """
    await tell_all([News(application, kind, occasion, note, link, values)])


async def tell_all(news: Sequence[News]) -> None:
    """Tell of several cases, as ``tell`` does of one, by a few statements in all."""
    cases = [one.application for one in news]
    people = await people_to_tell_of([_subject(case) for case in cases])
    letters = []
    for one, basis, concerned in zip(news, await bases_of(cases), people, strict=True):
        page, said = one.link or f"/applications/{one.application.id}", _said(one, basis.office)
        letters += [Letter(person, one.kind, one.occasion, page, basis.region, said) for person in concerned]
    await notify_all(letters)


def _subject(case: Application) -> Subject:
    return Subject(case.citizen_id, case.company_id, case.mandate_id)  # type: ignore[attr-defined]  # Tortoise adds them


def _said(one: News, office: str) -> dict[str, str]:
    case = one.application
    return {
        "item": case.item_name,
        "case_no": case.case_no or "",
        "office": office,
        "note": one.note,
        "phrase": texts.text("state", case.state),
        **one.values,
    }
