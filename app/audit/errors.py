"""What can go wrong with evidence."""

from app.kit.errors import DomainError, Kind


class EvidenceTooLargeError(DomainError):
    """The chain has more records than a pack holds."""

    code, kind = "evidence_too_large", Kind.CONFLICT
