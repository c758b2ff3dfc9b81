"""What tests of the interface share: a licence, and a client that checks each answer against the OpenAPI document."""

import io
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from app.demo.plan import Plan
from app.demo.trip import Traveller, Trip
from app.kit.tls import public_tls
from tests.conftest import Phone
from tests.people import Person, make_person, personal_values

_LICENCE_STEP = 11


@pytest.fixture(scope="session")
def document(plan: Plan) -> dict[str, Any]:
    """The OpenAPI document as it is served."""
    found: dict[str, Any] = httpx.get(f"{plan.web_url}/openapi.json", verify=public_tls(), trust_env=False).json()
    return found


def says_nothing_personal(response: httpx.Response) -> None:
    """An error repeats no name, identity number or phone number of anybody whom the tests made up."""
    assert not [value[:3] for value in personal_values() if value in response.text], response.request.url.path


@pytest.fixture(scope="session")
def documented(document: dict[str, Any]) -> Callable[[httpx.Response], None]:
    """An event hook that fails where the document lacks an answer's status, media type, code or shape.

    An error is nothing personal, either.
    """
    validators: dict[str, Draft202012Validator] = {}
    paths = [
        (re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), operations)
        for path, operations in document["paths"].items()
    ]

    def check(response: httpx.Response) -> None:
        for pattern, operations in paths:
            operation = operations.get(response.request.method.lower())
            if operation and pattern.match(response.request.url.path):
                assert str(response.status_code) in operation["responses"], (operation["operationId"], response)
                described = operation["responses"][str(response.status_code)]
                if "content" not in described:
                    response.read()
                    assert response.content == b""
                    break
                media_type = response.headers["content-type"].partition(";")[0]
                assert {media_type, "*/*"} & set(described["content"]), (operation["operationId"], response, media_type)
                if media_type == "application/json":
                    response.read()
                    schema = described["content"].get(media_type, {}).get("schema", {})
                    key = str(schema)
                    if key not in validators:
                        whole = {**schema, "components": document["components"]}
                        validators[key] = Draft202012Validator(whole)
                    validators[key].validate(response.json())
                    if response.is_error and "code" in response.json():
                        assert response.json()["code"] in described["description"].split("; "), operation["operationId"]
                break
        if response.is_error and not response.headers.get("content-type", "").startswith("text/html"):
            # A page with a form that was refused shows what was typed to whoever typed it.
            response.read()
            says_nothing_personal(response)

    return check


@pytest.fixture
def client(plan: Plan, documented: Callable[[httpx.Response], None]) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(
        base_url=plan.web_url, timeout=60, verify=public_tls(), trust_env=False, event_hooks={"response": [documented]}
    ) as client:
        yield client


@pytest.fixture
def phone(plan: Plan, person: Person, documented: Callable[[httpx.Response], None]) -> Iterator[Phone]:
    """The phone of a citizen who has verified their real name; its answers are checked."""
    phone = Phone(plan, person)
    phone.http.event_hooks = {"response": [documented]}
    phone.verify()
    yield phone
    phone.http.close()


@pytest.fixture
def stranger(plan: Plan, documented: Callable[[httpx.Response], None]) -> Iterator[Phone]:
    """The phone of somebody who has signed in and no more."""
    stranger = Phone(plan, make_person())
    stranger.http.event_hooks = {"response": [documented]}
    stranger.sign_in()
    yield stranger
    stranger.http.close()


@pytest.fixture
def citizen(phone: Phone) -> httpx.Client:
    """The client of a citizen who verified their real name."""
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


def photograph_of_site() -> tuple[str, bytes, str]:
    """A small photograph, as a multipart form carries it."""
    content = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(content, "JPEG")
    return "a.jpg", content.getvalue(), "image/jpeg"


def submit_held(phone: Phone) -> tuple[str, str]:
    """Submit a case that the approval system holds: its path and its number."""
    path = f"/api/v1/applications/{phone.draft(remark='请等待')['id']}"
    phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files={"file": photograph_of_site()})
    answer = phone.http.post(f"{path}/submission", headers={"Idempotency-Key": uuid.uuid4().hex})
    assert answer.status_code == 202
    return path, str(answer.json()["case_no"])
