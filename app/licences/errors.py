"""What can go wrong with a licence."""

from app.kit.errors import DomainError, Kind


class LicenceNotFoundError(DomainError):
    """No such licence, or it is somebody else's."""

    code, kind = "licence_not_found", Kind.NOT_FOUND


class VerificationKeyReusedError(DomainError):
    """The idempotency key came with another code before."""

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
