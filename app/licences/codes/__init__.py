"""Presentation codes: what a licence's QR holds, and the twelve digits that stand for it."""

from app.licences.codes.claims import LONGEST, NONCE_BYTES, Claims, CodeKind, SignedCode, shortened
from app.licences.codes.signer import CodeSigner

__all__ = ["LONGEST", "NONCE_BYTES", "Claims", "CodeKind", "CodeSigner", "SignedCode", "shortened"]
