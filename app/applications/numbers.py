"""Case numbers (办件编号)."""

from app.applications import rules
from app.applications.errors import CaseNumbersExhaustedError
from app.kit import clock, db

_NEXT = """
INSERT INTO case_counters (id, item_code, day, last_number) VALUES (gen_random_uuid(), $1, $2, 1)
ON CONFLICT (item_code, day) DO UPDATE SET last_number = case_counters.last_number + 1
RETURNING last_number
"""
_SKIP = """
INSERT INTO case_counters (id, item_code, day, last_number) SELECT gen_random_uuid(), item_code, $1, $2 / 2 FROM items
ON CONFLICT (item_code, day) DO UPDATE SET last_number = (case_counters.last_number + $2) / 2
"""


async def new_case_number(item_code: str) -> str:
    """The next number of an item today, within the caller's transaction. Raises CaseNumbersExhaustedError."""
    day = clock.today()
    counted = await db.row(_NEXT, item_code, day)
    try:
        return rules.case_number(item_code, f"{day:%Y%m%d}", counted["last_number"] if counted else 0)
    except ValueError as error:
        raise CaseNumbersExhaustedError from error


async def skip_case_numbers() -> None:
    """Pass over half of today's numbers that are left: cases that were lost here may have them elsewhere."""
    await db.rows(_SKIP, clock.today(), rules.MOST_CASES)
