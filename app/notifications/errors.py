"""What can go wrong with notifications."""

from app.kit.errors import DomainError, Kind


class TemplateUnknownError(DomainError):
    """A template id that none of the city's messages uses."""

    code, kind = "template_unknown", Kind.INVALID


class TapUnknownError(DomainError):
    """A tap for which the city asks for no template."""

    code, kind = "tap_unknown", Kind.INVALID


class MessageNotFoundError(DomainError):
    """No such message in the citizen's inbox."""

    code, kind = "message_not_found", Kind.NOT_FOUND


class MessageGroupUnknownError(DomainError):
    """A group of messages that there is not."""

    code, kind = "message_group_unknown", Kind.INVALID


class StaffTaskNotFoundError(DomainError):
    """No such task within the member's duties and region."""

    code, kind = "staff_task_not_found", Kind.NOT_FOUND


class StaffTaskClosedError(DomainError):
    """The task was closed already."""

    code, kind = "staff_task_closed", Kind.CONFLICT
