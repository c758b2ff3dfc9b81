"""The phones of the campaign: citizens who apply, show and are told, and an officer who scans.

A phone repeats what was not answered, with the same Idempotency-Key, and signs in anew where its session is over.
"""

import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import httpx

from app.demo.photo import photograph
from tests.e2e.breaking import await_true
from tests.e2e.campaign import Applicant, Way
from tests.faults.house import Shaken

_PATIENCE_SECONDS = 120.0
# A person who is told to come again does so; nobody is patient for as long as they are told, though.
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.3, 5.0
_AGAIN = {429, 502, 503}
_ITEM = "食品经营"
_SHOWN, _WAITING = 200, 0.2
_OF_SCANS = "licence_scanned"


class LostError(Exception):
    """A citizen's part could not be done; the sentence says where it ended."""


@dataclass(slots=True)
class Watch:
    """What came of every request, second by second until it ``is_over``; and what must never come."""

    began: float = field(default_factory=time.monotonic)
    seconds: dict[int, Counter[str]] = field(default_factory=dict)
    faults_of_ours: Counter[str] = field(default_factory=Counter)
    is_over: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def note(self, what: str, status: int | None) -> None:
        """Note the answer to a request; None where nobody answered."""
        if status is None:
            outcome = "nobody"
        elif status in _AGAIN:
            outcome = "later"
        else:
            outcome = "fault" if status >= 500 else "answered"
        with self._lock:
            if not self.is_over:
                self.seconds.setdefault(int(self.now), Counter())[outcome] += 1
            if outcome == "fault":
                self.faults_of_ours[f"{what} answered {status}"] += 1

    @property
    def totals(self) -> Counter[str]:
        """How many requests came to which outcome."""
        return sum(self.seconds.values(), Counter())


class Client:
    """Asks until it is answered."""

    def __init__(self, url: str, watch: Watch) -> None:
        self.http = httpx.Client(base_url=url, headers={"X-Device-Id": uuid.uuid4().hex}, timeout=10, trust_env=False)
        self.watch = watch

    def sign_in(self) -> None:
        """Get a token; what is asked with it follows."""
        raise NotImplementedError

    def ask(self, method: str, path: str, *also: int, **options: Any) -> httpx.Response:
        """The answer, which succeeds or has a status of ``also``. Raises LostError."""
        options["headers"] = {"Idempotency-Key": uuid.uuid4().hex, **options.get("headers", {})}
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                response = self.http.request(method, path, **options)
            except httpx.TransportError:
                response = None
            status = response.status_code if response is not None else None
            self.watch.note(f"{method} {_shape(path)}", status)
            if response is not None and (response.is_success or status in also):
                return response
            if response is not None and status == httpx.codes.UNAUTHORIZED and not path.endswith("/sessions"):
                self.sign_in()
            elif response is not None and response.status_code < 500 and status not in _AGAIN:
                raise LostError(f"{method} {_shape(path)} answered {status} {response.text[:_SHOWN]}")
            if time.monotonic() > until:
                raise LostError(
                    f"{method} {_shape(path)}: not answered within {_PATIENCE_SECONDS:.0f} s, last {status}"
                )
            Event().wait(_pause(response))


def _pause(response: httpx.Response | None) -> float:
    told = response.headers.get("Retry-After", "") if response is not None else ""
    return min(float(told), _LONGEST_PAUSE_SECONDS) if told.isdecimal() else _PAUSE_SECONDS


def _shape(path: str) -> str:
    """A path without the ids in it."""
    return "/".join("…" if len(part) > 30 else part for part in path.split("/"))


class _Handset(Client):
    """A citizen's."""

    def __init__(self, url: str, watch: Watch, login_code: str) -> None:
        super().__init__(url, watch)
        self._login_code = login_code

    def sign_in(self) -> None:
        self.http.headers.pop("Authorization", None)
        body = self.ask("POST", "/api/v1/sessions", json={"code": self._login_code}).json()
        self.http.headers["Authorization"] = f"Bearer {body['access_token']}"


class Officer(Client):
    """A member of staff who verifies codes, for all citizens in turn."""

    def __init__(self, url: str, watch: Watch) -> None:
        super().__init__(url, watch)
        self._one_by_one = Lock()

    def sign_in(self) -> None:
        """As staff do."""
        self.http.headers.pop("Authorization", None)
        body = {"username": "verifier", "password": "verifier-demo"}
        token = self.ask("POST", "/staff/v1/sessions", json=body).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def scan(self, code: str) -> str:
        """The reason of the verdict on a code."""
        with self._one_by_one:
            return str(self.ask("POST", "/staff/v1/verifications", json={"code": code}).json()["reason"])


class Citizen(Applicant):
    """A new citizen with one case, whose licence is shown and scanned in the end."""

    def __init__(self, shaken: Shaken, way: Way, officer: Officer) -> None:
        super().__init__(shaken.plan, way)
        self._handset = _Handset(shaken.phones_url, officer.watch, self.phone.person.login_code)
        self._officer = officer
        self.scans: Counter[str] = Counter()
        self.lost = ""
        self.is_done = False

    def close(self) -> None:
        """Close the connections."""
        self.phone.http.close()
        self._handset.http.close()

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """A request of the citizen's interface. Raises LostError."""
        return self._handset.ask(method, f"/api/v1{path}", **options).json()

    def live(self) -> None:
        """Everything from the sign-in to the scans; ``lost`` says where it ended otherwise."""
        try:
            self.prepare()
            self.submit()
            self.go_on()
            await_true(f"{self.case_no} ends", self._has_ended, _PATIENCE_SECONDS)
            if self.way.licences:
                self._show()
            self.is_done = True
        except (LostError, AssertionError) as error:
            self.lost = f"{self.way.name} {self.case_no}: {error}"

    def prepare(self) -> None:
        """Sign in, give the real name, fill in the form, and add a photograph."""
        self._handset.sign_in()
        self.ask("POST", "/identity/phone", json={"code": self.phone.person.phone_code})
        self.ask("POST", "/identity/real-name", json=self.phone.person.named)
        self._allow_messages()
        found = self.ask("GET", "/items", params={"q": _ITEM})["items"][0]
        item = self.ask("GET", f"/items/{found['item_code']}")
        self._path = f"/applications/{self.ask('POST', '/applications', json={'item_code': item['item_code']})['id']}"
        self._fill_in({**item["form_example"], "remark": self.way.words})
        for material in item["materials"]:
            if material["required"]:
                self._photograph(material["id"])

    def _allow_messages(self) -> None:
        """At any hour, by WeChat, too."""
        self.ask("PUT", "/message-preferences", json={"muted_groups": [], "muted_channels": [], "quiet": None})
        found = self.ask("GET", "/subscriptions")["items"]
        templates = [entry["template_id"] for entry in found if entry["kind"] == "one_time"]
        for start in range(0, len(templates), 3):
            some = templates[start : start + 3]
            self.ask("POST", "/subscriptions", json={"template_ids": some, "results": dict.fromkeys(some, "accept")})

    def _fill_in(self, form: dict[str, Any]) -> None:
        """A phone whose last answer was lost has not seen the draft as it is."""
        outdated = httpx.codes.CONFLICT
        while True:
            body = {"form": form, "revision": self.ask("GET", self._path)["revision"]}
            answer = self._handset.ask("PATCH", f"/api/v1{self._path}", outdated, json=body)
            if answer.status_code != outdated:
                return

    def _photograph(self, material_id: str) -> None:
        path = f"{self._path}/materials"
        files = {"file": ("photo.jpg", photograph(), "image/jpeg")}
        self.ask("POST", path, data={"material_id": material_id}, files=files)

    def _has_ended(self) -> bool:
        Event().wait(_WAITING)
        return self.state == self.way.state

    def _show(self) -> None:
        """Show the licence until its code was good once, then once more."""
        found = self.ask("GET", "/licences")["items"]
        if len(found) != 1:
            raise LostError(f"{len(found)} licences")
        path = f"/licences/{found[0]['id']}/presentations"
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self.scans["valid"]:
            code = self.ask("POST", path, json={"preset": "card"})["code"]
            self.scans[self._officer.scan(code)] += 1
            if time.monotonic() > until:
                raise LostError(f"no code was good: {dict(self.scans)}")
        again = self._officer.scan(code)
        self.scans[again] += 1
        if again == "valid":
            raise LostError("a code was good twice")

    def seen(self) -> dict[str, Any]:
        """What the citizen sees of the case; that they were told of scans is left out."""
        seen = super().seen()
        return {**seen, "told": [kind for kind in seen["told"] if kind != _OF_SCANS]}
