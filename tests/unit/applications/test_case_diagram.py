"""The picture and the table in the documents are the table in the code."""

from app.applications.diagram import cause_table, state_diagram
from tests.conftest import REPOSITORY


def test_the_documented_diagram_is_the_table() -> None:
    """Write the new one into docs/case-states.md when the table changes."""
    document = (REPOSITORY / "docs" / "case-states.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{state_diagram()}\n```" in document


def test_the_documented_causes_are_the_table() -> None:
    """Who may cause what, likewise."""
    document = (REPOSITORY / "docs" / "case-states.md").read_text(encoding="utf-8")
    assert cause_table() in document
