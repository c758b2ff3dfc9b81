"""Children under fourteen: they have no account of their own, a guardian acts for them."""

from app.audit import service as audit
from app.identity.models import Citizen
from app.identity.rules import Level
from app.kit import clock, db
from app.kit.crypto import keyring

# Under every hash of the number, in their fixed order: processes that hash with different keys of one ring, while keys
# are changed, wait for each other all the same.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(form, 0)) FROM unnest($1::text[]) AS form"


async def ward_of(name: str, id_number: str) -> Citizen:
    """The child with this number, made at its first guardian, within the caller's transaction.

    Name and number were confirmed by the authority, and both of a child's guardians come to the same child.
    """
    forms = keyring().lookups(id_number, "id_number")
    await db.rows(_ONE_AT_A_TIME, forms)
    known = Citizen.filter(id_number_hash__in=forms, ward=True, deleted_at=None)
    ward = await known.select_for_update(no_key=True).first()
    if ward is None:
        moment = clock.now()
        ward = await Citizen.create(
            ward=True,
            level=Level.REAL_NAME,
            name=name,
            id_number=id_number,
            id_number_hash=keyring().lookup(id_number, "id_number"),
            verified_at=moment,
            created_at=moment,
        )
        await audit.record(f"citizen:{ward.id}", "system", "ward_created")
    return ward
