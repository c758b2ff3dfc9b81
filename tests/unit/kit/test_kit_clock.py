"""The one clock says the same in every way that it is asked."""

from datetime import timedelta

from app.kit import clock


def test_seconds_go_with_the_moment_wherever_the_clock_was_moved() -> None:
    """Limits and tokens ask for seconds, and must see what a simulation sees."""
    with clock.travel(timedelta(days=400)):
        before = clock.now().timestamp()
        # A moment ends with its microsecond.
        assert before <= clock.seconds() <= clock.now().timestamp() + 1e-6
