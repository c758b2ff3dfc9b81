"""People whom the tests make up. Everybody is remembered, so that no log and no output may know them.

A module of its own, since pytest loads ``conftest.py`` under another name than an import does.
"""

import uuid
from dataclasses import dataclass, replace

from app.identity.rules import check_character
from app.kit import clock


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen whom no other test knows."""

    login_code: str
    phone_code: str
    name: str
    id_number: str

    @property
    def named(self) -> dict[str, str]:
        """What a request says of this person."""
        return {"name": self.name, "id_number": self.id_number}

    @property
    def openid(self) -> str:
        """How the stand-in of WeChat calls this person."""
        return "o-" + self.login_code.removeprefix("login-")


# Everybody whom the tests made up: no log may know them.
KNOWN_PERSONS: list[Person] = []


def make_person() -> Person:
    """A citizen with a name of their own and a well-formed identity number."""
    unique = uuid.uuid4()
    # So many that a campaign's hundreds do not meet: one number with two accounts is a case of its own.
    place, born = divmod(unique.int, 20 * 12 * 28)
    first = f"230804{1976 + born % 20}{born // 20 % 12 + 1:02d}{born // 240 + 1:02d}{place % 1000:03d}"
    person = Person(
        login_code=f"login-{unique.hex}",
        phone_code=f"phone-139{unique.int % 10**8:08d}",
        name="测" + chr(0x4E00 + unique.int % 5000) + chr(0x4E00 + unique.int // 5000 % 5000),
        id_number=first + check_character(first),
    )
    KNOWN_PERSONS.append(person)
    return person


def make_child() -> Person:
    """A child of six."""
    person = make_person()
    first = f"{person.id_number[:6]}{clock.today().year - 6}{person.id_number[10:17]}"
    child = replace(person, id_number=first + check_character(first))
    KNOWN_PERSONS.append(child)
    return child


def personal_values() -> set[str]:
    """Every name, identity number and phone number that the tests made up so far."""
    return {
        value
        for person in KNOWN_PERSONS
        for value in (person.name, person.id_number, person.phone_code.removeprefix("phone-"))
    }
