"""Pure rules of mandates: unified social credit codes, terms, matters, minors."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from app.identity.rules import AGE_OF_OWN_CONSENT, fourteenth_birthday
from app.kit import clock
from app.mandates.errors import CreditCodeInvalidError, MandateTermInvalidError, NotAMinorError

EVERYTHING = "*"
LONGEST_TERM = timedelta(days=366)
REPRESENTATIVE_TERM = timedelta(days=365)

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


def last_day(ends_at: datetime) -> date:
    """The last day of the city on which a mandate that ends at a moment counts."""
    return (ends_at - timedelta(microseconds=1)).astimezone(clock.CITY_TIME).date()


def end_of_guardianship(id_number: str, today: date) -> datetime:
    """The moment at which a guardian's mandate ends. Raises NotAMinorError for who is fourteen already."""
    birthday = fourteenth_birthday(id_number)
    if today >= birthday:
        raise NotAMinorError(age=AGE_OF_OWN_CONSENT)
    return datetime.combine(birthday, time(), tzinfo=clock.CITY_TIME)


def covers(matters: Iterable[str], matter: str) -> bool:
    """Whether a mandate for ``matters`` covers ``matter``."""
    return any(covered in {EVERYTHING, matter} for covered in matters)
