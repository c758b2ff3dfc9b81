"""What the worker does by the clock for status lists and the keys that sign them."""

from datetime import timedelta

from app.licences.keys.ring import SigningKeys
from app.licences.keys.service import forget_retired, make_missing
from app.licences.status.publishing import publish_all
from app.licences.status.service import place_unplaced


async def renew_lists(keys: SigningKeys, public_url: str, every: timedelta) -> None:
    """Make every list anew, after what is missing: keys that sign, places of licences from before the lists.

    ``every`` is how often this is done. Raises KeyActError, or TryLaterError where the device of the keys is away.
    """
    await make_missing(keys, "system")
    await forget_retired()
    while await place_unplaced():
        pass
    await publish_all(keys, public_url, every)
