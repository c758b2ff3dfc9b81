"""The picture in the documentation is the table."""

from app.reviews.diagram import rectification_diagram
from tests.conftest import REPOSITORY


def test_the_documented_diagram_is_the_table() -> None:
    """Change the table and this says so."""
    document = (REPOSITORY / "docs" / "reviews.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{rectification_diagram()}\n```" in document
