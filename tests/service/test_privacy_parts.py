"""Nothing that is held about a citizen is forgotten in their copy: each table and each column is accounted for."""

import pytest
from tortoise import Model
from tortoise.context import get_current_context

from app.audit.held import part as audit_part
from app.bootstrap import House
from app.privacy.parts import PARTS, WITHOUT_PART


@pytest.fixture
def models(quiet: House) -> dict[str, type[Model]]:
    """Every registered model by its name."""
    del quiet
    context = get_current_context()
    assert context is not None
    assert context.apps is not None
    return dict(context.apps["jiaban"])


def test_every_table_has_a_part_or_a_reason(models: dict[str, type[Model]]) -> None:
    """A table that nobody thought of fails here: say in its room's held.py what of it a citizen gets."""
    shown = {part.model.__name__ for part in PARTS}
    assert shown | set(WITHOUT_PART) == set(models)
    assert not shown & set(WITHOUT_PART)
    assert all(WITHOUT_PART.values())


def test_every_column_is_shown_or_left_out_for_a_reason(models: dict[str, type[Model]]) -> None:
    """A new column fails here."""
    del models
    for part in (*PARTS, audit_part([], [])):
        columns = set(part.model._meta.fields_db_projection)
        assert not set(part.fields) & set(part.left_out), part.name
        assert columns <= set(part.fields) | set(part.left_out), part.name
        assert set(part.left_out) <= columns, part.name
        assert part.more or set(part.fields) <= columns, part.name
        assert all(part.left_out.values()), part.name


def test_parts_have_names_of_their_own(models: dict[str, type[Model]]) -> None:
    """Each is a file of the copy."""
    del models
    names = [part.name for part in (*PARTS, audit_part([], []))]
    assert len(names) == len(set(names))
