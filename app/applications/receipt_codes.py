"""What the QR of a receipt holds: who anybody may ask whether the paper is genuine.

The text is ``HTTPS://<host>/R/<token>``, spelled as ``app/kit/codes.py`` says. The token is that of the CBOR list
``[payload, key id, signature]``; the payload is the CBOR list of what the receipt says, and the signature over it is a
record's (``app/kit/record_signing.py``). A genuine receipt stays genuine when its case is long forgotten here.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import cbor2

from app.kit.codes import CodeMalformedError, code_of, token_in, token_of, value_of
from app.kit.record_signing import RecordSignature, RecordSigner

_FORM = 1
_SIGNATURE_BYTES = 64
_LONGEST_ITEM, _LONGEST_DEPARTMENT = 12, 8
"""Characters of the short names. With them every receipt fits into a symbol behind an address of 60 characters."""


class ReceiptKind(IntEnum):
    """What a receipt tells of."""

    SUBMITTED = 1
    ACCEPTED = 2
    NOT_ACCEPTED = 3

    @property
    def key(self) -> str:
        """The kind as texts name it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class ReceiptClaims:
    """What a receipt says to a stranger, who compares it with the paper.

    ``item`` and ``department`` are short names, cut where they are long. ``holder`` is a masked name, or a company's
    unified social credit code. ``day`` is that of the submission or of the word about acceptance; ``promised_on`` the
    last day of the promise, counted from ``day``, where there is one.
    """

    kind: ReceiptKind
    case_no: str
    item: str
    department: str
    holder: str
    day: date
    promised_on: date | None


def sign_receipt(signer: RecordSigner, claims: ReceiptClaims) -> str:
    """The token that carries these claims; the same claims give the same token while the same key is active."""
    payload = cbor2.dumps(
        [
            _FORM,
            int(claims.kind),
            claims.case_no,
            claims.item[:_LONGEST_ITEM],
            claims.department[:_LONGEST_DEPARTMENT],
            claims.holder,
            claims.day.toordinal(),
            claims.promised_on.toordinal() if claims.promised_on else None,
        ],
        canonical=True,
    )
    signature = signer.sign("receipt", payload)
    return token_of(cbor2.dumps([payload, signature.key_id, signature.value], canonical=True))


def read_receipt(signer: RecordSigner, text: str) -> ReceiptClaims:
    """Read a receipt's QR or its token, and prove that it is ours. Raises CodeMalformedError."""
    code = code_of(token_in(text, "R").upper())
    match value_of(code):
        case [bytes(payload), str(key_id), bytes(value)] if len(value) == _SIGNATURE_BYTES:
            # One receipt has one spelling: the signature is over the payload alone.
            if cbor2.dumps([payload, key_id, value], canonical=True) != code:
                raise CodeMalformedError("malformed")
            if not signer.is_ours("receipt", payload, RecordSignature(key_id, value)):
                raise CodeMalformedError("unknown_key")
            return _claims(value_of(payload))
    raise CodeMalformedError("malformed")


def _claims(payload: object) -> ReceiptClaims:
    match payload:
        case [1, int(kind), str(case_no), str(item), str(department), str(holder), int(day), int() | None as promised]:
            try:
                return ReceiptClaims(
                    kind=ReceiptKind(kind),
                    case_no=case_no,
                    item=item,
                    department=department,
                    holder=holder,
                    day=date.fromordinal(day),
                    promised_on=date.fromordinal(promised) if promised is not None else None,
                )
            except (ValueError, OverflowError) as error:
                raise CodeMalformedError("malformed") from error
    raise CodeMalformedError("malformed")
