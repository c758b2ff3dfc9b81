"""What tests of the interface share: a licence, and a client that checks each answer against the OpenAPI document."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.demo.plan import Plan
from app.demo.trip import Traveller, Trip
from tests.conftest import Person, Phone, make_person

_LICENCE_STEP = 11


@pytest.fixture(scope="session")
def document(plan: Plan) -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    found: dict[str, Any] = httpx.get(f"{plan.web_url}/openapi.json", trust_env=False).json()
    return found


@pytest.fixture(scope="session")
def documented(document: dict[str, Any]) -> Callable[[httpx.Response], None]:
    """An event hook that fails where an answer's status or code is not in the document."""
    paths = [
        (re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), operations)
        for path, operations in document["paths"].items()
    ]

    def check(response: httpx.Response) -> None:
        for pattern, operations in paths:
            operation = operations.get(response.request.method.lower())
            if operation and pattern.match(response.request.url.path):
                assert str(response.status_code) in operation["responses"], (operation["operationId"], response)
                if response.status_code >= 400 and "json" in response.headers["content-type"]:
                    response.read()
                    described = operation["responses"][str(response.status_code)]["description"]
                    assert response.json()["code"] in described.split("; "), operation["operationId"]
                return

    return check


@pytest.fixture
def client(plan: Plan, documented: Callable[[httpx.Response], None]) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(
        base_url=plan.web_url, timeout=60, trust_env=False, event_hooks={"response": [documented]}
    ) as client:
        yield client


@pytest.fixture
def citizen(phone: Phone, documented: Callable[[httpx.Response], None]) -> httpx.Client:
    """The client of a citizen who verified their real name."""
    phone.http.event_hooks = {"response": [documented]}
    return phone.http


@pytest.fixture
def staff(client: httpx.Client) -> httpx.Client:
    """The client of the demonstration's verifier."""
    answer = client.post("/staff/v1/sessions", json={"username": "verifier", "password": "verifier-demo"})
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


class Holder:
    """A citizen with a licence."""

    def __init__(self, plan: Plan) -> None:
        self.person: Person = make_person()
        person = self.person
        trip = Trip(
            plan.web_url,
            plan.sandbox_url,
            Traveller(person.login_code, person.phone_code, person.name, person.id_number, remark="请补正；乱序"),
        )
        for _, step in trip.steps()[:_LICENCE_STEP]:
            step()
        self.licence = trip.notes.licence
        self.path = f"/api/v1/licences/{trip.notes.licence['id']}"
        self.headers = {"Authorization": f"Bearer {trip.notes.token}"}
        trip.close()


@pytest.fixture(scope="session")
def holder(plan: Plan) -> Holder:
    """A citizen with a licence, whom the whole run shares."""
    return Holder(plan)
