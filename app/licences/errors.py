"""What can go wrong with a licence."""

from app.kit.errors import DomainError, Kind


class LicenceNotFoundError(DomainError):
    """No such licence, or it is somebody else's."""

    code, kind = "licence_not_found", Kind.NOT_FOUND


class VerificationKeyReusedError(DomainError):
    """The idempotency key came with another code before."""

    code, kind = "verification_key_reused", Kind.CONFLICT
