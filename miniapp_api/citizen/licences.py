"""E-licences: the wallet, who scanned a code."""

from typing import Any
from uuid import UUID

from pydantic import Field

from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.queries import get_licence_types
from app.identity.errors import LevelTooLowError
from app.kit.errors import InvalidCursorError, NotFoundError
from app.licences import queries
from app.licences.errors import LicenceNotFoundError
from app.licences.models import Licence
from app.mandates.queries import level_of
from miniapp_api.licence_moves import MoveView
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_HIDDEN = "******"


class LicenceEntry(Schema):
    """A licence in the wallet. Its numbers are hidden from whoever is below the level that it is shown at."""

    id: UUID
    licence_type: str
    name: str
    level_needed: int = Field(description="assurance level at which it is shown")
    identifier: str = Field(description="GB/T 36904")
    number: str
    state: str
    state_reason: str | None
    issuer: str
    issued_on: str
    valid_from: str
    valid_until: str | None
    case_no: str | None = Field(description="of the case that led to it; null where it was issued elsewhere")


class LicencePage(Schema):
    """A page of licences."""

    items: list[LicenceEntry]
    next_cursor: str | None


class LicenceFieldView(Schema):
    """A field of a licence."""

    name: str
    title: str
    value: Any


class LicenceView(LicenceEntry):
    """A whole licence, as its holder sees it."""

    fields: list[LicenceFieldView]
    moves: list[MoveView]


def _entry(licence: Licence, definition: LicenceTypeDefinition, level: int) -> dict[str, Any]:
    hidden = level < definition.assurance_level
    return {
        "id": licence.id,
        "licence_type": licence.type_code,
        "name": definition.name,
        "level_needed": definition.assurance_level,
        "identifier": _HIDDEN if hidden else licence.identifier,
        "number": _HIDDEN if hidden else licence.number,
        "state": licence.state.value,
        "state_reason": None if hidden else licence.state_reason,
        "issuer": licence.issuer,
        "issued_on": licence.issued_on.isoformat(),
        "valid_from": licence.valid_from.isoformat(),
        "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
        "case_no": licence.case_no,
    }


@routes.add(
    "GET",
    "/api/v1/licences",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(InvalidCursorError, NotFoundError),
)
async def list_licences(call: Call, query: PageQuery) -> LicencePage:
    """My licences, the newest first."""
    page = await queries.list_licences(call.party, query.cursor)
    level = await level_of(call.party)
    types = await get_licence_types([licence.type_code for licence in page.items])
    items = [LicenceEntry(**_entry(licence, types[licence.type_code], level)) for licence in page.items]
    return LicencePage(items=items, next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(LicenceNotFoundError, LevelTooLowError, NotFoundError),
)
async def read_licence(call: Call, licence_id: UUID) -> LicenceView:
    """One licence with its fields."""
    shown = await queries.read_licence(call.party, licence_id, with_moves=True)
    fields = [
        LicenceFieldView(name=field.name, title=field.title, value=value)
        for field, value in queries.shown_values(shown.licence, shown.definition)
    ]
    entry = _entry(shown.licence, shown.definition, shown.definition.assurance_level)
    return LicenceView(**entry, fields=fields, moves=[MoveView.of(move) for move in shown.moves])
