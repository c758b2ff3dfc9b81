"""What can go wrong with the catalogue."""

from app.kit.errors import DomainError, Kind


class ItemNotFoundError(DomainError):
    """No service item has this code."""

    code, kind = "item_not_found", Kind.NOT_FOUND


class CodeListNotFoundError(DomainError):
    """No code list has this name."""

    code, kind = "code_list_not_found", Kind.NOT_FOUND


class FormInvalidError(DomainError):
    """Fields of a form do not hold what the item asks for; the context names each field and why."""

    code, kind = "form_invalid", Kind.INVALID


class AnswerInvalidError(DomainError):
    """An answer is to no question that the item asks, or names no option of it."""

    code, kind = "answer_invalid", Kind.INVALID


class AnswersUnfinishedError(DomainError):
    """A guided question is still open; the context names it."""

    code, kind = "answers_unfinished", Kind.INVALID


class LifeEventNotFoundError(DomainError):
    """No life event has this code, or none for this applicant."""

    code, kind = "life_event_not_found", Kind.NOT_FOUND


class LifeEventItemsInvalidError(DomainError):
    """The items chosen are not items of the life event, or lack one that it needs."""

    code, kind = "life_event_items_invalid", Kind.INVALID
