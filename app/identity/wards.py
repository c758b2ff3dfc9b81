"""Children under fourteen: they have no account of their own, a guardian acts for them."""

from app.audit import service as audit
from app.identity.models import Citizen
from app.identity.rules import Level
from app.kit import clock, db
from app.kit.crypto import keyring

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


async def ward_of(name: str, id_number: str) -> Citizen:
    """The child with this number, made at its first guardian, within the caller's transaction.

    Name and number were confirmed by the authority, and both of a child's guardians come to the same child.
    """
    hashed = keyring().lookup(id_number, "id_number")
    await db.rows(_ONE_AT_A_TIME, hashed)
    ward = await Citizen.filter(id_number_hash=hashed, ward=True).first()
    if ward is None:
        moment = clock.now()
        ward = await Citizen.create(
            ward=True,
            level=Level.REAL_NAME,
            name=name,
            id_number=id_number,
            id_number_hash=hashed,
            verified_at=moment,
            created_at=moment,
        )
        await audit.record(f"citizen:{ward.id}", "system", "ward_created")
    return ward
