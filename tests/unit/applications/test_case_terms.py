"""What the city promises around drafts and cases."""

from app.applications.terms import case_terms
from app.kit.retention import terms


def test_a_draft_is_warned_of_lapses_and_is_deleted_in_this_order() -> None:
    """A draft that lapsed can still be begun anew for a while."""
    known = case_terms()
    assert known.draft_warned_after.days > 0
    assert known.draft_warned_after.days + known.draft_lapses_after.days < terms()["drafts"].days


def test_no_number_pretends_to_be_law() -> None:
    """Each says that the city chose it, and why."""
    for name in type(case_terms()).model_fields:
        term = getattr(case_terms(), name)
        assert term.local, name
        assert term.basis
