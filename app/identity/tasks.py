"""What the worker does for identity."""

from uuid import UUID

from app.identity.joining import same_number, tell
from app.identity.service import get_citizen
from app.kit.db import transaction


async def tell_others_with_number(citizen_id: str) -> None:
    """Tell the other accounts of a person that an account was verified with their name and number.

    A job of its own, deferred whether there are others or not: so the answer to whoever verified takes no longer where
    there are.
    """
    citizen = await get_citizen(UUID(citizen_id))
    async with transaction():
        for other in await same_number(citizen) if citizen.id_number else []:
            await tell(other, "identity_used_elsewhere", citizen.id)
