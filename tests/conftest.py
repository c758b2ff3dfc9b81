"""One whole house for all tests that need more than rules: real PostgreSQL and Redis, real processes, real HTTP.

Each test process has one. Its tests share it and stay apart by being about different citizens.
"""

import itertools
import os
import re
import tomllib
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import hypothesis
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from xdist.scheduler import LoadFileScheduling

from app.bootstrap import House, open_house
from app.demo.engines import port_is_free
from app.demo.house import running_house
from app.demo.plan import Plan
from app.demo.trip import Traveller
from app.identity.tokens import AccessTokens
from app.kit.memory import hold_little, spare_what_is_there
from app.kit.tls import public_tls
from config.settings import DemoSettings, Settings
from tests.people import Person, make_person, personal_values

# As in the product's own processes: ten thousand tests are looked through no more once they are found.
hold_little()
# A timing is no test: the first run of a fresh clone builds Hypothesis's tables while an input is drawn.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """All tests of this process are known."""
    spare_what_is_there()


class _OneHouseIsKilled(LoadFileScheduling):  # type: ignore[misc]  # untyped
    """Files are handed out one by one, those that kill a house's processes all to one test process.

    Two houses that are killed and started at once would starve each other on two cores.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "tests/e2e" if file.startswith(("tests/e2e/", "tests/faults/")) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Where tests run in several processes."""
    return _OneHouseIsKilled(config, log)


_FIRST_PORT, _LAST_PORT, _PORTS = 21_000, 29_000, 5


def _own_ranges() -> Iterator[int]:
    """Each once: what was given out may look free while its process is being started again."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ranges = range(_FIRST_PORT, _LAST_PORT, _PORTS)[worker::workers]
    start = os.getpid() % len(ranges)
    return itertools.chain(ranges[start:], ranges[:start])


_UNTRIED = _own_ranges()


def free_ports() -> int:
    """The first of five free ports in a row: no other process of this run gets them, and other runs look elsewhere."""
    for first in _UNTRIED:
        if all(port_is_free(port) for port in range(first, first + _PORTS)):
            return first
    raise RuntimeError("no free ports")


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    """The addresses of a running house: web server, worker, stand-ins, PostgreSQL, Redis."""
    var = tmp_path_factory.mktemp("house")
    demo = DemoSettings(
        port=free_ports(), var=var, heartbeat_seconds=0.5, stalled_after_seconds=2.0, reconcile_every_seconds=2
    )
    with running_house(demo, lambda _: None) as plan:
        yield plan
    assert_logs_know_nobody(plan)


# A value that is one such run can only stand within one: there are far fewer of them than there are lines.
_RUN = re.compile(r"[0-9A-Za-z]{11,}|[^\x00-\x7f]+")


def assert_logs_know_nobody(plan: Plan, *more: str) -> None:
    """No log of the house holds a name, an identity number or a phone number that the tests made up."""
    demo = Traveller()
    secrets = {demo.name, demo.id_number, "110105194912310021", "440524188001010014", *personal_values(), *more}
    logs = list((plan.var / "log").glob("*.log"))
    assert {log.stem for log in logs} == {"web", "worker", "sandbox", "postgres", "redis"}
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        runs = "\n".join(set(_RUN.findall(text)))
        found = [secret[:3] for secret in secrets if secret in (runs if _RUN.fullmatch(secret) else text)]
        assert not found, log.name


@pytest.fixture(scope="session")
def settings(plan: Plan) -> Settings:
    """The settings that every process of the running house reads."""
    return Settings(**tomllib.loads(plan.config_file.read_text(encoding="utf-8")))


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """The house's objects within the test's own process, on the running engines."""
    async with open_house(settings) as house:
        yield house


@pytest.fixture
def person() -> Person:
    """A new citizen."""
    return make_person()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that passed and whose output or log holds a personal value has failed."""
    report = yield
    if report.passed:
        printed = "".join(text for _, text in report.sections)
        found = [value[:3] for value in personal_values() if value in printed] if printed else []
        if found:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} prints or logs personal values: {found}"
    return report


class Phone:
    """A citizen's phone: speaks the public interface with the citizen's token."""

    def __init__(self, plan: Plan, person: Person) -> None:
        self.plan, self.person = plan, person
        self.http = httpx.Client(
            base_url=plan.web_url,
            headers={"X-Device-Id": uuid4().hex},
            timeout=30,
            verify=public_tls(),
            trust_env=False,
        )

    def sign_in(self) -> dict[str, Any]:
        """Sign in, and use the token from now on."""
        answer = self.http.post("/api/v1/sessions", json={"code": self.person.login_code})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        self.http.headers["Authorization"] = f"Bearer {body['access_token']}"
        return body

    def verify(self) -> None:
        """Become a citizen at assurance level 2, with a phone number."""
        self.sign_in()
        phone = self.http.post("/api/v1/identity/phone", json={"code": self.person.phone_code})
        assert phone.status_code == 200, phone.text
        verified = self.http.post("/api/v1/identity/real-name", json=self.person.named)
        assert verified.status_code == 200, verified.text

    def consent(self, purpose: str) -> None:
        """Consent to a use of data."""
        given = self.http.post("/api/v1/privacy/consents", json={"purpose": purpose, "version": 1})
        assert given.status_code in {200, 201}, given.text

    def show_face(self) -> None:
        """Become a citizen at assurance level 3; once more, it does nothing."""
        if self.http.get("/api/v1/identity").json()["level"] == 3:
            return
        path = "/api/v1/identity/face-verifications"
        self.consent("face")
        task = self.http.post(path).json()
        body = {"verify_id": task["verify_id"], "passed": True}
        httpx.post(
            f"{self.plan.sandbox_url}/control/wechat/faces", json=body, verify=public_tls(), trust_env=False
        ).raise_for_status()
        assert self.http.post(f"{path}/{task['id']}/result").json()["level"] == 3

    def item(self) -> dict[str, Any]:
        """The trip's item."""
        code = self.http.get("/api/v1/items", params={"q": "食品经营"}).json()["items"][0]["item_code"]
        item: dict[str, Any] = self.http.get(f"/api/v1/items/{code}").json()
        return item

    def draft(self, **form: Any) -> dict[str, Any]:
        """A draft whose form is complete."""
        item = self.item()
        draft = self.http.post("/api/v1/applications", json={"item_code": item["item_code"]})
        assert draft.status_code == 201, draft.text
        path = f"/api/v1/applications/{draft.json()['id']}"
        body = {"revision": draft.json()["revision"], "form": {**item["form_example"], **form}}
        saved = self.http.patch(path, json=body)
        assert saved.status_code == 200, saved.text
        found: dict[str, Any] = saved.json()
        return found


@pytest.fixture
def phone(plan: Plan, person: Person) -> Iterator[Phone]:
    """The phone of a citizen who has verified their real name."""
    phone = Phone(plan, person)
    phone.verify()
    yield phone
    phone.http.close()


def error_of(response: httpx.Response) -> tuple[int, str]:
    """The status and code of a refusal, whose body has the published shape."""
    body = response.json()
    assert set(body) == {"code", "message", "request_id", "context"}, body
    assert body["message"]
    return response.status_code, body["code"]


REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def tokens(settings: Settings) -> AccessTokens:
    """Makes tokens as the running house does."""
    keys = settings.keys
    ring = {
        name: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key.get_secret_value()))
        for name, key in keys.session_signing.items()
    }
    return AccessTokens(ring, keys.session_signing_active)
