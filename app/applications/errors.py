"""What can go wrong with an application."""

from app.kit.errors import DomainError, Kind


class ApplicationNotFoundError(DomainError):
    """No such application, or it is somebody else's."""

    code, kind = "application_not_found", Kind.NOT_FOUND


class NotADraftError(DomainError):
    """What was asked can only be done to a draft."""

    code, kind = "not_a_draft", Kind.CONFLICT


class NotSubmittedError(DomainError):
    """There is no receipt of a draft."""

    code, kind = "not_submitted", Kind.CONFLICT


class AcceptanceOpenError(DomainError):
    """Whether the case is accepted has not been said."""

    code, kind = "acceptance_open", Kind.CONFLICT


class StateForbidsError(DomainError):
    """The case's present state does not allow what was asked; the context names the state."""

    code, kind = "state_forbids", Kind.CONFLICT


class AudienceMismatchError(DomainError):
    """The item is not for persons."""

    code, kind = "audience_mismatch", Kind.FORBIDDEN


class MaterialUnknownError(DomainError):
    """The item asks for no such material."""

    code, kind = "material_unknown", Kind.INVALID


class MaterialsMissingError(DomainError):
    """Required materials are missing; the context names them."""

    code, kind = "materials_missing", Kind.INVALID


class TooManyMaterialsError(DomainError):
    """The case has as many files as it may have."""

    code, kind = "too_many_materials", Kind.CONFLICT


class UploadTooLargeError(DomainError):
    """The file has more bytes than are taken."""

    code, kind = "upload_too_large", Kind.TOO_LARGE


class UploadTooManyPixelsError(DomainError):
    """The picture has more pixels than are taken."""

    code, kind = "upload_too_many_pixels", Kind.TOO_LARGE


class UploadUnsupportedError(DomainError):
    """The file's content is of no type that is taken, whatever its name says."""

    code, kind = "upload_unsupported_type", Kind.UNSUPPORTED


class UploadBrokenError(DomainError):
    """The file is empty, cut off or damaged."""

    code, kind = "upload_broken", Kind.INVALID


class IdempotencyKeyReusedError(DomainError):
    """The idempotency key came with another application before."""

    code, kind = "idempotency_key_reused", Kind.CONFLICT


class CaseNumbersExhaustedError(DomainError):
    """An item has given all the case numbers of the day."""

    code, kind = "case_numbers_exhausted", Kind.UNAVAILABLE
