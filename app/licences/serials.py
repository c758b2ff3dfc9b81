"""Serial numbers of licences within a type and a year."""

from app.kit import clock, db

_SKIPPED = 100_000

_NEXT = """
INSERT INTO licence_serials (id, type_code, year, last_number) VALUES (gen_random_uuid(), $1, $2, 1)
ON CONFLICT (type_code, year) DO UPDATE SET last_number = licence_serials.last_number + 1
RETURNING last_number
"""
_SKIP = """
INSERT INTO licence_serials (id, type_code, year, last_number)
SELECT gen_random_uuid(), code, year, $2 FROM licence_types, generate_series($1 - 1, $1) AS year
ON CONFLICT (type_code, year) DO UPDATE SET last_number = licence_serials.last_number + $2
"""


async def next_serial(type_code: str, year: int) -> str:
    """The next serial number, within the caller's transaction: the year and seven digits."""
    counted = await db.row(_NEXT, type_code, year)
    return f"{year}{counted['last_number'] if counted else 0:07d}"


async def skip_serials() -> None:
    """Pass over a hundred thousand of each type, this year's and last year's.

    Licences that were lost here may have them elsewhere.
    """
    await db.rows(_SKIP, clock.today().year, _SKIPPED)
