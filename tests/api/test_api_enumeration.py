"""Nobody learns who is known here: not by an answer, and limits hold with Redis stopped."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.demo.plan import Plan
from tests.conftest import Phone, error_of
from tests.e2e.breaking import Breaker
from tests.people import make_person

REAL_NAME = "/api/v1/identity/real-name"


def seen(answer: httpx.Response) -> tuple[int, dict[str, Any], set[str]]:
    """All that an answer tells, its own number aside."""
    body = {key: value for key, value in answer.json().items() if key not in {"request_id", "id"}}
    return answer.status_code, body, set(answer.headers)


def signed_in(plan: Plan) -> Phone:
    """Somebody who has signed in and no more."""
    phone = Phone(plan, make_person())
    phone.sign_in()
    return phone


def test_a_wrong_name_a_wrong_number_and_an_unknown_person_look_alike(plan: Plan, phone: Phone) -> None:
    """Whether the number is known here, known to the authority, or nobody's."""
    guesser, unknown = signed_in(plan), make_person()
    answers = [
        guesser.http.post(REAL_NAME, json={"name": name, "id_number": number})
        for name, number in (
            (phone.person.name + "不符", phone.person.id_number),
            (phone.person.name + "不符", unknown.id_number),
            (unknown.name + "不符", unknown.id_number),
        )
    ]
    assert error_of(answers[0]) == (422, "real_name_mismatch")
    assert seen(answers[0]) == seen(answers[1]) == seen(answers[2])
    guesser.http.close()


def test_a_name_that_is_known_already_looks_like_a_new_one(plan: Plan, phone: Phone) -> None:
    """Whoever knows somebody's name and number does not learn that they have an account."""
    known, new = signed_in(plan), signed_in(plan)
    one = known.http.post(REAL_NAME, json=phone.person.named)
    other = new.http.post(REAL_NAME, json=new.person.named)
    assert (one.status_code, set(one.json()), set(one.headers)) == (200, set(other.json()), set(other.headers))
    assert known.http.get("/api/v1/applications").json()["items"] == []
    for each in (known, new):
        each.http.close()


@pytest.fixture
def without_redis(plan: Plan) -> Iterator[None]:
    """Redis, stopped."""
    breaker = Breaker(plan)
    breaker.stop("redis")
    yield
    breaker.resume("redis")
    breaker.close()


def test_tries_of_a_name_are_counted_with_redis_stopped(plan: Plan, without_redis: None) -> None:
    """Ten, and then a time to wait."""
    del without_redis
    guesser = signed_in(plan)
    body = {"name": "张不符", "id_number": make_person().id_number}
    answers = [guesser.http.post(REAL_NAME, json=body) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 2
    guesser.http.close()


def test_tries_of_a_password_are_counted_with_redis_stopped(client: httpx.Client, without_redis: None) -> None:
    """Of a name that nobody has, too."""
    del without_redis
    body = {"username": f"n{make_person().login_code[6:]}", "password": "wrong"}
    answers = [client.post("/staff/v1/sessions", json=body) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
