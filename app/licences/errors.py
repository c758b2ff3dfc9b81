"""What can go wrong with a licence."""

from app.kit.errors import DomainError, Kind


class LicenceNotFoundError(DomainError):
    """No such licence, or it is somebody else's."""

    code, kind = "licence_not_found", Kind.NOT_FOUND


class VerificationKeyReusedError(DomainError):
    """The idempotency key came with another code before, or too long ago to be answered again."""

    code, kind = "verification_key_reused", Kind.CONFLICT


class LicenceMoveError(DomainError):
    """What the licence is worth at present does not change so; ``state`` says what that is."""

    code, kind = "licence_move_forbidden", Kind.CONFLICT


class PresetNotOfferedError(DomainError):
    """This type of licence cannot be shown so."""

    code, kind = "preset_not_offered", Kind.INVALID


class PresetNotMetError(DomainError):
    """What the code would say of its holder is not true, or not known."""

    code, kind = "preset_not_met", Kind.CONFLICT


class LicenceNotValidError(DomainError):
    """The licence is worth nothing at present."""

    code, kind = "licence_not_valid", Kind.CONFLICT


class DigitsPausedError(DomainError):
    """Too many digits that stand for no code; ``retry_after`` seconds stand in the context."""

    code, kind = "digits_paused", Kind.RATE_LIMITED


class HolderNotFoundError(DomainError):
    """Under this name and number no such licence is held."""

    code, kind = "holder_not_found", Kind.NOT_FOUND


class PaperCodeNotFoundError(DomainError):
    """No such code on paper, or it is of another licence."""

    code, kind = "paper_code_not_found", Kind.NOT_FOUND


class VerificationNotFoundError(DomainError):
    """No such verification, or it is somebody else's."""

    code, kind = "verification_not_found", Kind.NOT_FOUND


class ConcernNotFoundError(DomainError):
    """No such concern within one's region and department."""

    code, kind = "concern_not_found", Kind.NOT_FOUND


class ConcernAnsweredError(DomainError):
    """The concern was answered before, otherwise."""

    code, kind = "concern_answered", Kind.CONFLICT


class OwnVerificationError(DomainError):
    """The concern is about a verification of one's own: somebody else answers it."""

    code, kind = "own_verification", Kind.FORBIDDEN


class FieldRequestImpossibleError(DomainError):
    """More fields can be asked for after a verification that went well, by who made it, and for a while only."""

    code, kind = "field_request_impossible", Kind.CONFLICT


class FieldsNotAskableError(DomainError):
    """Not fields of this licence, or shown already, or none."""

    code, kind = "fields_not_askable", Kind.INVALID


class FieldRequestPendingError(DomainError):
    """The citizen has not answered the request before."""

    code, kind = "field_request_pending", Kind.CONFLICT


class FieldRequestNotFoundError(DomainError):
    """No such request, or it is somebody else's."""

    code, kind = "field_request_not_found", Kind.NOT_FOUND


class FieldRequestOverError(DomainError):
    """The request was answered otherwise before, or its time is over."""

    code, kind = "field_request_over", Kind.CONFLICT


class FieldsUnreadableError(DomainError):
    """The fields were not allowed, or were read before, or their time is over."""

    code, kind = "fields_unreadable", Kind.CONFLICT


class PurposeUnknownError(DomainError):
    """The system has no such purpose."""

    code, kind = "purpose_unknown", Kind.FORBIDDEN


class RequestReplayedError(DomainError):
    """A signed request whose nonce was spent before."""

    code, kind = "request_replayed", Kind.CONFLICT
