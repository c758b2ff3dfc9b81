"""What can go wrong with a review."""

from app.kit.errors import DomainError, Kind


class ReviewNotFoundError(DomainError):
    """No such review, or it is somebody else's."""

    code, kind = "review_not_found", Kind.NOT_FOUND


class ReviewNotOpenError(DomainError):
    """The stage was not reached, or its time is over."""

    code, kind = "review_not_open", Kind.CONFLICT


class ReviewGivenError(DomainError):
    """The stage was reviewed before, and otherwise."""

    code, kind = "review_given", Kind.CONFLICT


class ReviewReasonUnknownError(DomainError):
    """A reason is none of those for this level."""

    code, kind = "review_reason_unknown", Kind.INVALID


class CommentStateError(DomainError):
    """The comment's state does not allow what was asked; the context names the state."""

    code, kind = "comment_state_forbids", Kind.CONFLICT


class RectificationNotFoundError(DomainError):
    """No such rectification within the caller's scope."""

    code, kind = "rectification_not_found", Kind.NOT_FOUND


class RectificationStateError(DomainError):
    """The rectification's state does not allow what was asked; the context names the state."""

    code, kind = "rectification_state_forbids", Kind.CONFLICT


class TookPartError(DomainError):
    """Whoever took part in a rectification does not decide about it: four eyes."""

    code, kind = "took_part", Kind.FORBIDDEN
