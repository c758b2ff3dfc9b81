"""The twelve digits that stand for a code where there is a keyboard or a scanner of barcodes: eleven random, one check.

The check digit is Damm's (H. M. Damm, Total anti-symmetrische Quasigruppen, 2004): it finds every wrong digit and every
two neighbours that changed places, with decimal digits only, which Luhn's does not (it takes 09 for 90).
"""

import secrets
import unicodedata

LENGTH = 12
_RANDOM = 11
_TABLE = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def new_digits() -> str:
    """Twelve digits that nobody can guess."""
    drawn = f"{secrets.randbelow(10**_RANDOM):0{_RANDOM}d}"
    return drawn + str(_remainder(drawn))


def read_digits(text: str) -> str | None:
    """The twelve digits that a text is, in whatever groups and width they were typed; None where it is something else.

    Whether they check says ``is_checked``.
    """
    digits = "".join(unicodedata.normalize("NFKC", text).replace("-", " ").split())
    return digits if len(digits) == LENGTH and digits.isascii() and digits.isdigit() else None


def is_checked(digits: str) -> bool:
    """Whether the last of twelve digits is the check digit of those before it."""
    return _remainder(digits) == 0


def grouped(digits: str) -> str:
    """Digits as they are read aloud: in groups of four."""
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def _remainder(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _TABLE[interim][int(digit)]
    return interim
