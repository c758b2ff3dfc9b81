"""What anybody may learn of a scanned code: whether it is genuine, and little more. Looking never spends it."""

from dataclasses import dataclass

from app.catalogue import queries as catalogue
from app.catalogue.licence_type import Preset
from app.identity.models import Session
from app.identity.rules import mask_name
from app.kit import clock
from app.licences.codes import CodeKind, CodeSigner
from app.licences.models import Presentation
from app.licences.verifying import verdicts
from app.licences.verifying.service import read_code
from app.licences.verifying.verdicts import Reason
from app.mandates.queries import is_live


@dataclass(frozen=True, slots=True)
class PublicView:
    """What anybody may know of a code of a ``kind``. ``over``: it was used, or is worth nothing any more.

    ``reason`` is what its licence is worth and its kind comes to, as for staff. A proof of age tells by
    ``facts`` what it proves, and no licence.
    """

    kind: CodeKind
    over: bool
    reason: Reason
    masked_holder: str
    licence_name: str | None
    valid_until: str | None
    facts: tuple[str, ...]


async def inspect_code(signer: CodeSigner, token: str) -> PublicView | None:
    """What a scanned code says to anybody; None where it is no code of ours."""
    code = await read_code(signer, token)
    if isinstance(code, Reason):
        return None
    found = Presentation.get_or_none(nonce=code.claims.nonce.hex(), digest=code.digest)
    presentation = await found.select_related("licence")
    if presentation is None:
        return None
    licence = presentation.licence
    reason = verdicts.judge_licence(licence.state, licence.valid_from, licence.valid_until, clock.today())
    told = presentation.preset != Preset.AGE_60
    return PublicView(
        kind=presentation.kind,
        over=await _is_over(presentation),
        reason=verdicts.OF_KIND[presentation.kind] if reason is Reason.VALID else reason,
        masked_holder=mask_name(licence.holder),
        licence_name=(await catalogue.get_licence_type(licence.type_code)).name if told else None,
        valid_until=licence.valid_until.isoformat() if told and licence.valid_until else None,
        facts=() if told else ("over_60",),
    )


async def _is_over(presentation: Presentation) -> bool:
    if presentation.ended_at or presentation.expires_at <= clock.now():
        return True
    if presentation.spent_at and presentation.kind is not CodeKind.PAPER:
        return True
    if presentation.mandate_id and not await is_live(presentation.mandate_id):
        return True
    session = presentation.session_id
    return bool(session) and not await Session.exists(id=session, ended_at=None)
