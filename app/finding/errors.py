"""What can go wrong with finding."""

from app.kit.errors import DomainError, Kind


class RegionUnknownError(DomainError):
    """No region has this code."""

    code, kind = "region_unknown", Kind.INVALID


class PositionIncompleteError(DomainError):
    """A longitude without a latitude, or the other way round."""

    code, kind = "position_incomplete", Kind.INVALID


class FavouritesFullError(DomainError):
    """As many favourites as one may have are there."""

    code, kind = "favourites_full", Kind.CONFLICT
