"""Which connectors settings may name."""

from typing import Any

import pytest
from pydantic import ValidationError

from config.settings import ApprovalsSettings


def http(client_id: str = "jiaban") -> dict[str, Any]:
    """A connector over signed HTTP."""
    return {"protocol": "http", "base_url": "https://a.example.gov.cn", "client_id": client_id, "secret": "secret"}


def settings(**changes: Any) -> ApprovalsSettings:
    """A default connector, with some changes."""
    return ApprovalsSettings.model_validate({"default": "city", "connectors": {"city": http()}, **changes})


def test_a_department_may_have_a_connector_of_its_own() -> None:
    """All others go through the default one."""
    one = settings(connectors={"city": http(), "mz": http("mz")}, departments={"mz": "mz"})
    assert (one.default, one.departments) == ("city", {"mz": "mz"})


def test_a_connector_is_read_by_its_protocol() -> None:
    """Over HTTP, or over tables; what belongs to the other is refused."""
    tables = {"protocol": "tables", "database_url": "postgresql://front/front"}
    one = settings(connectors={"city": http(), "mz": tables})
    assert (list(one.over_http), list(one.over_tables)) == (["city"], ["mz"])
    with pytest.raises(ValidationError, match="extra_forbidden"):
        settings(connectors={"city": http(), "mz": {**tables, "client_id": "jiaban"}})


@pytest.mark.parametrize(
    ("sentence", "changes"),
    [
        ("not set: other", {"default": "other"}),
        ("not set: other", {"departments": {"mz": "other"}}),
        ("same client_id", {"connectors": {"city": http(), "mz": http()}}),
        ("string_pattern_mismatch", {"default": "City"}),
        ("greater_than", {"connectors": {"city": {**http(), "per_second": 0}}}),
    ],
)
def test_what_leads_nowhere_or_to_two_is_refused(sentence: str, changes: dict[str, Any]) -> None:
    """At the start of the process, and no value is told."""
    with pytest.raises(ValidationError, match=sentence) as refused:
        settings(**changes)
    assert "secret" not in str(refused.value)
