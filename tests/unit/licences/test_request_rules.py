"""Where a request for more fields stands, and what may be asked for."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.licences.requests.models import Answer, FieldRequest
from app.licences.requests.rules import ANSWER_WITHIN, READ_WITHIN, Standing, may_be_asked_for, standing

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def asked(answer: Answer | None = None, *, read: bool = False) -> FieldRequest:
    """A request of noon that was answered at once."""
    return FieldRequest(
        verification_id=uuid4(),
        wanted=["a"],
        purpose="x",
        asked_at=NOON,
        expires_at=NOON + ANSWER_WITHIN,
        answer=answer,
        readable_until=NOON + READ_WITHIN if answer is Answer.ALLOWED else None,
        read_at=NOON if read else None,
    )


@pytest.mark.parametrize(
    ("request_", "after", "expected"),
    [
        (asked(), ANSWER_WITHIN - timedelta(microseconds=1), Standing.PENDING),
        (asked(), ANSWER_WITHIN, Standing.EXPIRED),
        (asked(Answer.REFUSED), timedelta(), Standing.REFUSED),
        (asked(Answer.ALLOWED), READ_WITHIN - timedelta(microseconds=1), Standing.ALLOWED),
        (asked(Answer.ALLOWED), READ_WITHIN, Standing.EXPIRED),
        (asked(Answer.ALLOWED, read=True), READ_WITHIN, Standing.READ),
    ],
)
def test_a_request_stands_where_its_answer_and_the_time_put_it(
    request_: FieldRequest, after: timedelta, expected: Standing
) -> None:
    """Three minutes for the answer, ten for the reading."""
    assert standing(request_, NOON + after) is expected


@pytest.mark.parametrize(
    ("wanted", "may"),
    [(["a"], True), (["a", "b"], True), ([], False), (["a", "a"], False), (["shown"], False), (["other"], False)],
)
def test_fields_of_the_licence_that_were_not_shown_may_be_asked_for(wanted: list[str], may: bool) -> None:
    """Each once, and at least one."""
    assert may_be_asked_for(wanted, ["a", "b", "shown"], ["shown"]) is may
