"""Pure rules of consents."""

from collections.abc import Sequence

from app.consents.models import Act, Consent


def standing(history: Sequence[Consent]) -> int | None:
    """The version that is consented to after a history in its order, None where there is none or it was withdrawn."""
    last = history[-1] if history else None
    return last.version if last and last.act is Act.GIVEN else None


def counts(history: Sequence[Consent], version: int) -> bool:
    """Whether there is a consent to this version: one to another version is none (PIPL, article 14)."""
    return standing(history) == version
