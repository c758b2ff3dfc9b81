"""When a process takes nothing more."""

import pytest

from app.kit import db
from app.kit.errors import TemporarilyUnavailableError
from miniapp_api.load import Load


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the database has a connection to spare: the last one said."""
    spare = [True]
    monkeypatch.setattr(db, "has_connection_to_spare", lambda: spare[-1])
    return spare


def test_one_too_many_is_turned_away_until_one_ends() -> None:
    """At the same moment of the clock."""
    load = Load(2)
    first, _ = load.begin(0.0), load.begin(0.0)
    with pytest.raises(TemporarilyUnavailableError):
        load.begin(0.0)
    load.end(first)
    load.begin(0.0)
    assert load.is_full(0.0)


def test_who_waits_for_somebody_outside_keeps_nobody_out(database: list[bool]) -> None:
    """Unless no connection is to spare: then it waits for the database, as others would."""
    load = Load(2)
    old = [load.begin(0.0), load.begin(0.1)]
    assert load.is_full(0.9)
    assert not load.is_full(1.2)
    database.append(False)
    assert load.is_full(1.2)
    database.append(True)
    young = load.begin(1.2)
    for one in (*old, young):
        load.end(one)
    assert not load.is_full(1.2)
    load.begin(1.2)
    load.begin(1.2)
    assert load.is_full(1.2), "and nothing is counted twice"
