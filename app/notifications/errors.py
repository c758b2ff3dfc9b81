"""What can go wrong with notifications."""

from app.kit.errors import DomainError, Kind


class TemplateUnknownError(DomainError):
    """A template id that none of the city's messages uses."""

    code, kind = "template_unknown", Kind.INVALID
