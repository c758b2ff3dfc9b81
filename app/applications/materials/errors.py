"""What can go wrong with a material."""

from app.kit.errors import DomainError, Kind
from app.kit.ports import TryLaterError


class MaterialsUnscannedError(TryLaterError):
    """Files of the case wait for the scanner: the case is handed over later."""

    def __init__(self) -> None:
        super().__init__("materials_unscanned")


class MaterialUnknownError(DomainError):
    """The item asks for no such material."""

    code, kind = "material_unknown", Kind.INVALID


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


class UploadEncryptedError(DomainError):
    """The PDF is locked with a password."""

    code, kind = "upload_encrypted", Kind.INVALID


class UploadTooManyPagesError(DomainError):
    """The PDF has more pages than are taken."""

    code, kind = "upload_too_many_pages", Kind.TOO_LARGE


class UploadTooComplexError(DomainError):
    """The PDF has more annotations or objects than are looked at."""

    code, kind = "upload_too_complex", Kind.TOO_LARGE


class TooManyInspectionsError(DomainError):
    """So many files of the account are looked at or wait for it."""

    code, kind = "too_many_inspections", Kind.RATE_LIMITED


class MaterialTooLargeError(DomainError):
    """The files of one material have more bytes together than are taken."""

    code, kind = "material_too_large", Kind.CONFLICT


class DraftsTooLargeError(DomainError):
    """What lies in a party's drafts has more bytes together than are taken."""

    code, kind = "drafts_too_large", Kind.CONFLICT


class MaterialPendingError(DomainError):
    """The file is not scanned yet."""

    code, kind = "material_pending", Kind.CONFLICT


class MaterialInfectedError(DomainError):
    """The scanner found something in the file; it was deleted."""

    code, kind = "material_infected", Kind.CONFLICT


class MaterialLostError(DomainError):
    """The store lost the file before it was scanned; it is to be given once more."""

    code, kind = "material_lost", Kind.CONFLICT


class MaterialHandedInError(DomainError):
    """The file was handed in: it belongs to the case."""

    code, kind = "material_handed_in", Kind.CONFLICT


class MaterialNotReusableError(DomainError):
    """The file was given for another kind of material."""

    code, kind = "material_not_reusable", Kind.CONFLICT


class PreviewMissingError(DomainError):
    """There is no preview of the file, or none yet."""

    code, kind = "preview_missing", Kind.NOT_FOUND


class CopyImpossibleError(DomainError):
    """The file cannot be drawn on; it can be read as it is."""

    code, kind = "copy_impossible", Kind.CONFLICT


class UploadNotFoundError(DomainError):
    """No such upload: it has expired, was cancelled, or is somebody else's."""

    code, kind = "upload_not_found", Kind.NOT_FOUND


class TooManyUploadsError(DomainError):
    """As many uploads are under way as there may be, or as many bytes."""

    code, kind = "too_many_uploads", Kind.CONFLICT


class UploadChunkInvalidError(DomainError):
    """The upload has no chunk of this number, or it has another size; the context says which one is expected."""

    code, kind = "upload_chunk_invalid", Kind.INVALID


class UploadChunkDiffersError(DomainError):
    """The chunk is there already, with another content."""

    code, kind = "upload_chunk_differs", Kind.CONFLICT


class UploadIncompleteError(DomainError):
    """Chunks are missing; the context names them."""

    code, kind = "upload_incomplete", Kind.CONFLICT


class UploadDigestWrongError(DomainError):
    """What arrived is not what was announced; the upload is over."""

    code, kind = "upload_digest_wrong", Kind.INVALID
