"""Reads of verifications."""

from dataclasses import dataclass
from uuid import UUID

from app.catalogue import queries as catalogue
from app.kit.paging import Page, newest_first
from app.licences.queries import get_licence
from app.licences.requests.models import FieldRequest
from app.licences.verifying.models import Concern, ConcernKind, Verification
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
