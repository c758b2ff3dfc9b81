"""Working days, as the State Council announces them."""

import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.workdays import add_working_days, is_working_day
from tests.conftest import REPOSITORY

OVERRIDES = """
complete_years: [2028]
overrides:
  - {date: 2026-11-23, working: false, note: a Monday}
  - {date: 2026-11-22, working: true, note: a Sunday}
  - {date: 2027-01-01, working: false, note: not published otherwise}
"""
ASK = """
from datetime import date
from app.kit.workdays import is_working_day
DAYS = (date(2026, 11, 23), date(2026, 11, 22), date(2027, 1, 1), date(2027, 1, 4), date(2028, 1, 4))
print([is_working_day(day) for day in DAYS])
"""


@pytest.mark.parametrize(
    "day",
    [date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)],
)
def test_make_up_workdays_of_2026_count(day: date) -> None:
    """Saturdays and Sundays that are worked."""
    assert day.weekday() >= 5
    assert is_working_day(day) is not None


@pytest.mark.parametrize(
    "day",
    [date(2026, 1, 1), *(date(2026, 2, day) for day in range(15, 24)), date(2026, 10, 1), date(2026, 11, 22)],
)
def test_holidays_and_weekends_do_not_count(day: date) -> None:
    """New Year, Spring Festival, the National Day, a Sunday."""
    assert is_working_day(day) is None


def test_a_promise_across_an_unpublished_year_is_given_and_marked() -> None:
    """In December nobody knows next year's holidays; plain weekdays then, and the answer says so."""
    promised = add_working_days(date(2026, 12, 28), 10)
    assert promised.provisional
    assert promised.day == date(2027, 1, 11)
    assert not add_working_days(date(2026, 11, 22), 5).provisional


def test_the_city_s_overrides_win(tmp_path: Path) -> None:
    """Over the library and over plain weekdays; such a day is certain. A process of its own reads a city of its own."""
    (tmp_path / "config/city").mkdir(parents=True)
    for name in ("__init__.py", "reading.py", "settings.py"):
        shutil.copy(REPOSITORY / "config" / name, tmp_path / "config")
    (tmp_path / "config/city/calendar.yaml").write_text(OVERRIDES, encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{REPOSITORY}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    sunday = "WorkingDay(day=datetime.date(2026, 11, 22), provisional=False)"
    monday = "WorkingDay(day=datetime.date(2027, 1, 4), provisional=True)"
    complete = "WorkingDay(day=datetime.date(2028, 1, 4), provisional=False)"
    assert answer.stdout.strip() == f"[None, {sunday}, None, {monday}, {complete}]"


def test_the_day_itself_does_not_count() -> None:
    """A Friday and one working day is Monday."""
    assert add_working_days(date(2026, 11, 20), 1).day == date(2026, 11, 23)
    assert add_working_days(date(2026, 11, 20), 0).day == date(2026, 11, 20)


@given(st.dates(date(2024, 1, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_exactly_so_many_working_days_lie_in_between(start: date, count: int) -> None:
    """And the last one is a working day."""
    end = add_working_days(start, count).day
    between = [start + timedelta(days=number) for number in range(1, (end - start).days + 1)]
    assert sum(1 for day in between if is_working_day(day)) == count
    assert is_working_day(end)
