"""What was told a moment ago is believed for half a second at least and a second at most."""

from hypothesis import given
from hypothesis import strategies as st

from app.kit.lately import Lately

KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0.001, 2.5)),
        st.tuples(st.just("keep"), KEYS),
        st.tuples(st.just("forget"), KEYS),
    ),
    max_size=60,
)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(STEPS)
def test_a_value_is_the_last_one_kept_and_no_older_than_a_second(steps: list[tuple[str, float | str]]) -> None:
    clock = Clock()
    lately: Lately[str, int] = Lately(clock)
    kept: dict[str, tuple[int, float]] = {}
    for number, (what, value) in enumerate(steps, 1):
        if isinstance(value, float):
            clock.now += value
        elif what == "keep":
            lately[value] = number
            kept[value] = number, clock.now
        else:
            lately.forget(value)
            kept.pop(value, None)
        for key in "abc":
            last, at = kept.get(key, (None, 0.0))
            age, found = clock.now - at, lately.get(key)
            assert found in {last, None}
            if last is None or age > 1:
                assert found is None
            elif age < 0.499:
                assert found == last


def test_nobodys_value_outlasts_the_second_because_nobody_asked() -> None:
    """However late the first one comes who asks."""
    clock = Clock()
    lately: Lately[str, int] = Lately(clock)
    clock.now += 0.49
    lately["a"] = 1
    clock.now += 0.99
    assert lately.get("a") is None
    lately["a"] = 2
    clock.now += 0.999
    lately["b"] = 3
    clock.now += 0.002
    assert lately.get("a") is None
    assert lately.get("b") == 3
