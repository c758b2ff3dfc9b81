"""What the approval system is told when its callback cannot be taken, and staff when nothing can be redriven."""

from app.kit.errors import DomainError, Kind


class SignatureMissingError(DomainError):
    """A header of the signature is missing or unreadable."""

    code, kind = "signature_missing", Kind.UNAUTHENTICATED


class SignatureInvalidError(DomainError):
    """The signature is not the approval system's."""

    code, kind = "signature_invalid", Kind.UNAUTHENTICATED


class SignatureExpiredError(DomainError):
    """The signature's time lies outside the window of five minutes."""

    code, kind = "signature_expired", Kind.UNAUTHENTICATED


class CallbackReplayedError(DomainError):
    """The nonce was spent before."""

    code, kind = "callback_replayed", Kind.CONFLICT


class CaseUnknownError(DomainError):
    """No case with this number went to the system that speaks of it."""

    code, kind = "case_unknown", Kind.NOT_FOUND


class EventConflictError(DomainError):
    """Another event stands at this place of the case's sequence, or this id came with other content."""

    code, kind = "event_conflict", Kind.CONFLICT


class DeliveryNotFoundError(DomainError):
    """No delivery or event has this id, or it lies outside the region or department of who asks."""

    code, kind = "delivery_not_found", Kind.NOT_FOUND


class NothingToRedriveError(DomainError):
    """It does not hang, or it is on its way at this moment."""

    code, kind = "nothing_to_redrive", Kind.CONFLICT
