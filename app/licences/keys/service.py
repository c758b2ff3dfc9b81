"""Keys are made, take over from each other, and retire. Each act is recorded in the audit."""

import secrets
from datetime import datetime, timedelta

from app.audit import service as audit
from app.kit import clock, db
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.licences.keys import rules
from app.licences.keys.algorithms import Algorithm, Purpose
from app.licences.keys.errors import KeyActError
from app.licences.keys.models import Keeper, LicenceKey
from app.licences.keys.ring import SigningKeys

_ID_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_ID_RANDOM = 5
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7201311426)"
# A process may sign for a few seconds with a key that it does not know to have retired.
_SEEN_EVERYWHERE = timedelta(minutes=1)


def default_algorithm() -> Algorithm:
    """What keys are made for unless somebody says otherwise: SM2 under the profile ``sm``."""
    return Algorithm.SM2 if keyring().profile == "sm" else Algorithm.EDDSA


async def make_key(
    keys: SigningKeys,
    purpose: Purpose,
    actor: str,
    *,
    algorithm: Algorithm | None = None,
    published_for: timedelta = rules.PUBLISHED_FOR,
) -> LicenceKey:
    """Make a key, which takes over for its purpose once it was published for so long; then those before it retire.

    The first key of a purpose signs at once. The device keeps it where there is one. Raises KeyActError, or
    TryLaterError where the device is away.
    """
    key = await _new_key(keys, purpose, algorithm or default_algorithm())
    async with transaction():
        await db.rows(_ONE_AT_A_TIME)
        await _enter(key, await LicenceKey.filter(purpose=purpose), published_for, actor)
    return key


async def make_missing(keys: SigningKeys, actor: str) -> list[LicenceKey]:
    """Make a key for each purpose that no key signs for at present; what was made. Raises as ``make_key`` does."""
    made = []
    for purpose in Purpose:
        if await _signs(purpose):
            continue
        key = await _new_key(keys, purpose, default_algorithm())
        async with transaction():
            await db.rows(_ONE_AT_A_TIME)
            if not await _signs(purpose):
                await _enter(key, await LicenceKey.filter(purpose=purpose), timedelta(), actor)
                made.append(key)
    return made


async def _signs(purpose: Purpose) -> bool:
    return rules.signing_key(await LicenceKey.filter(purpose=purpose), purpose, clock.now()) is not None


async def _new_key(keys: SigningKeys, purpose: Purpose, algorithm: Algorithm) -> LicenceKey:
    """A key that is in no row yet."""
    keeper = Keeper.DEVICE if Keeper.DEVICE in keys.keepers else Keeper.ROW
    handle = await keys.keepers[keeper].make(algorithm)
    return LicenceKey(
        id=purpose[0] + "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_RANDOM)),
        purpose=purpose,
        algorithm=algorithm,
        public=await keys.keepers[keeper].public_key(algorithm, handle),
        keeper=keeper,
        handle=handle,
    )


async def _enter(key: LicenceKey, before: list[LicenceKey], published_for: timedelta, actor: str) -> None:
    key.made_at = clock.now()
    waits = rules.signing_key(before, key.purpose, key.made_at) is not None
    key.signs_from = key.made_at + published_for if waits else key.made_at
    for other in before:
        await _retire(other, min(other.retired_at or key.signs_from, key.signs_from))
    await key.save(force_create=True)
    await audit.record(
        f"licence_key:{key.id}", actor, "licence_key_made", purpose=key.purpose, algorithm=int(key.algorithm)
    )


async def activate_key(key_id: str, actor: str) -> LicenceKey:
    """Let a published key sign at once; whoever verifies without a network may not know it yet. Raises KeyActError."""
    async with transaction():
        await db.rows(_ONE_AT_A_TIME)
        key, moment = await _key(key_id), clock.now()
        if rules.state_of(key, moment) is not rules.KeyState.PUBLISHED:
            raise KeyActError(f"{key_id} is not waiting to sign")
        for other in await LicenceKey.filter(purpose=key.purpose).exclude(id=key_id):
            await _retire(other, min(other.retired_at or moment, moment))
        key.signs_from, key.retired_at, key.gone_at = moment, None, None
        await key.save(update_fields=["signs_from", "retired_at", "gone_at"])
        await audit.record(f"licence_key:{key_id}", actor, "licence_key_activated")
    return key


async def retire_key(key_id: str, actor: str, *, disown: bool = False) -> LicenceKey:
    """Let a key sign no more; what it signed is believed until its last code is over, with ``disown`` no longer.

    Raises KeyActError where no other key signs for its purpose: make one first.
    """
    async with transaction():
        await db.rows(_ONE_AT_A_TIME)
        key, moment = await _key(key_id), clock.now()
        others = await LicenceKey.filter(purpose=key.purpose).exclude(id=key_id)
        if rules.signing_key(others, key.purpose, moment) is None:
            raise KeyActError(f"no other key signs for {key.purpose}: make one first, published for 0 hours")
        await _retire(key, min(key.retired_at or moment, moment))
        if disown:
            key.gone_at = moment
            await key.save(update_fields=["gone_at"])
        await audit.record(f"licence_key:{key_id}", actor, "licence_key_disowned" if disown else "licence_key_retired")
    return key


async def forget_retired() -> int:
    """Delete the private halves that can sign nothing any more; returns how many. A device's own stay in the device."""
    sql = "UPDATE licence_keys SET handle = NULL WHERE handle IS NOT NULL AND retired_at < $1"
    return await db.execute(sql, clock.now() - _SEEN_EVERYWHERE)


async def _key(key_id: str) -> LicenceKey:
    key = await LicenceKey.get_or_none(id=key_id)
    if key is None:
        raise KeyActError(f"no key is called {key_id}")
    return key


async def _retire(key: LicenceKey, moment: datetime) -> None:
    if key.retired_at == moment:
        return
    believed = rules.BELIEVED_FOR[key.purpose]
    key.retired_at = moment
    key.gone_at = moment + believed if believed else None
    await key.save(update_fields=["retired_at", "gone_at"])
