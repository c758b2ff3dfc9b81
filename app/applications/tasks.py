"""What the worker does for applications by the clock."""

from app.applications.lapsing import lapse_drafts, warn_of_lapse


async def end_untouched_drafts() -> None:
    """Let drafts lapse whose announced day has come, and warn of those that are next. Once more, it does nothing."""
    await lapse_drafts()
    await warn_of_lapse()
