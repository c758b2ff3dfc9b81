"""The books of a campaign: whether everything is written here as there, once, and signed."""

import os
import subprocess
import sys
from collections.abc import Sequence

import httpx
import psycopg

from app.demo.plan import CONFIG_VARIABLE, Plan
from config.settings import Settings
from tests.conftest import REPOSITORY
from tests.e2e.books import Books
from tests.e2e.breaking import await_true
from tests.faults.citizens import Citizen

_SETTLES_SECONDS = 180.0
_SPENT_TWICE = """
SELECT count(*) FROM (
    SELECT nonce FROM verifications WHERE reason = 'valid' AND nonce IS NOT NULL GROUP BY nonce HAVING count(*) > 1
) AS twice
"""
_SPENT = "SELECT count(*) FROM presentations WHERE spent_at IS NOT NULL"
# By one verdict, which need not be a good one: a licence that begins tomorrow by another's clock is not yet begun.
_TOLD_ONCE = """
SELECT count(*) FROM (
    SELECT nonce FROM presentations JOIN verifications USING (nonce)
    WHERE spent_at IS NOT NULL AND reason <> 'replayed' GROUP BY nonce HAVING count(*) = 1
) AS once
"""
_LICENCES = "SELECT count(*) FROM licences"
_APPROVALS = "SELECT count(*) FROM applications WHERE state = 'completed'"
_UNTOLD = "SELECT count(*) FROM verifications WHERE untold"
_UNSENT = "SELECT count(*) FROM sends WHERE state IN ('waiting', 'sending')"


def balance(plan: Plan, settings: Settings, citizens: Sequence[Citizen]) -> dict[str, str]:
    """What the books say, line by line; each line begins with ``right`` or ``WRONG``."""
    done = [citizen for citizen in citizens if citizen.is_done]
    books = Books(plan, settings, done)
    lost = [citizen.lost for citizen in citizens if not citizen.is_done]
    found = {
        "every citizen did what they came for": _line(not lost, f"{len(done)} of {len(citizens)}", *lost[:3]),
        "everything settles": _settled(plan, books),
        "cases here are cases there, and what citizens see is what was": _balanced(books, len(done)),
    }
    with psycopg.connect(plan.database_url) as connection:
        licences, approvals = _many(connection, _LICENCES), _many(connection, _APPROVALS)
        spent, once, twice = (_many(connection, sql) for sql in (_SPENT, _TOLD_ONCE, _SPENT_TWICE))
    found["licences are approvals"] = _line(licences == approvals, f"{licences} and {approvals}")
    found["codes are spent once"] = _line(
        spent == once and not twice, f"{spent} spent, {once} by one verdict, {twice} good twice"
    )
    doubles = httpx.get(f"{plan.sandbox_url}/control/wechat/doubles", trust_env=False).json()
    found["no message came twice at WeChat"] = _line(
        not doubles["doubles"], f"{doubles['sends']} sent, {doubles['doubles']} twice"
    )
    for title, words in (("messages are the ledger", ("messages", "ledger")), ("audit is whole", ("audit", "verify"))):
        found[title] = _command(plan, *words)
    return found


def _line(is_right: bool, *words: str) -> str:
    return f"{'right' if is_right else 'WRONG'}: {'; '.join(words)}"


def _settled(plan: Plan, books: Books) -> str:
    left = ["nobody looked"]

    def look() -> bool:
        left[:] = [*books.unsettled(), *_untold(plan)]
        return not left

    try:
        await_true("everything settles", look, _SETTLES_SECONDS)
    except AssertionError:
        return _line(False, f"{len(left)} did not", *left[:10])
    return _line(True, "nothing is under way")


def _untold(plan: Plan) -> list[str]:
    try:
        with psycopg.connect(plan.database_url) as connection:
            found = {what: _many(connection, sql) for what, sql in (("scans", _UNTOLD), ("sends", _UNSENT))}
    except psycopg.Error as error:
        return [f"the database is away: {type(error).__name__}"]
    return [f"{many} {what} are under way" for what, many in found.items() if many]


def _many(connection: psycopg.Connection, sql: str) -> int:
    row = connection.execute(sql.encode()).fetchone()
    return int(row[0]) if row else 0


def _balanced(books: Books, many: int) -> str:
    try:
        books.assert_balanced()
    except AssertionError as error:
        return _line(False, " ".join(str(error).split())[:600])
    return _line(True, f"{many} cases")


def _command(plan: Plan, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        env=os.environ | {CONFIG_VARIABLE: str(plan.config_file)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return _line(
        done.returncode == 0, " ".join(f"{done.stdout} {done.stderr[-300:] if done.returncode else ''}".split())
    )
