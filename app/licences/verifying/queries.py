"""Reads of verifications."""

from dataclasses import dataclass
from uuid import UUID

from app.catalogue import queries as catalogue
from app.catalogue.licence_type import Preset
from app.kit.paging import Page, newest_first
from app.licences.queries import get_licence
from app.licences.requests.models import FieldRequest
from app.licences.verifying.models import Concern, ConcernKind, Verification
from app.licences.verifying.verdicts import Reason, shows_licence
from app.mandates.party import Party


@dataclass(frozen=True, slots=True)
class SeenVerification:
    """A verification as the holder sees it, with what was objected and what more was asked for."""

    verification: Verification
    titles: dict[str, str]
    objection: Concern | None
    doubled: bool
    requests: list[FieldRequest]

    def titled(self, names: list[str]) -> list[str]:
        """The titles of fields; of one that its type has no more, the name."""
        return [self.titles.get(name, name) for name in names]


@dataclass(frozen=True, slots=True)
class MadeVerification:
    """A verification as who made it sees it again: of the licence its kind alone, where the code proved it.

    ``doubled``: its code was scanned by somebody else too.
    """

    verification: Verification
    licence_name: str | None
    doubled: bool


async def list_made(staff_id: UUID, cursor: str | None) -> Page[MadeVerification]:
    """The verifications of a member of staff, the latest first. Raises InvalidCursorError."""
    page = await newest_first(Verification.filter(staff_id=staff_id).prefetch_related("licence", "concerns"), cursor)
    told = {one.id: one.licence.type_code for one in page.items if one.licence and _is_told(one)}
    types = await catalogue.get_licence_types(list(set(told.values())))
    made = [
        MadeVerification(
            one,
            types[told[one.id]].name if told.get(one.id) in types else None,
            any(concern.kind is ConcernKind.DOUBLED for concern in one.concerns),  # type: ignore[attr-defined]  # Tortoise adds it
        )
        for one in page.items
    ]
    return Page(made, page.next_cursor)


def _is_told(verification: Verification) -> bool:
    """A proof of age tells no licence, a refused code only where the licence itself was the reason."""
    return verification.preset != Preset.AGE_60 and shows_licence(Reason(verification.reason))


async def list_verifications(party: Party, licence_id: UUID, cursor: str | None) -> Page[SeenVerification]:
    """Who verified a party's licence, the latest first.

    Raises LicenceNotFoundError, MatterNotCoveredError or InvalidCursorError.
    """
    licence = await get_licence(party, licence_id)
    found = Verification.filter(licence=licence).prefetch_related("concerns", "field_requests")
    page = await newest_first(found, cursor)
    definition = await catalogue.get_licence_type(licence.type_code)
    titles = {field.name: field.title for field in definition.fields}
    return Page([_seen(entry, titles) for entry in page.items], page.next_cursor)


def _seen(verification: Verification, titles: dict[str, str]) -> SeenVerification:
    concerns: dict[ConcernKind, Concern] = {one.kind: one for one in verification.concerns}  # type: ignore[attr-defined]  # Tortoise adds it
    requests: list[FieldRequest] = sorted(verification.field_requests, key=lambda one: one.id)  # type: ignore[attr-defined]  # Tortoise adds it
    doubled = ConcernKind.DOUBLED in concerns
    return SeenVerification(verification, titles, concerns.get(ConcernKind.OBJECTION), doubled, requests)
