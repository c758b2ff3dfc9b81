"""Pure rules of licences."""

from datetime import date


def valid_until(valid_from: date, years: int) -> date:
    """The last day of a licence that runs for ``years``: the day before the same day of that year."""
    try:
        anniversary = valid_from.replace(year=valid_from.year + years)
    except ValueError:
        # 29 February: the year it runs out in has none.
        anniversary = date(valid_from.year + years, 3, 1)
    return date.fromordinal(anniversary.toordinal() - 1)
