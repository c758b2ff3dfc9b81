"""How applications, their forms and their materials look to citizens."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, TypeAdapter

from app.applications.asked import AskedApplication
from app.applications.models import Application, TimelineEntry
from app.applications.replaced import AskedMaterial
from app.applications.time_limits import LimitMove
from app.catalogue import guide
from app.catalogue.conditions import published
from app.kit import clock, texts
from miniapp_api.citizen.material_views import MaterialView
from miniapp_api.routing import Schema


class LicenceTitle(Schema):
    """A licence that stands for a material."""

    id: UUID
    title: str


class AskedMaterialView(guide.GuideMaterial):
    """A material; ``needed`` says whether the applicant must hand it in."""

    needed: bool
    replaced_by_licence: LicenceTitle | None = Field(description="the applicant's own licence that stands for it")

    @classmethod
    def of_asked(cls, asked: AskedMaterial) -> "AskedMaterialView":
        """The view of a material."""
        by, licence = asked.material.replaced_by, asked.licence
        title = LicenceTitle(id=licence.id, title=by.title) if by and licence else None
        return cls(**asked.material.model_dump(), needed=asked.needed, replaced_by_licence=title)


class MateView(Schema):
    """A draft of the same life event that a save changed as well, and its revision after that."""

    id: UUID
    revision: int

    @classmethod
    def all_of(cls, mates: list[Application]) -> "list[MateView]":
        """The views of such drafts."""
        return [cls(id=mate.id, revision=mate.revision) for mate in mates]


class AskedView(Schema):
    """What an application asks for: the form's JSON Schema and the materials, in the variant that was answered to.

    ``next_question`` is the guided question to be put next.
    """

    item_version: int
    revision: int
    answers: dict[str, str]
    next_question: guide.GuidedQuestion | None
    variant: guide.Variant | None
    form_schema: dict[str, Any]
    materials: list[AskedMaterialView]

    @classmethod
    def of(cls, application: Application, asked: AskedApplication, materials: list[AskedMaterial], **more: Any) -> Self:
        """The view of what an application asks for."""
        return cls(
            item_version=application.item_version,
            revision=application.revision,
            answers=application.answers or {},
            next_question=asked.next_question(application),
            variant=asked.variant,
            form_schema=published(asked.form_schema),
            materials=[AskedMaterialView.of_asked(material) for material in materials],
            **more,
        )


class AnsweredView(AskedView):
    """What a draft asks for after its questions were answered anew."""

    mates: list[MateView]


class ProblemView(Schema):
    """A field and what is wrong with it, in Chinese."""

    field: str
    reason: str
    message: str


class TimelineView(Schema):
    """Something that happened to the case; ``by_mandate`` is the mandate by which a proxy or an agent did it."""

    kind: str
    state: str
    state_name: str
    note: str | None
    by_mandate: UUID | None
    at: str

    @classmethod
    def of(cls, entry: TimelineEntry) -> "TimelineView":
        """The view of an entry."""
        return cls(
            kind=entry.kind,
            state=entry.state.value,
            state_name=texts.text("state", entry.state),
            note=entry.note,
            by_mandate=entry.mandate_id,
            at=clock.in_city(entry.at),
        )


class ApplicationEntry(Schema):
    """An application in a list."""

    id: UUID
    item_code: str
    item_name: str
    state: str
    state_name: str
    revision: int = Field(description="of a draft: what a save says it has seen")
    case_no: str | None
    promised_on: str | None
    statutory_on: str | None
    promised_provisional: bool = Field(description="holidays of a year in between are not published yet")
    by_mandate: UUID | None = Field(description="the mandate by which a proxy or an agent began it")
    life_event: str | None = Field(description="the life event that it was begun for")
    group_id: UUID | None = Field(description="those that were begun together share it")
    created_at: str
    submitted_at: str | None

    @classmethod
    def of(cls, application: Application) -> "ApplicationEntry":
        """The entry of an application."""
        return cls(**cls.fields_of(application))

    @classmethod
    def fields_of(cls, application: Application) -> dict[str, Any]:
        """The values of these fields."""
        return {
            "id": application.id,
            "item_code": application.item_code,
            "item_name": application.item_name,
            "state": application.state.value,
            "state_name": texts.text("state", application.state),
            "revision": application.revision,
            "case_no": application.case_no,
            "promised_on": application.promised_on.isoformat() if application.promised_on else None,
            "statutory_on": application.statutory_on.isoformat() if application.statutory_on else None,
            "promised_provisional": application.promised_provisional,
            "by_mandate": application.mandate_id,
            "life_event": application.life_event,
            "group_id": application.group_id,
            "created_at": clock.in_city(application.created_at),
            "submitted_at": clock.in_city(application.submitted_at) if application.submitted_at else None,
        }


class ApplicationPage(Schema):
    """A page of applications."""

    items: list[ApplicationEntry]
    next_cursor: str | None


class PrefilledView(Schema):
    """A field that was filled in before, and where its value comes from, in Chinese."""

    field: str
    source: str
    title: str


class SavedView(Schema):
    """What the applicant had neither to type nor to hand in."""

    fields: int
    materials: int


class LimitMoveView(Schema):
    """A day on which the time limits moved, why, in Chinese, and what they became: null while nothing runs."""

    on: str
    cause: str
    text: str
    promised_on: str | None
    statutory_on: str | None
    provisional: bool

    @classmethod
    def of(cls, moved: LimitMove) -> "LimitMoveView":
        """The view of a move."""
        due = moved.due
        return cls(
            on=moved.on.isoformat(),
            cause=moved.cause.value,
            text=texts.text("limit_move", moved.cause),
            promised_on=due.promised.day.isoformat() if due else None,
            statutory_on=due.statutory.day.isoformat() if due else None,
            provisional=due.provisional if due else False,
        )


class DraftView(ApplicationEntry):
    """A draft with its form, what the form still lacks, and what of it was filled in before."""

    form: dict[str, Any]
    missing: list[ProblemView]
    prefilled: list[PrefilledView]
    prefill_away: list[str] = Field(description="sources that did not answer when the draft was begun")


class SavedDraftView(DraftView):
    """A draft after a save."""

    mates: list[MateView]


class CaseContact(Schema):
    """How the applicant is reached about a case: a mobile number and a postal address, null where none was given."""

    phone: str | None = Field(pattern=r"^1[0-9]{10}$")
    address: str | None = Field(min_length=1, max_length=200)


class ElectronicDelivery(Schema):
    """The result comes by the app alone."""

    method: Literal["electronic"]


class PickUpDelivery(Schema):
    """The result is fetched at a hall, by the code of one where the item has a window."""

    method: Literal["pick_up"]
    hall: str = Field(min_length=1, max_length=64)


class PostDelivery(Schema):
    """The result is posted."""

    method: Literal["post"]
    receiver: str = Field(min_length=1, max_length=50)
    phone: str = Field(pattern=r"^1[0-9]{10}$")
    address: str = Field(min_length=1, max_length=200)


Delivery = Annotated[ElectronicDelivery | PickUpDelivery | PostDelivery, Field(discriminator="method")]
_DELIVERY = TypeAdapter[Any](Delivery)


class ReachView(Schema):
    """How the applicant is reached and how the result is to come."""

    contact: CaseContact
    delivery: Delivery

    @classmethod
    def of(cls, application: Application) -> "ReachView":
        """What an application says of it; what was never said is electronic."""
        return cls(
            contact=CaseContact(**(application.contact or {"phone": None, "address": None})),
            delivery=_DELIVERY.validate_python(application.delivery or {"method": "electronic"}),
        )


class ResultView(Schema):
    """A result on paper: where it is fetched and until when, or who brings it under which number."""

    method: str | None = None
    place: str | None = None
    carrier: str | None = None
    tracking_no: str | None = None
    until: str | None = None
    note: str | None = None


class ApplicationView(DraftView):
    """A whole case."""

    reach: ReachView
    result: ResultView | None = Field(description="of a case whose result on paper is ready")
    resubmission_of: UUID | None = Field(description="the ended case that it was begun anew from")
    supplement_note: str | None
    licence_id: UUID | None
    saved: SavedView | None = Field(description="counted at the submission")
    materials: list[MaterialView]
    limit_moves: list[LimitMoveView]
    timeline: list[TimelineView]


def problems(found: list[dict[str, str]]) -> list[ProblemView]:
    """The views of what is wrong with a form."""
    return [ProblemView(**problem) for problem in found]


def saved(application: Application) -> SavedView | None:
    """What the applicant was saved, None before the submission."""
    if application.saved_fields is None:
        return None
    return SavedView(fields=application.saved_fields, materials=application.saved_materials or 0)
