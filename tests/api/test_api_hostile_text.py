"""Hostile text in every field that a citizen or another system can fill: refused with its code, or shown as text."""

import json
import re
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.identity.rules import Duty
from app.kit import clock
from app.kit.tls import public_tls
from app.licences.imports.models import LicenceImport
from app.licences.imports.service import Counts, import_licences
from app.licences.models import Licence
from app.mandates.rules import credit_code_check_character
from config.settings import Settings
from tests.api.conftest import photograph_of_site
from tests.api.test_api_pages import AS_BROWSER, sign_in_on
from tests.api.test_api_sign_in import Browser
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.hostile import LONG, PRINTED, UNKEEPABLE, broken_in
from tests.licence_tables import senior, write_csv
from tests.partners import approval_signer
from tests.people import make_child, make_person
from tests.service.cases import staff_member

JSON = {"Content-Type": "application/json"}
FILES_OF_A_LICENCE = ("", "/card.png", "/card-back.png", "/licence.pdf", "/licence.ofd", "/credential")


def unbounded(schema: dict[str, Any], schemas: dict[str, Any], path: str = "") -> Iterator[str]:
    """The places of a schema where a text or a list may be of any length."""
    if reference := schema.get("$ref"):
        yield from unbounded(schemas[reference.rpartition("/")[2]], schemas, path)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from unbounded(one, schemas, path)
    kind = schema.get("type")
    if kind == "string" and not {"maxLength", "enum", "const", "pattern", "format"} & schema.keys():
        yield path
    if kind == "array":
        yield from () if "maxItems" in schema else (path,)
        yield from unbounded(schema.get("items", {}), schemas, f"{path}[]")
    if kind == "object":
        for name, child in schema.get("properties", {}).items():
            yield from unbounded(child, schemas, f"{path}.{name}")
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            yield from () if "maxProperties" in schema else (path,)
            yield from unbounded(values, schemas, f"{path}.*")


def test_every_text_that_comes_in_has_an_end(document: dict[str, Any]) -> None:
    """Forms, guides and events are bounded by their own rules and by the size of a body."""
    found = [
        f"{operation['operationId']}{path}"
        for operations in document["paths"].values()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for path in unbounded(content.get("schema", {}), document["components"]["schemas"])
    ]
    assert found == []


def cut(text: str, longest: int) -> str:
    """As much of a text as a field takes, without the blanks that begin and end nothing."""
    return text[:longest].strip() or "x"


def keep_all(phone: Phone, path: str, name: str, longest: int, **more: Any) -> None:
    """A field takes each text that can be shown, as it is, and refuses what can not, which changes nothing."""
    method = {"form": "PATCH", "contact": "PUT"}.get(name.partition(".")[0], "POST")

    def send(written: str) -> httpx.Response:
        revision = {"revision": phone.http.get(path).json()["revision"]} if method == "PATCH" else {}
        body: dict[str, Any] = {**more, **revision}
        place = body
        *above, last = name.split(".")
        for one in above:
            place = place.setdefault(one, {})
        place[last] = "@"
        content = json.dumps(body, ensure_ascii=False).replace('"@"', f'"{written}"')
        return phone.http.request(method, path, content=content.encode(), headers=JSON)

    for kind, text in PRINTED.items():
        answer = send(json.dumps(cut(text, longest))[1:-1])
        assert answer.is_success, (path, name, kind, answer.text)
        kept: Any = answer.json()
        for one in name.split("."):
            kept = kept[one]
        assert kept == cut(text, longest), (path, name, kind)
    for kind, written in UNKEEPABLE.items():
        assert send(written).status_code in {400, 422}, (path, name, kind)
    assert error_of(send(LONG))[0] == 422, (path, name)


def test_what_is_text_is_kept_as_it_is_and_the_rest_refused(phone: Phone) -> None:
    """In the fields of a form, of a contact, of a complaint."""
    draft = f"/api/v1/applications/{phone.draft()['id']}"
    for name, longest in (("business_name", 100), ("business_site", 200), ("remark", 500)):
        keep_all(phone, draft, f"form.{name}", longest)
    delivery = {"method": "post", "receiver": "李桂兰", "phone": "13800000000", "address": "示例路1号"}
    keep_all(phone, f"{draft}/contact", "contact.address", 200, contact={"phone": None}, delivery=delivery)
    complaint = {"kind": "complaint", "named": False}
    keep_all(phone, "/api/v1/complaints", "text", 2000, **complaint)


def test_what_is_searched_for_is_answered_whatever_it_is(client: httpx.Client) -> None:
    """Items, suggestions, the page."""
    for kind, text in PRINTED.items():
        asked = {"q": cut(text, 100)}
        for path in ("/api/v1/items", "/api/v1/items/suggestions"):
            assert client.get(path, params=asked).is_success, kind
        assert not list(broken_in(client.get("/h5/items", params=asked).text)), kind


def test_a_file_may_be_called_anything_and_its_copy_say_anything(phone: Phone) -> None:
    """The name is not kept; the purpose is written over the picture as far as its letters are known."""
    path = f"/api/v1/applications/{phone.draft()['id']}/materials"
    _, content, kind = photograph_of_site()
    given = [
        phone.http.post(path, data={"material_id": "site_photo"}, files={"file": (f"{name}.jpg", content, kind)})
        for name in (*PRINTED.values(), LONG)
    ]
    assert {answer.status_code for answer in given} <= {201, 400, 413, 422}
    for answer in given:
        if answer.is_error:
            assert error_of(answer)
    known = phone.http.get(path.rpartition("/")[0]).json()["materials"]
    assert known
    assert "onerror" not in json.dumps(known)
    one = f"{path}/{known[0]['id']}"
    await_true(
        "it is scanned", lambda: phone.http.get(path.rpartition("/")[0]).json()["materials"][0]["scan"] == "clean"
    )
    for name, text in PRINTED.items():
        copy = phone.http.get(f"{one}/copy", params={"purpose": cut(text, 40)})
        assert copy.is_success, (name, copy.text)


class Marks:
    """Hostile texts that can be told from each other."""

    def __init__(self) -> None:
        self.marks: set[str] = set()

    def text(self, mark: str, longest: int = 500) -> str:
        """A text of its own."""
        self.marks.add(mark)
        return cut(
            f"〔{mark}〕{PRINTED['directions']}{PRINTED['script']}{PRINTED['attribute']}{PRINTED['signs']}", longest
        )


class Wound(Marks):
    """Somebody in all of whose fields stands hostile text, and a case to which the office answered in kind."""

    def __init__(self, plan: Plan, settings: Settings, documented: Callable[[httpx.Response], None]) -> None:
        super().__init__()
        self.plan, self.settings = plan, settings
        person = make_person()
        self.phone = Phone(plan, person)
        self.http = self.phone.http
        self.http.event_hooks = {"response": [documented]}
        self.case = self.number = self.path = ""
        self.phone.sign_in()
        self._send("POST", "/api/v1/identity/phone", code=person.phone_code)
        self._send("POST", "/api/v1/identity/real-name", name=self.text("name", 50), id_number=person.id_number)
        self.phone.show_face()

    def _send(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    def act(self, case_no: str, action: str, **order: Any) -> None:
        """Have the approval system do something, as soon as it has what comes before."""
        path, order = f"{self.plan.sandbox_url}/control/approvals/{case_no}", {"action": action, **order}
        await_true(action, lambda: httpx.post(path, json=order, verify=public_tls(), trust_env=False).is_success)

    def push(self, case_no: str, sequence: int, kind: str, data: dict[str, Any]) -> None:
        """Have the approval system say something that its stand-in never says."""
        moment = clock.in_city(clock.now())
        event = {"event_id": uuid.uuid4().hex, "case_no": case_no, "sequence": sequence, "kind": kind}
        content = json.dumps({**event, "occurred_at": moment, "data": data}).encode()
        path = "/callbacks/approvals"
        headers = approval_signer(self.settings).headers("POST", path, content, now=time.time())
        answer = httpx.post(f"{self.plan.web_url}{path}", content=content, headers=headers, trust_env=False)
        assert answer.is_success, answer.text

    def until(self, case: str, state: str) -> None:
        """Wait until a case has come so far."""
        await_true(state, lambda: self.http.get(case).json()["state"] == state)

    def apply(self) -> None:
        """A case whose form, contact and supplement are hostile, as are the office's words, up to a licence."""
        form = {"business_name": self.text("business_name", 100), "business_site": self.text("business_site", 200)}
        draft = self.phone.draft(**form, address=self.text("address", 200), remark="请等待" + self.text("remark", 400))
        case = f"/api/v1/applications/{draft['id']}"
        post = {"method": "post", "receiver": self.text("receiver", 50), "phone": "13800000000"}
        contact = {"phone": "13800000000", "address": self.text("contact", 200)}
        self._send("PUT", f"{case}/contact", contact=contact, delivery={**post, "address": self.text("post", 200)})
        self.http.post(f"{case}/materials", data={"material_id": "site_photo"}, files={"file": photograph_of_site()})
        number = self._send("POST", f"{case}/submission")["case_no"]
        self.until(case, "delivered")
        self.act(number, "supplement", note=self.text("asked") + LONG)
        self.until(case, "supplement_requested")
        self.case, self.number = case, number

    def decide(self) -> None:
        """The rest of the case, which leads to a licence at ``path``."""
        case, number = self.case, self.number
        self._send("POST", f"{case}/supplements", note=self.text("supplement"), form={"remark": self.text("remark 2")})
        self.until(case, "supplemented")
        self.act(number, "accept")
        self.until(case, "accepted")
        self._send("POST", f"{case}/hurries", text=self.text("hurry", 200))
        self.act(number, "approve", licence={"fields": {"business_kind": self.text("licence"), "none": "x"}})
        self.until(case, "completed")
        self.act(number, "suspend", note=self.text("suspended"))
        await_true("suspended", lambda: self.licence()["state"] == "suspended")
        self.act(number, "reinstate", note=self.text("resumed"))
        await_true("resumed", lambda: self.licence()["state"] == "valid")
        said = self.http.get(case).json()["timeline"]
        ready = {name: self.text(name) for name in ("place", "carrier", "tracking_no", "until", "note")}
        self.push(number, len(self.events(number)) + 1, "result_ready", {"method": "post", **ready})
        await_true("ready", lambda: len(self.http.get(case).json()["timeline"]) > len(said))
        self.path = f"/api/v1/licences/{self.licence()['id']}"

    def licence(self) -> dict[str, Any]:
        """What came of the case."""
        found: dict[str, Any] = self.http.get("/api/v1/licences").json()["items"][0]
        return found

    def events(self, case_no: str) -> list[Any]:
        """What the approval system said of a case."""
        path = f"{self.plan.sandbox_url}/control/approvals/"
        cases = httpx.get(path, verify=public_tls(), trust_env=False).json()["items"]
        found: list[Any] = next(one for one in cases if one["case_no"] == case_no)["events"]
        return found

    def complain(self) -> None:
        """What else a citizen writes."""
        about = {"about": "case", "code": self.case.rpartition("/")[2]}
        self._send(
            "POST", "/api/v1/complaints", kind="complaint", text=self.text("complaint", 2000), named=True, subject=about
        )
        review = {"stage": "result", "level": 1, "reasons": ["slow_handling"], "comment": self.text("review")}
        self._send("POST", f"{self.case}/reviews", **review)
        code = f"91230800{uuid.uuid4().int % 10**9:09d}"
        name = self.text("company", 255)
        self._send("POST", "/api/v1/companies", uscc=code + credit_code_check_character(code), name=name)
        self.phone.consent("child")
        self._send("POST", "/api/v1/wards", name=self.text("ward", 64), id_number=make_child().id_number)
        item = self.phone.item()["item_code"]
        day = (clock.today() + timedelta(days=30)).isoformat()
        offered = self._send("POST", "/api/v1/mandates", direction="give", matters=[f"item:{item}"], ends_on=day)
        other = Phone(self.plan, make_person())
        other.verify()
        accepted = other.http.post("/api/v1/mandates/acceptances", json={"code": offered["code"]})
        assert accepted.is_success, accepted.text
        other.http.close()


def pages_of(browser: httpx.Client, *starts: str, most_alike: int = 3) -> dict[str, str]:
    """The pages that links lead to from some, a few of those that differ by an id alone."""
    found: dict[str, str] = {}
    alike: Counter[str] = Counter()
    waiting = list(starts)
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"[0-9a-f-]{36}|[0-9A-Z]{31}|=[^&]*", "*", path)
        if path in found or alike[kind] >= most_alike:
            continue
        alike[kind] += 1
        answer = browser.get(path, follow_redirects=True)
        assert answer.status_code in {200, 403, 404, 409, 422}, (path, answer.status_code)
        if "text/html" in answer.headers["content-type"]:
            found[path] = answer.text
            waiting += [
                one.replace("&amp;", "&")
                for one in re.findall(r'href="(/h5/[^"#]*)', answer.text)
                if not re.match("/h5/(static|sign-in)/", one)
            ]
    return found


def marks_in(pages: dict[str, str]) -> set[str]:
    """Whose texts stand on them."""
    return {mark for page in pages.values() for mark in re.findall("〔([^〕*]+)〕", page)}


def assert_whole(pages: dict[str, str]) -> None:
    """Nothing is broken in any of them."""
    broken = {path: found for path, page in pages.items() if (found := list(broken_in(page)))}
    assert not broken, "\n".join(f"{path}: {found[:3]}" for path, found in broken.items())


@pytest.fixture
def wound(plan: Plan, settings: Settings, documented: Callable[[httpx.Response], None]) -> Iterator[Wound]:
    """Somebody who is hostile in every field."""
    wound = Wound(plan, settings, documented)
    yield wound
    wound.http.close()


@pytest.fixture
def browser(plan: Plan) -> Iterator[httpx.Client]:
    """A browser."""
    with httpx.Client(
        base_url=plan.web_url, timeout=60, verify=public_tls(), trust_env=False, headers=AS_BROWSER
    ) as browser:
        yield browser


@pytest.fixture
async def officer(house: House) -> str:
    """The name of one who verifies, at a window too, and who receives complaints first."""
    del house
    return (await staff_member([Duty.VERIFY, Duty.WINDOW, Duty.SUPERVISE], department="*")).username


def token_of(browser: httpx.Client, path: str) -> str:
    """What a form of a page shows against forgery."""
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)[0])


def scanned(browser: httpx.Client, officer: str, code: str, duty: str = "verify") -> str:
    """What a page shows to the officer, who is signed in afterwards, of a code."""
    browser.cookies.clear()
    browser.post("/h5/staff/sign-in", data={"username": officer, "password": "password-of-a-test"})
    form = {"code": code, "duty": duty, "key": uuid.uuid4().hex}
    return browser.post("/h5/staff/verify", data={**form, "csrf_token": token_of(browser, "/h5/staff/verify")}).text


def test_nothing_is_broken_by_what_somebody_wrote(wound: Wound, browser: httpx.Client, officer: str) -> None:
    """The citizen's own pages, those of whom they act for, those of staff and of the public, and every file."""
    sign_in_on(browser, wound.phone.person)
    wound.apply()
    pages = pages_of(browser, wound.case.replace("/api/v1/applications", "/h5/cases"))
    wound.decide()
    wound.complain()
    pages |= pages_of(browser, "/h5/me", "/h5/cases", "/h5/licences", "/h5/inbox", "/h5/reviews")
    for mandate in wound.http.get("/api/v1/mandates").json()["items"]:
        if not mandate["given"]:
            form = {"mandate_id": mandate["id"], "csrf_token": token_of(browser, "/h5/acting")}
            assert browser.post("/h5/acting", data=form).status_code == 303
            acted = pages_of(browser, "/h5/", "/h5/acting", "/h5/cases", most_alike=1)
            pages |= {f"{path} for {mandate['kind']}": page for path, page in acted.items()}
    for file in ("receipt", "receipt/acceptance", "evidence"):
        assert wound.http.get(f"{wound.case}/{file}").is_success, file
    for file in FILES_OF_A_LICENCE:
        assert wound.http.get(f"{wound.path}{file}").is_success, file
    shown = wound.http.post(f"{wound.path}/presentations", json={"preset": "card"}).json()
    pages["code"] = browser.get(httpx.URL(shown["url"]).raw_path.decode()).text
    pages["verdict"] = scanned(browser, officer, shown["code"])
    complaint = wound.http.get("/api/v1/complaints").json()["items"][0]["id"]
    for path in ("", "/contact"):
        pages |= pages_of(browser, f"/h5/staff/complaints/{complaint}{path}", most_alike=1)
    assert_whole(pages)
    # A child is masked, and what was supplemented is the office's to read.
    assert wound.marks - marks_in(pages) == {"ward", "supplement", "remark 2"}


class Bearer(Marks):
    """Somebody whose name the province writes, and whose card an import brings."""

    def __init__(self) -> None:
        super().__init__()
        person = make_person()
        self.person = replace(person, name=self.text("name", 200))
        self.row = senior(uuid.uuid4().int % 10**8) | {
            "证照编号": self.text("number", 64),
            "颁发机构": self.text("issuer", 128),
            "持证主体": self.person.name,
            "持证主体代码": person.id_number,
            "居住地址": self.text("address") + LONG[:3000],
            "紧急联系人": self.text("contact", 200),
        }


@pytest.fixture
async def bearer(house: House, tmp_path: Path) -> AsyncIterator[Bearer]:
    """A bearer whose card waits for them."""
    del house
    bearer = Bearer()
    path = write_csv(tmp_path / "cards.csv", [bearer.row])
    outcome = await import_licences(path, "command_line", lambda done, total: None)
    assert outcome.counts == Counts(added=1)
    yield bearer
    await Licence.filter(import_id=outcome.import_id).delete()
    await LicenceImport.filter(id=outcome.import_id).delete()


def test_nothing_is_broken_by_what_the_province_and_an_import_say(
    plan: Plan, documented: Callable[[httpx.Response], None], bearer: Bearer, officer: str
) -> None:
    """The name and the card on pages, in files, in a code and in what a scan of it shows."""
    browser = Browser(plan, documented, uuid.uuid4().hex)
    browser.http.headers.update(AS_BROWSER)
    with browser.http as http:
        back = browser.back_from_province(browser.begin("province"), bearer.person, "3")
        assert http.get(back).status_code == 302
        (card,) = await_true("the card is theirs", lambda: http.get("/api/v1/licences").json()["items"])
        pages = pages_of(http, "/h5/me", "/h5/licences", most_alike=1)
        path = f"/api/v1/licences/{card['id']}"
        for file in FILES_OF_A_LICENCE:
            assert http.get(f"{path}{file}").is_success, file
        shown = http.post(f"{path}/presentations", json={"preset": "all"}, headers=browser.csrf).json()
        pages["code"] = http.get(httpx.URL(shown["url"]).raw_path.decode()).text
        pages["verdict"] = scanned(http, officer, shown["code"], "window")
    assert_whole(pages)
    assert bearer.marks == marks_in(pages)
