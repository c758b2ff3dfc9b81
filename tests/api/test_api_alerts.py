"""The alerting rules that operators load: each speaks of metrics that there are, and of what to do."""

import re
from typing import Any

import httpx
import pytest

from config.reading import read_yaml
from config.settings import Settings
from tests.conftest import REPOSITORY

RULES: list[dict[str, Any]] = [
    rule for group in read_yaml(REPOSITORY / "config/alerts.yaml")["groups"] for rule in group["rules"]
]
_METRIC = re.compile(r"jiaban_\w+")
_LABELS = re.compile(r"by \(([^)]*)\)|\{([^}]*)\}")
_NAME = re.compile(r"(\w+)\s*(?:=~|=|!=|,|$)")
_OURS = re.compile(r"^(jiaban_\w+)(?:\{([^}]*)\})? ", re.MULTILINE)


@pytest.fixture
def there(client: httpx.Client, settings: Settings) -> dict[str, set[str]]:
    """The metrics of the running house with the labels they have."""
    operator = {"Authorization": f"Bearer {settings.ops_token.get_secret_value()}"}
    client.get("/api/v1/items")
    text = client.get("/metrics", headers=operator).text
    found = {name: set(re.findall(r"(\w+)=", labels)) for name, labels in _OURS.findall(text)}
    # A counter with labels has no sample before something happened, but its type is told.
    return {**{name: set() for name in re.findall(r"^# TYPE (jiaban_\w+)", text, re.MULTILINE)}, **found}


def test_rules_speak_of_metrics_that_there_are(there: dict[str, set[str]]) -> None:
    """And of labels that those have, where there is a sample."""
    for rule in RULES:
        names = set(_METRIC.findall(rule["expr"]))
        assert names, rule["alert"]
        assert names <= there.keys(), (rule["alert"], names - there.keys())
        labels = {one for pair in _LABELS.findall(rule["expr"]) for part in pair for one in _NAME.findall(part)}
        known = set().union(*(there[name] for name in names))
        assert not known or labels - {"le"} <= known, (rule["alert"], labels - known)
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= labels


def test_every_alert_has_a_severity_and_a_runbook() -> None:
    """Whose heading stands in the document."""
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        document, _, anchor = rule["annotations"]["runbook"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (REPOSITORY / document).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, anchor


def test_what_a_stopped_worker_leaves_is_seen(
    there: dict[str, set[str]], client: httpx.Client, settings: Settings
) -> None:
    """The house's worker lives, and each purpose has a key."""
    del there
    operator = {"Authorization": f"Bearer {settings.ops_token.get_secret_value()}"}
    text = client.get("/metrics", headers=operator).text
    assert re.search(r"^jiaban_workers_alive [1-9]", text, re.MULTILINE)
    assert re.search(r'^jiaban_licence_signing_keys\{purpose="code"\} [1-9]', text, re.MULTILINE)
