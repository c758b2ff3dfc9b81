"""Whom a licence's events concern is told of them."""

from uuid import UUID

from app.catalogue.licence_type import LicenceTypeDefinition
from app.licences.models import Licence
from app.mandates.queries import people_to_tell
from app.notifications.service import notify


async def tell(
    licence: Licence,
    kind: str,
    occasion: str,
    mandate_id: UUID | None,
    definition: LicenceTypeDefinition,
    path: str = "",
    **values: str,
) -> None:
    """Tell the holder, and whoever acts by the mandate; of one occasion only once. ``path`` is within the licence.

    A licence that is nobody's yet tells nobody.
    """
    citizen_id, company_id = licence.citizen_id, licence.company_id  # type: ignore[attr-defined]  # Tortoise adds them
    if not (citizen_id or company_id):
        return
    for person in await people_to_tell(citizen_id, company_id, mandate_id):
        page = f"/licences/{licence.id}{path}"
        await notify(person, kind, occasion, link=page, region=licence.region, licence=definition.name, **values)
