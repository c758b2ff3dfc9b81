"""What anybody may know of a printed licence by the code on it: that it is ours, and what it is worth today."""

from dataclasses import dataclass

from app.kit import clock
from app.kit.codes import CodeMalformedError
from app.licences.codes.signer import CodeKeys
from app.licences.files.faces import state_across
from app.licences.files.file_codes import FileClaims, read_file_code
from app.licences.models import Licence


@dataclass(frozen=True, slots=True)
class PrintedLicence:
    """What the paper must say. ``state`` says why the licence is not valid today (``state_across``), empty while it
    is; None where it is kept no more.
    """

    claims: FileClaims
    state: str | None


async def check_printed(keys: CodeKeys, token: str) -> PrintedLicence | None:
    """What a token of a printed licence stands for; None where it is not one of ours. Looking changes nothing."""
    try:
        claims = await read_file_code(keys, token)
    except CodeMalformedError:
        return None
    licence = await Licence.get_or_none(reference=claims.reference.hex())
    return PrintedLicence(claims, state_across(licence, clock.today()) if licence else None)
