"""The ring of signing keys that a process holds, as PostgreSQL says."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime

from app.kit import clock
from app.kit.errors import TemporarilyUnavailableError
from app.licences.keys import rules
from app.licences.keys.algorithms import Algorithm, Purpose, is_signed
from app.licences.keys.errors import KeyActError
from app.licences.keys.models import Keeper, LicenceKey
from app.licences.keys.ports import KeyHolder
from app.licences.keys.row_keeper import RowKeeper

_log = logging.getLogger(__name__)

_READ_EVERY_SECONDS = 5.0
_UNKNOWN_EVERY_SECONDS = 1.0
_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """The key that signs at present: its ``kid`` and its COSE algorithm, which stand under the signature."""

    key_id: bytes
    algorithm: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as verifiers are told of it. ``public`` is as ``is_signed`` takes it.

    It signs from ``signs_from`` on, and what it signed is believed until ``gone_at`` (None: no end is set).
    """

    key_id: bytes
    purpose: Purpose
    algorithm: Algorithm
    public: bytes
    signs_from: datetime
    gone_at: datetime | None


class SigningKeys:
    """Signs with the key of a purpose, and verifies. What changed is seen within five seconds.

    A key id that is not in the ring has it read anew, at most once a second, whatever comes.
    """

    def __init__(self, device: KeyHolder | None = None) -> None:
        """``device`` keeps the keys of rows that name it as their keeper."""
        self.keepers: dict[Keeper, KeyHolder] = {Keeper.ROW: RowKeeper()}
        if device is not None:
            self.keepers[Keeper.DEVICE] = device
        self._ring: dict[bytes, LicenceKey] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def active(self, purpose: Purpose | str) -> KeyInfo:
        """The key that signs for a purpose at present. Raises TemporarilyUnavailableError where there is none."""
        key = rules.signing_key((await self._keys()).values(), Purpose(purpose), clock.now())
        if key is None:
            key = rules.signing_key((await self._keys(_UNKNOWN_EVERY_SECONDS)).values(), Purpose(purpose), clock.now())
        if key is None:
            _log.error("no_signing_key", extra={"purpose": purpose})
            raise TemporarilyUnavailableError
        return KeyInfo(key.id.encode(), key.algorithm)

    async def sign(self, key_id: bytes, data: bytes) -> bytes:
        """A signature of 64 bytes by a key that ``active`` named. Raises TemporarilyUnavailableError.

        The port of a device may raise TryLaterError.
        """
        key = await self._key(key_id)
        keeper = self.keepers.get(key.keeper) if key else None
        if key is None or key.handle is None or keeper is None:
            _log.error("signing_key_not_at_hand", extra={"key_id": key_id.decode(errors="replace")})
            raise TemporarilyUnavailableError
        try:
            return await keeper.sign(Algorithm(key.algorithm), key.handle, data)
        except KeyActError as error:
            _log.exception("signing_key_not_at_hand", extra={"key_id": key.id})
            raise TemporarilyUnavailableError from error

    async def verify(
        self, key_id: bytes, algorithm: int, data: bytes, signature: bytes, purpose: Purpose | None = None
    ) -> bool:
        """Whether a key of the ring made this signature, with its own algorithm and (where given) for this purpose.

        False for a key that is unknown or gone. Raises TemporarilyUnavailableError where SM2's library is missing.
        """
        key = await self._believed(key_id, algorithm, purpose)
        if key is None:
            return False
        try:
            return await is_signed(Algorithm(key.algorithm), bytes(key.public), data, signature)
        except KeyActError as error:
            _log.exception("signature_not_checked", extra={"key_id": key.id})
            raise TemporarilyUnavailableError from error

    async def believes(self, key_id: bytes, algorithm: int, purpose: Purpose) -> bool:
        """Whether a key of the ring has this algorithm and purpose, and what it signed is believed at present."""
        return await self._believed(key_id, algorithm, purpose) is not None

    async def published(self) -> list[PublicKey]:
        """The keys that verifiers are told of, in the order they were made."""
        moment = clock.now()
        keys = sorted((await self._keys()).values(), key=lambda key: (key.made_at, key.id))
        return [
            PublicKey(
                key.id.encode(), key.purpose, Algorithm(key.algorithm), bytes(key.public), key.signs_from, key.gone_at
            )
            for key in keys
            if rules.is_published(key, moment)
        ]

    async def _believed(self, key_id: bytes, algorithm: int, purpose: Purpose | None) -> LicenceKey | None:
        key = await self._key(key_id)
        if key is None or key.algorithm != algorithm or purpose not in {None, key.purpose}:
            return None
        return key if rules.is_published(key, clock.now()) else None

    async def _key(self, key_id: bytes) -> LicenceKey | None:
        known = (await self._keys()).get(key_id)
        return known or (await self._keys(_UNKNOWN_EVERY_SECONDS)).get(key_id)

    async def _keys(self, most_seconds: float = _READ_EVERY_SECONDS) -> dict[bytes, LicenceKey]:
        """The ring, read at most so many seconds ago.

        Who waits for another's reading waits for a bounded time: it might wait for the connection that this one holds.
        """
        if self._is_fresh(most_seconds):
            return self._ring
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._reading.acquire()
        except TimeoutError:
            return self._ring
        try:
            if not self._is_fresh(most_seconds):
                began = time.monotonic()
                self._ring = {key.id.encode(): key for key in await LicenceKey.all()}
                self._read_at = began
        finally:
            self._reading.release()
        return self._ring

    def _is_fresh(self, most_seconds: float) -> bool:
        return time.monotonic() - self._read_at < most_seconds
