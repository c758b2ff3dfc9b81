"""Who may call what: every route is visited."""

import re
import uuid
from datetime import timedelta

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.errors import DutyMissingError
from app.identity.rules import Audience, Duty
from app.identity.tokens import AccessTokens
from app.kit import clock
from miniapp_api.routing import Actor, Route, Routes
from miniapp_api.surfaces import all_routes
from tests.api.conftest import Holder
from tests.conftest import Phone, error_of
from tests.people import make_person
from tests.service.cases import signed_in, staff_member

ROUTES = {route.name: route for route in all_routes()}
GUARDED = {name: route for name, route in ROUTES.items() if route.actor not in {Actor.ANYONE, Actor.WECHAT}}


def visit(client: httpx.Client, route: Route, headers: dict[str, str]) -> httpx.Response:
    """Call a route with plausible parameters."""
    plain = re.sub(r"<\w+:int>", "1", re.sub(r"<\w+:str>", "x", route.path))
    path = re.sub(r"<\w+:uuid>", lambda _: str(uuid.uuid4()), plain)
    return client.request(route.method, path, headers=headers, json={} if route.body else None)


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_route_tells_nobody_anything(client: httpx.Client, name: str) -> None:
    """Without a token or a signature, and with rubbish in its place."""
    route = GUARDED[name]
    signed = route.actor in {Actor.PARTNER, Actor.RELYING_SYSTEM}
    assert error_of(visit(client, route, {})) == (401, "signature_missing" if signed else "access_token_missing")
    if not signed:
        rubbish = {"Authorization": "Bearer rubbish"}
        assert error_of(visit(client, route, rubbish)) == (401, "access_token_invalid")


@pytest.mark.parametrize("name", GUARDED)
def test_a_token_is_good_for_its_own_surface_only(tokens: AccessTokens, client: httpx.Client, name: str) -> None:
    """A citizen's token opens no staff route, a staff token no citizen's, neither the operators'."""
    route = GUARDED[name]
    for audience in Audience:
        if audience.value == route.actor.value:
            continue
        token = tokens.issue(audience, uuid.uuid4(), uuid.uuid4())
        status, code = error_of(visit(client, route, {"Authorization": f"Bearer {token}"}))
        assert (status, code) in {(401, "access_token_invalid"), (401, "signature_missing")}


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.actor is Actor.CITIZEN])
def test_an_expired_token_says_so(tokens: AccessTokens, client: httpx.Client, name: str) -> None:
    """So that the phone refreshes it and tries again."""
    with clock.travel(timedelta(minutes=-16)):
        token = tokens.issue(Audience.CITIZEN, uuid.uuid4(), uuid.uuid4())
    answer = visit(client, ROUTES[name], {"Authorization": f"Bearer {token}"})
    assert error_of(answer) == (401, "access_token_expired")


def test_a_session_that_is_none_opens_nothing(client: httpx.Client, tokens: AccessTokens) -> None:
    """A token for a session and an account that are not there."""
    token = tokens.issue(Audience.STAFF, uuid.uuid4(), uuid.uuid4())
    answer = client.post("/staff/v1/verifications", json={"code": "x"}, headers={"Authorization": f"Bearer {token}"})
    assert error_of(answer) == (401, "session_ended")


STAFF = [route for route in ROUTES.values() if route.actor is Actor.STAFF]


async def test_staff_without_the_duty_are_refused(house: House, client: httpx.Client) -> None:
    """Whoever works here may not therefore verify; a given password must be changed first; whoever left may nothing."""
    every = [duty.value for duty in Duty]
    for made, expected in (
        (await staff_member([]), (403, "duty_missing")),
        (await staff_member(every, password_given=True), (403, "password_change_needed")),
    ):
        for route in STAFF:
            # Some of these routes end sessions.
            answer = visit(client, route, await signed_in(house, made))
            if route.duty is Duty.ANY and DutyMissingError in route.errors:
                # A page for several duties, which asks for one of them itself; it leads to the page for passwords.
                assert answer.status_code in {302, 422} or error_of(answer) == expected, route.name
                continue
            assert (route.duty is Duty.ANY) == (answer.status_code not in {401, 403}), route.name
            if route.duty is not Duty.ANY:
                assert error_of(answer) == expected, route.name
    headers = await signed_in(house, await staff_member(every, active=False))
    for route in STAFF:
        assert error_of(visit(client, route, headers)) == (401, "access_token_invalid")


@pytest.mark.parametrize("duty", [None, Duty.VERIFY])
def test_a_route_that_declares_no_duty_of_staff_cannot_be_made(duty: Duty | None) -> None:
    """Nor one of citizens that declares one."""
    actor = Actor.CITIZEN if duty else Actor.STAFF
    with pytest.raises(ValueError, match="declare a duty"):
        Routes().add("GET", "/staff/v1/nothing", actor=actor, limit="read", duty=duty)


def test_a_wrong_password_and_an_unknown_name_look_alike(client: httpx.Client) -> None:
    """Nobody learns who works here."""
    answers = [
        client.post("/staff/v1/sessions", json={"username": name, "password": "wrong"})
        for name in ("verifier", "nobody")
    ]
    assert [error_of(answer) for answer in answers] == [(401, "password_wrong")] * 2
    assert answers[0].json()["message"] == answers[1].json()["message"]


def test_another_citizens_licence_looks_like_none(citizen: httpx.Client, holder: Holder) -> None:
    """Reading, its card, its code, its scans."""
    pictures = (("GET", "/card.png"), ("GET", "/card-back.png"))
    for method, suffix in (("GET", ""), *pictures, ("POST", "/presentations"), ("GET", "/verifications")):
        body = {"preset": "card"} if method == "POST" else None
        refused = citizen.request(method, holder.path + suffix, json=body)
        assert error_of(refused) == (404, "licence_not_found")


def test_a_refresh_token_is_used_once_and_a_second_use_ends_the_session(phone: Phone) -> None:
    """The thief and the citizen are both signed out."""
    session = phone.sign_in()
    path = "/api/v1/sessions/refresh"
    first = phone.http.post(path, json={"refresh_token": session["refresh_token"]})
    assert first.status_code == 200
    assert set(first.json()) == {"access_token", "refresh_token", "expires_in", "citizen"}
    again = phone.http.post(path, json={"refresh_token": session["refresh_token"]})
    assert error_of(again) == (401, "refresh_token_invalid")
    newest = phone.http.post(path, json={"refresh_token": first.json()["refresh_token"]})
    assert error_of(newest) == (401, "refresh_token_invalid")


def test_real_name_tries_are_counted_for_each_citizen(plan: Plan, stranger: Phone) -> None:
    """Ten in an hour that ask the authority; then a time to wait, and for this citizen alone."""
    path, body = "/api/v1/identity/real-name", {"name": "张不符", "id_number": "11010519491231002X"}
    answers = [stranger.http.post(path, json=body) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert error_of(answers[-1]) == (429, "rate_limited")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert answers[-1].json()["context"] == {"retry_after": int(answers[-1].headers["Retry-After"])}
    other = Phone(plan, make_person())
    other.sign_in()
    assert other.http.post(path, json=body).status_code == 422
    other.http.close()
