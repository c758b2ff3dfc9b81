"""Terms, purposes and the plain rules of consents."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consents import rules
from app.consents.definitions import asked, purposes
from app.consents.errors import ConsentPurposeUnknownError
from app.consents.models import Act, Consent
from app.kit import retention
from app.kit.held import plain
from app.privacy.retention import FORGET

SAID = st.lists(st.tuples(st.sampled_from(Act), st.integers(1, 4)))


def test_each_kind_of_data_with_a_term_is_forgotten_and_none_without_a_term() -> None:
    """A term that nothing keeps would be a promise broken."""
    assert set(FORGET) == set(retention.terms())


@pytest.mark.parametrize(("days", "words"), [(7, "7天"), (185, "185天"), (365, "1年"), (3650, "10年"), (0, "0天")])
def test_terms_are_told_in_years_where_they_come_out_even(days: int, words: str) -> None:
    """Else in days."""
    assert retention.Term(title="x", days=days, basis="x", local=True).words == words


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001  # the strategy adds the zone
def test_what_is_kept_until_a_moment_is_over_after_it(moment: datetime) -> None:
    """Both ways of reckoning agree."""
    for term in retention.terms().values():
        assert term.before(term.after(moment)) == moment


@pytest.mark.parametrize("key", purposes())
def test_each_text_says_what_for_how_long_to_whom_and_where_to_ask(key: str) -> None:
    """PIPL, article 17; short enough to be read, with no placeholder left."""
    text = purposes()[key].text
    for heading in ("收集：", "用途：", "保存：", "提供给谁：", "您的权利：", "12345"):
        assert heading in text
    assert len(text) < 400
    assert not set("{}") & set(text)


def test_sensitive_data_is_asked_for_by_itself_and_refusal_has_a_way_out() -> None:
    """PIPL, articles 16 and 29; what the city does by statutory duty is told and not asked."""
    consents = {key for key, purpose in purposes().items() if purpose.kind == "separate_consent"}
    assert consents == {"real_name", "face", "licence_presentation", "child", "prefill"}
    for key in consents:
        assert "单独同意" in purposes()[key].text
        assert "不同意：" in purposes()[key].text
        assert asked(key).version >= 1
    with pytest.raises(ConsentPurposeUnknownError):
        asked("account")


@given(SAID)
def test_only_the_last_word_counts(said: list[tuple[Act, int]]) -> None:
    """And for its version alone, whatever was said before."""
    history = [Consent(purpose="x", act=act, version=version) for act, version in said]
    given_version = said[-1][1] if said and said[-1][0] is Act.GIVEN else None
    assert rules.standing(history) == given_version
    assert [version for version in range(1, 5) if rules.counts(history, version)] == (
        [given_version] if given_version else []
    )


def test_moments_are_told_in_the_citys_time_and_dates_as_they_are() -> None:
    """No time of day is made up for a date."""
    assert plain(date(2026, 11, 22)) == "2026-11-22"
    assert plain(datetime(2026, 1, 1, 17, tzinfo=UTC)) == "2026-01-02T01:00:00+08:00"
    assert plain(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1)) == "2026-01-01T09:00:00+08:00"
