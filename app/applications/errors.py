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


class DraftOutdatedError(DomainError):
    """The draft was changed since the revision that the caller knows; the context has the present one."""

    code, kind = "draft_outdated", Kind.CONFLICT


class HurriedAlreadyError(DomainError):
    """The case was hurried a short while ago; the context has the day from which it may be again (``again_on``)."""

    code, kind = "hurried_already", Kind.CONFLICT


class PickUpPlaceUnknownError(DomainError):
    """Results of the item are not handed out at this hall; the context names those where they are (``halls``)."""

    code, kind = "pick_up_place_unknown", Kind.INVALID


class TooManyDraftsError(DomainError):
    """Whoever applies has as many drafts as they may have; the context says how many."""

    code, kind = "too_many_drafts", Kind.CONFLICT


class StateForbidsError(DomainError):
    """The case's present state does not allow what was asked; the context names the state."""

    code, kind = "state_forbids", Kind.CONFLICT


class AudienceMismatchError(DomainError):
    """The item is not for persons."""

    code, kind = "audience_mismatch", Kind.FORBIDDEN


class MaterialsMissingError(DomainError):
    """Required materials are missing; the context names them."""

    code, kind = "materials_missing", Kind.INVALID


class IdempotencyKeyReusedError(DomainError):
    """The idempotency key came with another application before."""

    code, kind = "idempotency_key_reused", Kind.CONFLICT


class CaseNumbersExhaustedError(DomainError):
    """An item has given all the case numbers of the day."""

    code, kind = "case_numbers_exhausted", Kind.UNAVAILABLE
