"""What can go wrong with broadcasts."""

from app.kit.errors import DomainError, Kind


class BroadcastNotFoundError(DomainError):
    """No such broadcast, or it lies outside of the caller's region and department."""

    code, kind = "broadcast_not_found", Kind.NOT_FOUND


class BroadcastStateError(DomainError):
    """The broadcast's present ``state``, which stands in the context, does not allow this."""

    code, kind = "broadcast_state_forbids", Kind.CONFLICT


class OwnBroadcastError(DomainError):
    """Whoever prepared a broadcast neither approves nor rejects it."""

    code, kind = "own_broadcast", Kind.FORBIDDEN


class BroadcastKindUnknownError(DomainError):
    """A kind that none of the city's broadcasts has."""

    code, kind = "broadcast_kind_unknown", Kind.INVALID


class BroadcastFieldsUnfitError(DomainError):
    """Fields that the kind's template does not have, that are missing, or whose values cannot fit.

    The context has the keys by what is wrong with them: ``unknown``, ``missing``, ``unfit``.
    """

    code, kind = "broadcast_fields_unfit", Kind.INVALID


class BroadcastLinkUnfitError(DomainError):
    """Neither a page of the mini-program nor an https address of a host that broadcasts may lead to."""

    code, kind = "broadcast_link_unfit", Kind.INVALID
