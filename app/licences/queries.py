"""Reads of licences."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceField, LicenceTypeDefinition
from app.consents.models import Act
from app.identity.rules import mask_id_number, require_level
from app.kit import clock, db
from app.kit.errors import NotFoundError
from app.kit.paging import Page, newest_first
from app.licences.errors import LicenceNotFoundError
from app.licences.models import PRESENTING, Licence, LicenceMove, LicenceState
from app.mandates.party import Party
from app.mandates.queries import level_of

_OWN = "SELECT * FROM licences WHERE id = $1 AND citizen_id = $2 AND company_id IS NULL"
_OF_COMPANY = "SELECT * FROM licences WHERE id = $1 AND company_id = $2"
_MOVES = "SELECT * FROM licence_moves WHERE licence_id = $1 ORDER BY at DESC, id DESC"
_MOVE = ("id", "licence_id", "cause", "before", "after", "reason", "actor", "office", "case_no", "at")
# Beside a licence: the level of who acts, or of whom they act for where that is lower; a ward has none to show.
_SHOWN = """
SELECT licences.*, {moves} AS moves,
    (SELECT act FROM consents WHERE citizen_id = $3 AND purpose = $5 ORDER BY id DESC LIMIT 1) AS said,
    CASE WHEN actor.id IS NOT NULL
        THEN LEAST(actor.level, CASE WHEN principal.ward IS NOT TRUE THEN principal.level END) END AS level
FROM licences LEFT JOIN citizens AS actor ON actor.id = $2 LEFT JOIN citizens AS principal ON principal.id = $3
WHERE licences.id = $1
    AND CASE WHEN $4::uuid IS NULL THEN citizen_id = $3 AND company_id IS NULL ELSE company_id = $4 END
"""
_ITS_MOVES = f"SELECT ({', '.join(_MOVE)}) FROM licence_moves WHERE licence_id = $1 ORDER BY at DESC, id DESC"  # noqa: S608  # names of our columns
_SHOWN_ALONE, _SHOWN_WITH_MOVES = _SHOWN.format(moves="NULL"), _SHOWN.format(moves=f"ARRAY({_ITS_MOVES})")
_NAMES = {"identifier": 128, "number": 64, "case_no": 43}


@dataclass(frozen=True, slots=True)
class ShownLicence:
    """A licence that its holder may show, its type, and its moves, the latest first, where they were asked for.

    ``refused`` where the holder withdrew their consent to its being shown.
    """

    licence: Licence
    definition: LicenceTypeDefinition
    moves: list[LicenceMove]
    refused: bool


async def get_licence(party: Party, licence_id: UUID) -> Licence:
    """A party's own licence. Raises LicenceNotFoundError or MatterNotCoveredError."""
    found = await db.row(_OF_COMPANY if party.company_id else _OWN, licence_id, party.company_id or party.citizen_id)
    if found is None:
        raise LicenceNotFoundError
    licence = db.instance(Licence, found)
    party.require("licence", licence.type_code)
    return licence


async def shown_licence(party: Party, licence_id: UUID) -> Licence:
    """A party's own licence, to be shown: whoever acts, and for whom, needs the level that its type names.

    Raises LicenceNotFoundError, MatterNotCoveredError or LevelTooLowError.
    """
    licence = await get_licence(party, licence_id)
    definition = await catalogue.get_licence_type(licence.type_code)
    require_level(await level_of(party), definition.assurance_level)
    return licence


async def read_licence(party: Party, licence_id: UUID, *, with_moves: bool) -> ShownLicence:
    """What ``shown_licence`` answers, with what belongs to it, by one statement; never within a transaction.

    The type is what the catalogue said a second ago at most. Raises as ``shown_licence`` does.
    """
    statement = _SHOWN_WITH_MOVES if with_moves else _SHOWN_ALONE
    found = await db.quick().row(statement, licence_id, party.actor_id, party.citizen_id, party.company_id, PRESENTING)
    if found is None:
        raise LicenceNotFoundError
    licence = db.instance(Licence, found)
    party.require("licence", licence.type_code)
    definition = await catalogue.licence_type_lately(licence.type_code)
    if found["level"] is None:
        raise NotFoundError
    require_level(found["level"], definition.assurance_level)
    moves = [db.instance(LicenceMove, dict(zip(_MOVE, move, strict=True))) for move in found["moves"] or ()]
    return ShownLicence(licence, definition, moves, found["said"] == Act.WITHDRAWN)


async def list_licences(party: Party, cursor: str | None) -> Page[Licence]:
    """A party's licences, as far as its mandate covers them, the newest first. Raises InvalidCursorError."""
    found = Licence.filter(**party.owner)
    covered = party.covered("licence")
    return await newest_first(found if covered is None else found.filter(type_code__in=covered), cursor)


async def valid_licences(party: Party, types: list[str], *, lock: bool = False) -> dict[str, Licence]:
    """A party's valid licences of these types, the newest of each, as far as its mandate covers them.

    With ``lock`` they are held for the caller's transaction: a revocation waits for its end.
    """
    covered = party.covered("licence")
    wanted = types if covered is None else [code for code in types if code in covered]
    if not wanted:
        return {}
    today = clock.today()
    valid = Licence.filter(
        type_code__in=wanted,
        state=LicenceState.VALID,
        valid_from__lte=today,
        **party.owner,
    )
    valid = valid.filter(Q(valid_until__gte=today) | Q(valid_until=None)).order_by("valid_from", "id")
    found = await (valid.select_for_update(no_key=True, of=("licences",)) if lock else valid)
    return {licence.type_code: licence for licence in found}


def shown_values(licence: Licence, definition: LicenceTypeDefinition) -> list[tuple[LicenceField, Any]]:
    """The fields that the licence has, in their order, each with the value to show."""
    return [
        (field, mask_id_number(str(licence.values[field.name])) if field.masked else licence.values[field.name])
        for field in definition.fields
        if field.name in licence.values
    ]


async def licences_by_id(licence_ids: list[UUID]) -> dict[UUID, Licence]:
    """Those of these licences that are there, whatever their state."""
    return {licence.id: licence for licence in await Licence.filter(id__in=licence_ids)} if licence_ids else {}


def by_name(name: str) -> Q | None:
    """What finds licences by identifier, number or case number; None where no licence can be called so."""
    columns = [Q(**{column: name}) for column, longest in _NAMES.items() if 0 < len(name) <= longest]
    return Q(*columns, join_type=Q.OR) if columns else None


async def list_moves(licence: Licence) -> list[LicenceMove]:
    """The changes of what a licence is worth, the latest first."""
    return [db.instance(LicenceMove, row) for row in await db.rows(_MOVES, licence.id)]
