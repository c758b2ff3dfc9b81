"""What can go wrong with a copy or a deletion."""

from app.kit.errors import DomainError, Kind


class ExportNotFoundError(DomainError):
    """There is no such copy of the caller's, or its time is over."""

    code, kind = "export_not_found", Kind.NOT_FOUND


class ExportNotReadyError(DomainError):
    """The copy is still being made."""

    code, kind = "export_not_ready", Kind.CONFLICT


class DeletionBlockedError(DomainError):
    """Cases are under way; the context lists their numbers."""

    code, kind = "deletion_blocked", Kind.CONFLICT
