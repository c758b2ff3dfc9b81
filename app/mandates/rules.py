"""Pure rules of mandates: unified social credit codes, terms, matters, minors."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from app.kit import clock
from app.mandates.errors import CreditCodeInvalidError, MandateTermInvalidError, NotAMinorError

EVERYTHING = "*"
LONGEST_TERM = timedelta(days=366)
REPRESENTATIVE_TERM = timedelta(days=365)
AGE_OF_OWN_CONSENT = 14

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE = re.compile(rf"[{_ALPHABET}]{{18}}")


def credit_code_check_character(first_17: str) -> str:
    """The 18th character of a unified social credit code (GB 32100, weights 3^i mod 31)."""
    total = sum(_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(first_17))
    return _ALPHABET[(31 - total % 31) % 31]


def parse_credit_code(written: str) -> tuple[str, bool]:
    """The code as it is kept, and whether its check character is right.

    Codes with a wrong check character were issued and are in use: the authority decides, not the arithmetic. Raises
    CreditCodeInvalidError where the shape is wrong.
    """
    code = written.strip().upper()
    if not _SHAPE.fullmatch(code):
        raise CreditCodeInvalidError
    return code, credit_code_check_character(code[:17]) == code[17]


def end_of_term(last_day: date, today: date) -> datetime:
    """The moment at which a mandate ends: the end of its last day in the city. Raises MandateTermInvalidError."""
    if not today <= last_day <= today + LONGEST_TERM:
        raise MandateTermInvalidError(longest_days=LONGEST_TERM.days)
    return datetime.combine(last_day + timedelta(days=1), time(), tzinfo=clock.CITY_TIME)


def born_on(id_number: str) -> date:
    """The birthday within a citizen identity number (GB 11643)."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def fourteenth_birthday(id_number: str) -> date:
    """The day from which a child decides about their own data (PIPL, article 31)."""
    born = born_on(id_number)
    try:
        return born.replace(year=born.year + AGE_OF_OWN_CONSENT)
    except ValueError:
        # Born on 29 February: of age the day after its 28th.
        return date(born.year + AGE_OF_OWN_CONSENT, 3, 1)


def end_of_guardianship(id_number: str, today: date) -> datetime:
    """The moment at which a guardian's mandate ends. Raises NotAMinorError for who is fourteen already."""
    birthday = fourteenth_birthday(id_number)
    if today >= birthday:
        raise NotAMinorError(age=AGE_OF_OWN_CONSENT)
    return datetime.combine(birthday, time(), tzinfo=clock.CITY_TIME)


def covers(matters: Iterable[str], matter: str) -> bool:
    """Whether a mandate for ``matters`` covers ``matter``."""
    return any(covered in {EVERYTHING, matter} for covered in matters)
