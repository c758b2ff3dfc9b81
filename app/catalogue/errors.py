"""What can go wrong with the catalogue."""

from app.kit.errors import DomainError, Kind


class ItemNotFoundError(DomainError):
    """No service item has this code."""

    code, kind = "item_not_found", Kind.NOT_FOUND


class FormInvalidError(DomainError):
    """Fields of a form do not hold what the item asks for; the context names each field and why."""

    code, kind = "form_invalid", Kind.INVALID
