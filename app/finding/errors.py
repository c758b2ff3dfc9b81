"""What can go wrong with finding."""

from app.kit.errors import DomainError, Kind


class RegionUnknownError(DomainError):
    """No region has this code."""

    code, kind = "region_unknown", Kind.INVALID
