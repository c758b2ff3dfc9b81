"""What can go wrong with keeping items right."""

from app.kit.errors import DomainError, Kind


class DraftNotFoundError(DomainError):
    """No such draft, it was published, or it lies outside of the caller's region and department."""

    code, kind = "draft_not_found", Kind.NOT_FOUND


class DraftStaleError(DomainError):
    """Somebody changed the draft since it was read; the context has the present ``revision``. Nothing was written."""

    code, kind = "draft_stale", Kind.CONFLICT


class DraftStateError(DomainError):
    """The draft's present state, which stands in the context, does not allow this."""

    code, kind = "draft_state_forbids", Kind.CONFLICT


class VersionOutdatedError(DomainError):
    """A newer version was published since the draft was begun; the context has its ``number``."""

    code, kind = "version_outdated", Kind.CONFLICT


class PublishingBusyError(DomainError):
    """Somebody else is publishing at the moment, such as an import of the whole catalogue; nothing was done."""

    code, kind = "publishing_busy", Kind.UNAVAILABLE


class OwnDraftError(DomainError):
    """Whoever wrote in a draft neither publishes nor rejects it."""

    code, kind = "own_draft", Kind.FORBIDDEN


class GuideFaultyError(DomainError):
    """The guide has errors, which stand in the context, and cannot be published so."""

    code, kind = "guide_faulty", Kind.INVALID


class EffectPastError(DomainError):
    """The day from which a version is to hold is over."""

    code, kind = "effect_past", Kind.INVALID


class ItemExistsError(DomainError):
    """An item with this code was published before: it is changed by a draft of its own."""

    code, kind = "item_exists", Kind.CONFLICT
