"""A licence's card as pictures."""

from datetime import date
from uuid import UUID

from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.queries import get_licence_type
from app.kit import clock, texts
from app.licences.files.faces import Side, back, front
from app.licences.files.making import LicenceFile, licence_file
from app.licences.models import Licence
from app.licences.queries import shown_licence
from app.mandates.party import Party
from media.cards import render_card

PNG = "image/png"


async def card_file(party: Party, licence_id: UUID, side: Side, purpose: str | None) -> LicenceFile:
    """A side of a party's own licence's card; with a ``purpose``, as a copy that says so.

    Raises LicenceNotFoundError, MatterNotCoveredError or LevelTooLowError.
    """
    licence = await shown_licence(party, licence_id)
    return _file(licence, await get_licence_type(licence.type_code), side, purpose, clock.today())


async def licence_card(
    licence: Licence,
    definition: LicenceTypeDefinition,
    *,
    side: Side = Side.FRONT,
    purpose: str | None = None,
    on: date | None = None,
) -> bytes:
    """A side of a licence's card as it stands on a day, today where none is named.

    A licence that is not valid says so across its card, a copy for a ``purpose`` says over all of it what it is for
    and since when. Raises TemporarilyUnavailableError where too many are wanted at once.
    """
    return await _file(licence, definition, side, purpose, on or clock.today()).made()


def _file(
    licence: Licence, definition: LicenceTypeDefinition, side: Side, purpose: str | None, day: date
) -> LicenceFile:
    copy = texts.text("materials", "copy_for", purpose=purpose, day=day.isoformat()) if purpose else ""
    face = (front if side is Side.FRONT else back)(licence, definition, day, copy)
    return licence_file(PNG, render_card, face)
