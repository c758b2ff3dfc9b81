"""What stands on the two sides of a licence's card."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import texts
from app.licences.models import Licence, LicenceState
from app.licences.queries import shown_values
from media.cards import CardBack, CardFront


class Side(StrEnum):
    """A side of a card."""

    FRONT = "front"
    BACK = "back"


def front(licence: Licence, definition: LicenceTypeDefinition, today: date, watermark: str = "") -> CardFront:
    """The side with the seal. ``watermark`` is what stands over a copy."""
    return CardFront(
        title=definition.card.title,
        number=licence.number,
        rows=tuple(_rows(licence, definition, definition.card.front)),
        issuer=licence.issuer,
        issued_on=licence.issued_on.isoformat(),
        valid_until=end_written(licence),
        color=definition.card.color,
        identifier=licence.identifier,
        stamp=word_across(licence, today),
        watermark=watermark,
    )


def back(licence: Licence, definition: LicenceTypeDefinition, today: date, watermark: str = "") -> CardBack:
    """The other side: the type's further fields, who issued the licence, and what holds for every licence."""
    issued = (
        (texts.text("licence", "issuer_code"), licence.issuer_code),
        (texts.text("licence", "valid_from"), licence.valid_from.isoformat()),
        (texts.text("licence", "version"), f"{licence.version:03d}"),
    )
    return CardBack(
        title=definition.card.title,
        number=licence.number,
        rows=(*_rows(licence, definition, definition.card.back), *issued),
        color=definition.card.color,
        identifier=licence.identifier,
        stamp=word_across(licence, today),
        watermark=watermark,
        notes=tuple(texts.text("licence", note) for note in ("note_scan", "note_found")),
    )


def state_across(licence: Licence, today: date) -> str:
    """Why a licence is not valid today, as texts name it (``licence_across``); empty for one that is.

    One whose days are over is so though no nightly walk has said it yet.
    """
    if licence.state is not LicenceState.VALID:
        return licence.state.value
    if licence.valid_until and licence.valid_until < today:
        return LicenceState.EXPIRED.value
    return "not_yet" if licence.valid_from > today else ""


def word_across(licence: Licence, today: date) -> str:
    """The word across a licence that is not valid today; empty for one that is."""
    state = state_across(licence, today)
    return texts.text("licence_across", state) if state else ""


def end_written(licence: Licence) -> str:
    """The licence's last day, or that it has none."""
    return licence.valid_until.isoformat() if licence.valid_until else texts.text("licence", "endless")


def written_values(licence: Licence, definition: LicenceTypeDefinition) -> dict[str, tuple[str, str]]:
    """The title and the value of each field that the licence has, by its name, in the type's order."""
    return {
        field.name: (field.title, "、".join(map(str, value)) if isinstance(value, list) else str(value))
        for field, value in shown_values(licence, definition)
    }


def _rows(licence: Licence, definition: LicenceTypeDefinition, names: Iterable[str]) -> list[tuple[str, str]]:
    values = written_values(licence, definition)
    return [values[name] for name in names if name in values]
