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
