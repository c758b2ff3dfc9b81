"""Staff of the issuing department look up licences, and suspend, resume, revoke or cancel them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.catalogue.queries import get_licence_type
from app.identity.rules import Duty, mask_name
from app.kit.errors import NotFoundError
from app.licences import keeping
from app.licences.errors import LicenceMoveError, LicenceNotFoundError
from app.licences.models import LicenceCause
from miniapp_api.licence_moves import MoveView
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class LicenceQuery(Schema):
    """Which licence: its identifier, its number or the number of its case, whole."""

    name: str = Field(min_length=1, max_length=128)


class MoveRequest(Schema):
    """What becomes of a licence, and why; the holder reads the reason."""

    cause: Literal["suspended", "resumed", "revoked", "cancelled"]
    reason: str = Field(min_length=2, max_length=500, pattern=r"\S")


class KeptLicenceView(Schema):
    """A licence as its issuer keeps it: whose it is stands masked."""

    id: UUID
    licence_type: str
    name: str
    identifier: str
    number: str
    version: int
    state: str
    holder: str
    issuer: str
    valid_from: str
    valid_until: str | None
    moves: list[MoveView]


class KeptLicences(Schema):
    """What was found."""

    items: list[KeptLicenceView]


async def _view(kept: keeping.LicenceHistory) -> KeptLicenceView:
    licence = kept.licence
    return KeptLicenceView(
        id=licence.id,
        licence_type=licence.type_code,
        name=(await get_licence_type(licence.type_code)).name,
        identifier=licence.identifier,
        number=licence.number,
        version=licence.version,
        state=licence.state.value,
        holder=mask_name(licence.holder),
        issuer=licence.issuer,
        valid_from=licence.valid_from.isoformat(),
        valid_until=licence.valid_until.isoformat() if licence.valid_until else None,
        moves=[MoveView.of(move) for move in kept.moves],
    )


@routes.add("GET", "/staff/v1/licences", actor=Actor.STAFF, duty=Duty.LICENCES, limit="read", errors=(NotFoundError,))
async def find_licences(call: Call, query: LicenceQuery) -> KeptLicences:
    """Licences that my department issued, by identifier, number or case number, with their history."""
    found = await keeping.find_licences(call.staff, query.name)
    return KeptLicences(items=[await _view(kept) for kept in found])


@routes.add(
    "POST",
    "/staff/v1/licences/<licence_id:uuid>/moves",
    actor=Actor.STAFF,
    duty=Duty.LICENCES,
    limit="write",
    status=201,
    errors=(LicenceNotFoundError, LicenceMoveError, NotFoundError),
)
async def move_licence(call: Call, licence_id: UUID, body: MoveRequest) -> KeptLicenceView:
    """Suspend, resume, revoke or cancel a licence that my department issued, in its newest version."""
    return await _view(
        await keeping.move_by_staff(call.staff, licence_id, LicenceCause(body.cause), body.reason.strip())
    )
