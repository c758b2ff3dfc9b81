"""The e-licence identifier of GB/T 36904.

``1.2.156.3005.2.<type 21>.<issuer 18>.<serial>.<version 3>.<check 1>``: the type is its definer's unified social credit
code and three digits, the issuer its own. The check character is ISO 7064 MOD 37,36 over the four parts without dots.
"""

import re
from dataclasses import dataclass

OID = "1.2.156.3005.2"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MODULUS = len(_ALPHABET)
_STRICT = re.compile(r"[0-9A-Z]{21}\.[0-9A-Z]{18}\.[0-9A-Z]{1,30}\.[0-9]{3}")
_LENIENT = re.compile(r"([0-9A-Z]+)\.([0-9A-Z]+)\.([0-9A-Z]+)\.([0-9A-Z]+)\.([0-9A-Z])")


@dataclass(frozen=True, slots=True)
class LicenceIdentifier:
    """The parts of an identifier."""

    type_code: str
    issuer: str
    serial: str
    version: int

    def __str__(self) -> str:
        """The identifier as it is written. Raises ValueError where a part is not of the standard's shape."""
        if not self.is_strict:
            raise ValueError("a part of the identifier is not of the standard's shape")
        return f"{OID}.{self._body}.{check_character(self._body.replace('.', ''))}"

    @property
    def is_strict(self) -> bool:
        """Whether each part has the shape of the standard, so that it can be written."""
        return _STRICT.fullmatch(self._body) is not None

    @property
    def _body(self) -> str:
        return f"{self.type_code}.{self.issuer}.{self.serial}.{self.version:03d}"


def check_character(text: str) -> str:
    """The check character of ISO 7064 MOD 37,36 for digits and capital letters."""
    product = _MODULUS
    for character in text:
        total = (product + _ALPHABET.index(character)) % _MODULUS or _MODULUS
        product = total * 2 % (_MODULUS + 1)
    return _ALPHABET[(_MODULUS + 1 - product) % _MODULUS]


def parse(text: str) -> LicenceIdentifier:
    """Read an identifier, also one whose parts have other lengths, as issued ones have.

    Raises ValueError where the shape or the check character is wrong.
    """
    prefix, _, body = text.partition(OID + ".")
    match = _LENIENT.fullmatch(body)
    if prefix or not match:
        raise ValueError("not an e-licence identifier")
    type_code, issuer, serial, version, check = match.groups()
    if check_character(type_code + issuer + serial + version) != check or not version.isdigit():
        raise ValueError("the check character of the identifier is wrong")
    return LicenceIdentifier(type_code, issuer, serial, int(version))
