"""What can go wrong with a consent."""

from app.kit.errors import DomainError, Kind


class ConsentPurposeUnknownError(DomainError):
    """No purpose for which consent is asked has this key."""

    code, kind = "consent_purpose_unknown", Kind.NOT_FOUND


class ConsentVersionOutdatedError(DomainError):
    """The version is not the one that is asked at present; the context names that one."""

    code, kind = "consent_version_outdated", Kind.CONFLICT


class ConsentMissingError(DomainError):
    """This needs a consent that was not given, or was withdrawn; the context names purpose and version."""

    code, kind = "consent_missing", Kind.FORBIDDEN
