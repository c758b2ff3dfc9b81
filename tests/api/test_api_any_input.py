"""Whatever anybody sends to any route is answered as the OpenAPI document says, and never with a fault of ours."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.models import Citizen, Staff
from app.identity.rules import EVERY_DEPARTMENT, Duty
from app.kit import clock
from app.kit.signing import Signer
from config.settings import Settings
from miniapp_api.errors import PAGES
from miniapp_api.routing import Actor, Route
from tests.api.test_api_matrix import ITEM, NEXT_MONTH, ROUTES, Things, credit_code, mandate, proven, things_of
from tests.conftest import Phone
from tests.partners import approval_signer
from tests.people import make_child
from tests.service.cases import signed_in, staff_member

Documented = Callable[[httpx.Response], None]

_KNOWN_WORDS = {
    "item_code": ITEM,
    "life_event": "open_restaurant",
    "purpose": "licence_presentation",
    "material_id": "site_photo",
}
# What is there is read before it is changed, and what ends a session or an account comes last.
_ORDER = ("GET", "PUT", "PATCH", "POST", "DELETE")
_ENDING = {
    *("end_session", "end_all_sessions", "end_session_on_page", "end_page_session", "sign_out_on_page"),
    *("end_staff_session", "end_all_staff_sessions", "sign_out_staff"),
    *("delete_account", "delete_account_on_page"),
}
EVERY_DUTY = [duty.value for duty in Duty if duty is not Duty.ANY]


@dataclass(frozen=True)
class Sender:
    """Somebody who sends requests: what proves who they are, and what things they know of."""

    name: str
    things: Things
    headers: dict[str, str] = field(default_factory=dict)
    signer: Signer | None = None

    def send(self, http: httpx.Client, case: Any, accept: str) -> httpx.Response:
        """Send what was drawn; of a stream that goes on for minutes no more is read than its beginning."""
        drawn = case.as_transport_kwargs(base_url=str(http.base_url).rstrip("/"))
        made: Any = requests.Request(**drawn).prepare()
        headers = {**dict(made.headers), **self.headers, "Accept": accept}
        body = made.body.encode() if isinstance(made.body, str) else made.body or b""
        if self.signer:
            headers |= self.signer.headers(case.method, made.path_url, body, now=clock.now().timestamp())
        sent = [
            (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
            for name, value in headers.items()
        ]
        with http.stream(case.method, made.url, content=body, headers=sent) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()
        return answer


def http_from(plan: Plan, address: str) -> httpx.Client:
    """A client with an address of its own, so that no count of an address answers in place of a route."""
    return httpx.Client(
        base_url=plan.web_url, timeout=60, trust_env=False, transport=httpx.HTTPTransport(local_address=address)
    )


def addresses() -> Iterator[str]:
    """Addresses of this machine, each once."""
    return (f"127.{first}.{second}.{third}" for first, second, third in itertools.product(*[range(2, 250)] * 3))


def aimed(case: Any, sender: Sender, route: Route, *, at_known: bool, place: int) -> Any:
    """What was drawn, about things that are there, and but for one field as a phone sends it."""
    body = {**({"material_id": "site_photo"} if route.upload else {}), **sender.things.body_of(route)}
    if at_known:
        known = {**_KNOWN_WORDS, **sender.things.ids}
        case.path_parameters = {name: known.get(name, drawn) for name, drawn in case.path_parameters.items()}
        case.query = {**(sender.things.query_of(route) or {}), **case.query}
    if body and place >= 0 and isinstance(case.body, dict) and case.body:
        name = sorted(case.body)[place % len(case.body)]
        case.body = {**body, name: case.body[name]}
    return case


class Pouring:
    """Draws requests to routes, sends them as each sender, and keeps what was wrong with the answers."""

    def __init__(self, document: dict[str, Any], documented: Documented, plan: Plan) -> None:
        config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
        schema = schemathesis.openapi.from_dict(document, config=config)
        self._operations: dict[str, Any] = {}
        for result in schema.get_all_operations():
            assert isinstance(result, Ok), result
            self._operations[result.ok().definition.raw["operationId"]] = result.ok()
        self._documented, self._plan = documented, plan
        self._addresses = addresses()
        self.wrong: dict[tuple[str, str], str] = {}
        self.sent = dict.fromkeys(self.names, 0)

    @property
    def names(self) -> list[str]:
        """Every route."""
        return sorted(self._operations, key=lambda name: (name in _ENDING, _ORDER.index(ROUTES[name].method), name))

    def pour(self, name: str, senders: list[Sender], *, as_documented: int, against: int) -> None:
        """Send each of the senders' requests to a route: as many as the document has them, as many against it."""
        operation, route = self._operations[name], ROUTES[name]
        with http_from(self._plan, next(self._addresses)) as http:
            for mode, many in ((GenerationMode.POSITIVE, as_documented), (GenerationMode.NEGATIVE, against)):
                if many and (mode is GenerationMode.POSITIVE or _can_be_wrong(route)):
                    self._drawn(operation.as_strategy(generation_mode=mode), route, senders, http, many)

    def _drawn(
        self, cases: st.SearchStrategy[Any], route: Route, senders: list[Sender], http: httpx.Client, many: int
    ) -> None:
        @examples(
            max_examples=many,
            derandomize=True,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases, st.sampled_from([True, True, True, False]), st.integers(-3, 20))
        def send(case: Any, at_known: bool, place: int) -> None:
            drawn = case.path_parameters, case.query, case.body
            for sender in senders:
                case.path_parameters, case.query, case.body = drawn
                self._send(aimed(case, sender, route, at_known=at_known, place=place), route, sender, http)

        send()

    def _send(self, case: Any, route: Route, sender: Sender, http: httpx.Client) -> None:
        accepted = ("text/html", "application/json") if sender.headers else ("text/html",)
        for accept in accepted if route.path.startswith(PAGES) else ("*/*",):
            self.sent[route.name] += 1
            try:
                answer = sender.send(http, case, accept)
                self._documented(answer)
                assert not is_fault(answer), "a fault of ours"
            except (AssertionError, httpx.HTTPError, ValueError) as error:
                what = f"{type(error).__name__} {str(error)[:300]}"
                told = f"{route.name} as {sender.name}, {accept}: {what}\n  {repr(case)[:600]}"
                self.wrong.setdefault((route.name, what[:60]), told)


def is_fault(answer: httpx.Response) -> bool:
    """Whether the house broke, or gave up for this time; an outside system that is away is none of its faults."""
    if answer.is_error and answer.headers["content-type"].startswith("application/json"):
        return answer.json().get("code") in {"internal", "temporarily_unavailable"}
    return answer.status_code == 500


def _can_be_wrong(route: Route) -> bool:
    """Whether more than the path can be sent: what is no UUID leads to no route at all."""
    return bool(route.query or route.body or route.form or route.upload)


def known_by(phone: Phone, **more: str) -> dict[str, str]:
    """The headers of a phone's requests."""
    return {name: phone.http.headers[name] for name in ("Authorization", "X-Device-Id")} | more


async def citizens(plan: Plan) -> list[Sender]:
    """Citizens at each level with things of their own; one who acts for another, a guardian, a company's agent."""
    found = []
    phones = [await proven(plan) for _ in range(5)]
    helper = phones.pop()
    for level, owner in enumerate(phones):
        things = await things_of(owner)
        citizen = owner.http.get("/api/v1/identity").json()["id"]
        await Citizen.filter(id=citizen).update(level=level)
        found.append(Sender(f"level {level}", things, known_by(owner)))
    acting = mandate(owner, helper, f"item:{things.item_code}", "licence:disability_certificate")
    ward = helper.http.post("/api/v1/wards", json=make_child().named).json()["id"]
    company = helper.http.post("/api/v1/companies", json={"uscc": credit_code(), "name": "示例"}).json()["id"]
    offer = {"matters": [f"item:{things.item_code}"], "ends_on": NEXT_MONTH}
    code = helper.http.post(f"/api/v1/companies/{company}/agents", json=offer).json()["code"]
    agent = owner.http.post("/api/v1/mandates/acceptances", json={"code": code}).json()["id"]
    for phone in (*phones, helper):
        phone.http.close()
    return [
        *found,
        Sender("acting", things, known_by(helper, **acting)),
        Sender("guardian", things, known_by(helper, **{"X-Acting-For": ward})),
        Sender("agent", things, known_by(owner, **{"X-Acting-For": agent})),
    ]


async def staff(house: House, things: Things) -> list[Sender]:
    """Staff without a duty, with each of them, with all of them, and of the whole city."""
    duties = {"idle": [], **{duty: [duty] for duty in EVERY_DUTY}, "every duty": EVERY_DUTY}
    found = [
        Sender(f"staff: {name}", things, await signed_in(house, await staff_member(given, region="230800")))
        for name, given in duties.items()
    ]
    return [*found, Sender("staff: the city", things, await signed_in(house, await all_round_officer()))]


async def all_round_officer() -> Staff:
    """A member of staff with every duty in the whole city."""
    return await staff_member(EVERY_DUTY, region="230800", department=EVERY_DEPARTMENT)


def systems(settings: Settings, things: Things) -> dict[Actor, Sender]:
    """Other systems and the operators, each with what proves it."""
    schools = settings.relying_systems["schools"]
    relying = Signer(schools.client_id, schools.secret.get_secret_value().encode())
    operators = {"Authorization": f"Bearer {settings.ops_token.get_secret_value()}"}
    return {
        Actor.PARTNER: Sender("an approval system", things, signer=approval_signer(settings)),
        Actor.RELYING_SYSTEM: Sender("schools", things, signer=relying),
        Actor.OPERATOR: Sender("operators", things, operators),
    }


@pytest.fixture
def pouring(document: dict[str, Any], documented: Documented, plan: Plan) -> Pouring:
    """Pours onto the running house."""
    return Pouring(document, documented, plan)


async def test_every_route_answers_whatever_is_sent_as_documented(
    house: House, plan: Plan, settings: Settings, pouring: Pouring
) -> None:
    """Sent by nobody, and by one who may."""
    owner = await proven(plan)
    things = await things_of(owner)
    owner.http.close()
    nobody = Sender("nobody", things)
    officer = Sender("staff", things, await signed_in(house, await all_round_officer()))
    rightful = {
        Actor.CITIZEN: Sender("level 3", things, known_by(owner)),
        Actor.STAFF: officer,
        **systems(settings, things),
    }
    for name in pouring.names:
        senders = [nobody, rightful[ROUTES[name].actor]] if ROUTES[name].actor in rightful else [nobody]
        pouring.pour(name, senders, as_documented=1, against=int(bool(ROUTES[name].body)))
    assert all(pouring.sent.values())
    assert not pouring.wrong, "\n".join(pouring.wrong.values())


# What stands where a name or an id stands: no text, a way elsewhere, other ways to write a UUID, numbers, too much.
_NO_IDS = (
    *("%00", "%FF%FE", "%ED%A0%80", "%E2%80%AE", "%F0%9F%98%80", "%", "%2e%2e%2fx", "..;", "%0d%0aX:%20y", "null"),
    *("-1", "9" * 400, "1e9", "{uuid}", "urn:uuid:" + "0" * 32, "%7B" + "0" * 32 + "%7D", "0" * 32, "a" * 3000, "'--"),
)


async def test_no_name_in_a_path_breaks_a_route(house: House, plan: Plan, documented: Documented) -> None:
    """Whatever stands in the place of each name and id, for those who may."""
    owner = await proven(plan)
    owner.http.close()
    known = {Actor.CITIZEN: known_by(owner), Actor.STAFF: await signed_in(house, await all_round_officer())}
    routes = [route for route in ROUTES.values() if "<" in route.path and not route.upload and not route.raw]
    named, broken = [route for route in routes if ":str>" in route.path], []
    for address, part in zip(addresses(), _NO_IDS, strict=False):
        with http_from(plan, address) as http:
            # What is no UUID leads to no route at all: of these a few are enough.
            for route in routes if part in _NO_IDS[:3] else named:
                url = httpx.URL(plan.web_url, raw_path=re.sub("<[^>]+>", part, route.path).encode())
                body = Things({}, ITEM).body_of(route) or None
                data, content = (body, None) if route.form else (None, body)
                answer = http.request(route.method, url, headers=known.get(route.actor), data=data, json=content)
                documented(answer)
                if is_fault(answer):
                    broken.append((route.name, part[:40]))
    assert broken == []


@pytest.mark.long
@pytest.mark.parametrize("actor", [Actor.CITIZEN, Actor.STAFF, Actor.ANYONE, Actor.PARTNER, Actor.RELYING_SYSTEM])
async def test_each_kind_of_sender_gets_documented_answers_to_much_of_it(
    house: House, plan: Plan, settings: Settings, pouring: Pouring, actor: Actor
) -> None:
    """Citizens at each level and for others, staff of each duty, systems: each at each route of the kind.

    Of the other kinds, which are refused whoever they are, one each.
    """
    for name in [name for name in pouring.names if ROUTES[name].actor is actor]:
        # Accounts of their own: no count of an account answers in place of a route, and what one ended is not missed.
        own = await citizens(plan)
        things = own[-1].things
        officer = Sender("staff: the city", things, await signed_in(house, await all_round_officer()))
        officers = await staff(house, things) if actor is Actor.STAFF else [officer]
        senders = [Sender("nobody", things), *(own if actor is Actor.CITIZEN else own[-1:]), *officers]
        if actor in (known := systems(settings, things)):
            senders = [known[actor]]
        pouring.pour(name, senders, as_documented=5, against=5)
    assert not pouring.wrong, "\n".join(pouring.wrong.values())
