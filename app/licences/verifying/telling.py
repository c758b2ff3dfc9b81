"""Whom a verification concerns is told of it."""

from app.catalogue import queries as catalogue
from app.kit import clock, texts
from app.licences.models import Licence, Presentation
from app.licences.telling import tell
from app.licences.verifying.models import Verification
from app.licences.verifying.verdicts import Verdict


async def tell_verified(verification: Verification, licence: Licence) -> None:
    """Tell whose licence it is that somebody asked about it.

    Of the refusals of one code once, whoever goes on trying; of those of a system once a day.
    """
    occasion = str(verification.id)
    if verification.verdict == Verdict.REFUSED:
        occasion = f"{verification.nonce or f'{licence.id}:{verification.system}:{clock.today()}'}:refused"
        same_code = Verification.filter(nonce=verification.nonce, verdict=Verdict.REFUSED).exclude(id=verification.id)
        if verification.nonce and await same_code.exists():
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
