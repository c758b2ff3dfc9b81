"""Whom a verification concerns is told of it, by the worker: who scans does not wait for that."""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from app.catalogue import queries as catalogue
from app.kit import clock, db, texts
from app.kit.db import transaction
from app.licences.models import Licence, Presentation
from app.licences.telling import tell
from app.licences.verifying.models import Verification
from app.licences.verifying.verdicts import Verdict

_log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 1.0
_NEXT = """
SELECT id FROM verifications WHERE untold AND NOT id = ANY($1::uuid[]) ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_TOLD = "UPDATE verifications SET untold = false WHERE id = $1"


class Teller:
    """Tells of verifications in this process, while others do likewise."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take up nothing more; ``run`` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Tell until ``stop``."""
        while not self._stopping.is_set():
            try:
                await tell_untold()
            except Exception:  # the database may be away for a while; it goes on when it is back
                _log.exception("teller_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _LOOK_EVERY_SECONDS)


async def tell_untold() -> None:
    """Tell of every verification that nobody was told of, the oldest first.

    One that cannot be told is logged, holds up no other, and is tried again the next time.
    """
    failed: list[UUID] = []
    while (found := await _tell_next(failed)) is not None:
        failed += found


async def _tell_next(failed: list[UUID]) -> list[UUID] | None:
    """Tell of one; whether it failed, None where none is left."""
    verification_id: UUID | None = None
    try:
        async with transaction():
            row = await db.row(_NEXT, failed)
            if row is None:
                return None
            verification_id = row["id"]
            verification = await Verification.get(id=verification_id).select_related("licence")
            if verification.licence:
                await tell_verified(verification, verification.licence)
            await db.execute(_TOLD, verification_id)
    except db.AWAY:
        raise
    except Exception:
        if verification_id is None:
            raise
        _log.exception("verification_not_told", extra={"verification": str(verification_id)})
        return [verification_id]
    return []


async def tell_verified(verification: Verification, licence: Licence) -> None:
    """Tell whose licence it is that somebody asked about it.

    Of the refusals of one code once, whoever goes on trying; of those of a system once a day.
    """
    occasion = str(verification.id)
    if verification.verdict == Verdict.REFUSED:
        occasion = f"{verification.nonce or f'{licence.id}:{verification.system}:{clock.today()}'}:refused"
        before = Verification.filter(nonce=verification.nonce, verdict=Verdict.REFUSED, id__lt=verification.id)
        if verification.nonce and await before.exists():
            return
    word = texts.text("verdict", verification.verdict)
    await tell_of(verification, licence, "licence_scanned", occasion, verdict=word, phrase=word)


async def tell_of(verification: Verification, licence: Licence, kind: str, occasion: str, **values: str) -> None:
    """Tell whom a verification concerns something about it, within the caller's transaction.

    That is whose licence it is, and whoever showed it by a mandate; nobody where it has no owner yet.
    """
    if not licence.owned:
        return
    shown = await Presentation.get_or_none(nonce=verification.nonce) if verification.nonce else None
    await tell(
        licence,
        kind,
        occasion,
        shown.mandate_id if shown else None,
        await catalogue.get_licence_type(licence.type_code),
        path="/verifications",
        office=verification.office,
        time=clock.minute_written(verification.at),
        **values,
    )
