"""Pure rules of identity: identity numbers, phone numbers, masks, assurance levels."""

import re
from datetime import date
from enum import IntEnum, StrEnum

from app.identity.errors import IdNumberInvalidError, LevelTooLowError, PasswordWeakError

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_SHAPE = re.compile(r"[1-9][0-9]{16}[0-9X]")
_MAINLAND_PHONE = re.compile(r"1[0-9]{10}")


class Level(IntEnum):
    """Assurance levels: known to WeChat, by phone, by name and number, by face."""

    WECHAT = 0
    PHONE = 1
    REAL_NAME = 2
    FACE = 3


class Audience(StrEnum):
    """The surface a session is good for: citizens' phones, web pages, staff."""

    CITIZEN = "citizen"
    H5 = "h5"
    STAFF = "staff"


class Duty(StrEnum):
    """Duties of staff. ANY marks what every member of staff may do for themself; nobody is given it."""

    ANY = "any"
    VERIFY = "verify"
    WINDOW = "window"
    SUPERVISE = "supervise"
    EDIT_ITEMS = "edit_items"
    LICENCES = "licences"
    BROADCAST = "broadcast"
    ADMINISTER = "administer"


EVERY_DEPARTMENT = "*"
AGE_OF_OWN_CONSENT = 14
_SHORTEST_PASSWORD = 12
_OWN_CHARACTERS = 8
_OBVIOUS = re.compile(
    # What everybody here would try: the product, the city, the word itself, rows of keys, numbers in order.
    "jiaban|佳办|jiamusi|佳木斯|heilongjiang|黑龙江|zhengwu|政务|password|passw0rd|mima|密码|admin|iloveyou|woaini|5201314"
    "|qwerty|uiop|asdf|ghjkl|zxcv|1q2w|3e4r|5t6y|q1w2|e3r4|t5y6|1qaz|2wsx|3edc|qaz|wsx|edc|abcd|efgh|ijkl"
    "|1234|5678|9012|7890|9876|5432|(.)\\1\\1+"
)


def check_character(first_17: str) -> str:
    """The 18th character of a citizen identity number (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def parse_id_number(written: str, *, today: date) -> str:
    """The number as it is kept: 18 characters, X in upper case.

    Only shape, birthday and check character count. The area is not looked at: living people carry codes of areas
    that were renamed or merged. Raises IdNumberInvalidError.
    """
    number = written.strip().upper()
    if not _SHAPE.fullmatch(number) or check_character(number[:17]) != number[17]:
        raise IdNumberInvalidError
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise IdNumberInvalidError from error
    if born > today:
        raise IdNumberInvalidError
    return number


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


def is_mainland_phone(number: str) -> bool:
    """Whether this is a mobile number of the mainland: 11 digits, the first a 1."""
    return _MAINLAND_PHONE.fullmatch(number) is not None


def mask_name(name: str) -> str:
    """A name with all but its first and, from three characters on, its last character hidden."""
    if len(name) <= 1:
        return "*"
    return name[0] + "*" * (len(name) - 2) + name[-1] if len(name) > 2 else name[0] + "*"  # noqa: PLR2004  # two characters


def mask_id_number(number: str) -> str:
    """An identity number with the birthday and the serial hidden."""
    return f"{number[:3]}***********{number[-4:]}" if len(number) == 18 else "*" * len(number)  # noqa: PLR2004  # GB 11643


def mask_phone(number: str) -> str:
    """A mobile number with its middle hidden."""
    return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else "*" * len(number)  # noqa: PLR2004  # mainland


_STEPS = {Level.PHONE: "phone", Level.REAL_NAME: "real_name", Level.FACE: "face"}


def require_level(present: int, needed: int) -> None:
    """Raise LevelTooLowError, naming the missing steps and which to take next, unless the level suffices.

    A name can be verified without a phone number, so that the phone comes next only where it is all that is needed.
    """
    if present < needed:
        missing = {level: step for level, step in _STEPS.items() if present < level <= needed}
        next_level = next(level for level in missing if level > Level.PHONE or needed == Level.PHONE)
        raise LevelTooLowError(
            level=present, level_needed=needed, next_step=missing[next_level], steps=list(missing.values())
        )


def require_strong_password(password: str, username: str) -> None:
    """Raise PasswordWeakError unless a password has 12 characters or more, does not hold the user name, and has eight
    characters beside the words and rows that everybody would try.

    Length and not a mixture of classes: NIST SP 800-63B, section 5.1.1.2.
    """
    lower = password.lower()
    own = _OBVIOUS.sub("", lower)
    if len(password) < _SHORTEST_PASSWORD or username.lower() in lower or len(own) < _OWN_CHARACTERS:
        raise PasswordWeakError
    if len(set(lower)) < 5:  # noqa: PLR2004  # one key held down, or two in turn
        raise PasswordWeakError


def region_prefix(region: str | None) -> str:
    """What the codes of a region and of all below it begin with; nothing for None, the whole city.

    Codes of the national list: two digits each for province, city and county, three each for township and village
    (GB/T 2260, GB/T 10114); those of a higher level end in zeros.
    """
    code = (region or "").ljust(12, "0")
    return next((code[:length] for length in (0, 2, 4, 6, 9) if not code[length:].strip("0")), code)
