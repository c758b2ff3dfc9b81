"""What the QR of a printed licence holds: who anybody may ask whether the paper is genuine, and what it is worth today.

The text is ``HTTPS://<host>/L/<token>``, spelled as ``app/kit/codes.py`` says. The token is that of a COSE_Sign1
(RFC 9052), written as codes are (``app/licences/codes/wire.py``) and signed by the key for credentials; its payload is
the CBOR list of 1, licence reference, name of the licence, holder, day of issue, last day or null (days since
1970-01-01). It spends nothing and shows nobody's licence: it is no presentation code, and none of its keys makes one.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import cbor2

from app.kit.codes import CodeMalformedError, code_of, token_in, token_of, value_of
from app.licences.codes import wire
from app.licences.codes.signer import CodeKeys
from app.licences.keys.algorithms import Purpose

_FORM = 1
_EPOCH = date(1970, 1, 1)
_LONGEST = 16
"""Characters of either name, which the paper has whole: with them each code fits behind an address of 60 characters."""


@dataclass(frozen=True, slots=True)
class FileClaims:
    """What a printed licence says to a stranger, who compares it with the paper.

    ``reference`` has 8 bytes; ``name`` and ``holder`` are cut where they are long. A person's name is masked.
    """

    reference: bytes
    name: str
    holder: str
    issued_on: date
    valid_until: date | None


async def sign_file(keys: CodeKeys, claims: FileClaims) -> str:
    """The token that carries these claims. Raises TemporarilyUnavailableError where no key signs."""
    key = await keys.active(Purpose.CREDENTIAL)
    header, payload = wire.header_of(key.key_id, key.algorithm), _payload(claims)
    signature = await keys.sign(key.key_id, wire.signed_data(header, payload))
    return token_of(wire.code_bytes(header, payload, signature))


async def read_file_code(keys: CodeKeys, text: str) -> FileClaims:
    """Read a printed licence's QR or its token, and prove that it is ours. Raises CodeMalformedError."""
    header, payload, signature = wire.parts_of(code_of(token_in(text, "L").upper()))
    key_id, algorithm = wire.key_of(header)
    if not await keys.verify(key_id, algorithm, wire.signed_data(header, payload), signature, Purpose.CREDENTIAL):
        raise CodeMalformedError("unknown_key")
    match value_of(payload):
        case [1, bytes(reference), str(name), str(holder), int(issued), int() | None as until]:
            try:
                return FileClaims(reference, name, holder, _day(issued), _day(until) if until is not None else None)
            except OverflowError as error:
                raise CodeMalformedError("malformed") from error
    raise CodeMalformedError("malformed")


def _payload(claims: FileClaims) -> bytes:
    said = [
        _FORM,
        claims.reference,
        claims.name[:_LONGEST],
        claims.holder[:_LONGEST],
        (claims.issued_on - _EPOCH).days,
        (claims.valid_until - _EPOCH).days if claims.valid_until else None,
    ]
    return cbor2.dumps(said, canonical=True)


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)
