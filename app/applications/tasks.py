"""What the worker does for applications by the clock."""

from app.applications.lapsing import lapse_drafts, warn_of_lapse
from app.kit.apart import Apart


async def end_untouched_drafts() -> None:
    """Let drafts lapse whose announced day has come, and warn of those that are next. Once more, it does nothing.

    Raises RowsFailedError.
    """
    with Apart("applications.end_drafts") as apart:
        await lapse_drafts(apart)
        await warn_of_lapse(apart)
