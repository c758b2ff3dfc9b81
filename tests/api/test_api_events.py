"""Callbacks about a case that there is: kept once, known when they come again, refused when they replay or disagree."""

import json
import time
import uuid
from typing import Any

import httpx
import pytest

from app.demo.plan import Plan
from app.kit.signing import Signer
from config.settings import Settings
from tests.api.conftest import submit_held
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.partners import approval_signer

PATH = "/callbacks/approvals"
FIELDS = ("event_id", "sequence", "kind", "occurred_at", "data")


@pytest.fixture
def signer(settings: Settings) -> Signer:
    """The approval system's signature."""
    return approval_signer(settings)


@pytest.fixture
def path(phone: Phone) -> str:
    """A case that the approval system has received and holds."""
    path, _ = submit_held(phone)
    await_true("the receipt", lambda: seen(phone, path)["state"] == "delivered")
    return path


@pytest.fixture
def received(plan: Plan, phone: Phone, path: str) -> dict[str, Any]:
    """The receipt of the case, as the approval system has pushed it."""
    case_no = seen(phone, path)["case_no"]
    cases = httpx.get(f"{plan.sandbox_url}/control/approvals", trust_env=False).json()["items"]
    (event,) = (event for case in cases if case["case_no"] == case_no for event in case["events"])
    return {"case_no": case_no, **{name: event[name] for name in FIELDS}}


def seen(phone: Phone, path: str) -> dict[str, Any]:
    """The case as its citizen sees it."""
    case: dict[str, Any] = phone.http.get(path).json()
    return case


def push(client: httpx.Client, signer: Signer, event: dict[str, Any]) -> httpx.Response:
    """Push an event, signed anew."""
    body = json.dumps(event).encode()
    return client.post(PATH, content=body, headers=signer.headers("POST", PATH, body, now=time.time()))


def test_an_event_is_kept_and_applied(
    client: httpx.Client, signer: Signer, phone: Phone, path: str, received: dict[str, Any]
) -> None:
    """The next one in the case's sequence moves the case, once, though it comes twice."""
    event = {**received, "event_id": uuid.uuid4().hex, "sequence": 2, "kind": "special_procedure"}
    assert push(client, signer, event).json() == {"status": "kept"}
    assert push(client, signer, event).json() == {"status": "known"}
    await_true("the pause", lambda: seen(phone, path)["state"] == "special_procedure")
    assert [entry["kind"] for entry in seen(phone, path)["timeline"]].count("special_procedure") == 1


def test_a_redelivery_is_known_and_its_replay_is_refused(
    client: httpx.Client, signer: Signer, phone: Phone, path: str, received: dict[str, Any]
) -> None:
    """Signed anew it is welcome as often as it comes; the same signature counts once."""
    body = json.dumps(received).encode()
    headers = signer.headers("POST", PATH, body, now=time.time())
    first = client.post(PATH, content=body, headers=headers)
    assert (first.status_code, first.json()) == (200, {"status": "known"})
    assert error_of(client.post(PATH, content=body, headers=headers)) == (409, "callback_replayed")
    assert push(client, signer, received).json() == {"status": "known"}
    assert [entry["kind"] for entry in seen(phone, path)["timeline"]].count("received") == 1


@pytest.mark.parametrize(
    "changes",
    [{"kind": "approved"}, {"sequence": 2}, {"event_id": "another"}, {"event_id": "another", "kind": "refused"}],
)
def test_an_event_that_disagrees_with_a_kept_one_is_refused(
    client: httpx.Client,
    signer: Signer,
    phone: Phone,
    path: str,
    received: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    """The same name for something else, or the same place in the case; the case stays where it was."""
    another = {"event_id": uuid.uuid4().hex} if "event_id" in changes else {}
    assert error_of(push(client, signer, {**received, **changes, **another})) == (409, "event_conflict")
    assert seen(phone, path)["state"] == "delivered"
