"""Acting for others over HTTP: offered, accepted, used, seen by both sides, ended at once."""

import random
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.kit import clock
from app.mandates.rules import credit_code_check_character
from tests.api.conftest import Holder, photograph_of_site
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.people import make_child, make_person
from tests.service.cases import sensitive_licence

Documented = Callable[[httpx.Response], None]
NEXT_MONTH = (clock.today() + timedelta(days=30)).isoformat()


@pytest.fixture
def daughter(plan: Plan, documented: Documented) -> Iterator[Phone]:
    """Somebody verified who is not the phone's owner."""
    daughter = Phone(plan, make_person())
    daughter.http.event_hooks = {"response": [documented]}
    daughter.verify()
    yield daughter
    daughter.http.close()


@pytest.fixture
def mother(holder: Holder, plan: Plan, documented: Documented) -> Iterator[httpx.Client]:
    """Somebody who holds a licence."""
    with httpx.Client(base_url=plan.web_url, timeout=60, trust_env=False, headers=holder.headers) as client:
        client.event_hooks = {"response": [documented]}
        yield client


def offer(giver: httpx.Client, *matters: str, direction: str = "give") -> dict[str, Any]:
    """An offer that waits."""
    body = {"direction": direction, "matters": list(matters), "ends_on": NEXT_MONTH}
    answer = giver.post("/api/v1/mandates", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def mandate(giver: httpx.Client, taker: httpx.Client, *matters: str) -> dict[str, str]:
    """The header by which the taker acts for the giver."""
    accepted = taker.post("/api/v1/mandates/acceptances", json={"code": offer(giver, *matters)["code"]})
    assert accepted.status_code == 201, accepted.text
    return {"X-Acting-For": accepted.json()["id"]}


def messages(client: httpx.Client) -> list[str]:
    """The kinds of what stands in an inbox."""
    return [message["kind"] for message in client.get("/api/v1/messages").json()["items"]]


def test_the_other_side_reads_the_terms_and_accepts_once(phone: Phone, daughter: Phone) -> None:
    """People are masked to each other, both see the mandate, and who offered is told."""
    item = phone.item()["item_code"]
    code = offer(phone.http, f"item:{item}")["code"]
    terms = daughter.http.post("/api/v1/mandates/invitations", json={"code": code.lower()}).json()
    assert terms["matters"] == [f"item:{item}"]
    assert terms["principal"] == phone.person.name[0] + "*" + phone.person.name[-1]
    assert terms["state"] == "offered"
    assert daughter.http.post("/api/v1/mandates/acceptances", json={"code": code}).status_code == 201
    again = daughter.http.post("/api/v1/mandates/acceptances", json={"code": code})
    assert error_of(again) == (422, "invitation_invalid")
    for client, given in ((phone.http, True), (daughter.http, False)):
        (seen,) = client.get("/api/v1/mandates").json()["items"]
        assert (seen["given"], seen["state"], seen["kind"]) == (given, "active", "proxy")
    assert messages(phone.http) == ["mandate_accepted"]


def test_whoever_asks_to_act_waits_for_the_other_side(phone: Phone, daughter: Phone) -> None:
    """The daughter asks, the mother accepts: the same mandate the other way round."""
    item = phone.item()["item_code"]
    asked = offer(daughter.http, f"item:{item}", direction="ask")
    acting = {"X-Acting-For": asked["id"]}
    assert error_of(daughter.http.get("/api/v1/applications", headers=acting)) == (403, "mandate_inactive")
    accepted = phone.http.post("/api/v1/mandates/acceptances", json={"code": asked["code"]}).json()
    assert (accepted["given"], accepted["id"]) == (True, asked["id"])
    assert daughter.http.get("/api/v1/applications", headers=acting).status_code == 200


def test_a_proxy_applies_and_all_of_it_says_so(phone: Phone, daughter: Phone) -> None:
    """The draft is the mother's and filled with her identity; both see it, and by which mandate it came."""
    item = phone.item()
    acting = mandate(phone.http, daughter.http, f"item:{item['item_code']}")
    started = daughter.http.post("/api/v1/applications", json={"item_code": item["item_code"]}, headers=acting)
    assert started.status_code == 201, started.text
    draft = started.json()
    assert draft["form"]["applicant_id_number"] == phone.person.id_number
    assert draft["by_mandate"] == acting["X-Acting-For"]
    path = f"/api/v1/applications/{draft['id']}"
    assert daughter.http.patch(path, json={"revision": 1, "form": {"remark": "x"}}, headers=acting).status_code == 200
    assert phone.http.get(path).json()["by_mandate"] == acting["X-Acting-For"]
    assert error_of(daughter.http.get(path)) == (404, "application_not_found")
    assert daughter.http.get("/api/v1/applications").json()["items"] == []
    (listed,) = daughter.http.get("/api/v1/applications", headers=acting).json()["items"]
    assert listed["id"] == draft["id"]


def test_a_mandate_covers_its_matters_and_no_more(phone: Phone, daughter: Phone) -> None:
    """Neither another item nor a case of one, nor a licence."""
    item, other = (
        entry["item_code"] for entry in phone.http.get("/api/v1/items", params={"q": "登记"}).json()["items"][:2]
    )
    acting = mandate(phone.http, daughter.http, f"item:{item}")
    own = phone.http.post("/api/v1/applications", json={"item_code": other}).json()
    refused = daughter.http.get(f"/api/v1/applications/{own['id']}", headers=acting)
    assert error_of(refused) == (403, "matter_not_covered")
    started = daughter.http.post("/api/v1/applications", json={"item_code": other}, headers=acting)
    assert error_of(started) == (403, "matter_not_covered")
    assert daughter.http.get("/api/v1/applications", headers=acting).json()["items"] == []
    assert daughter.http.get("/api/v1/licences", headers=acting).json()["items"] == []


@pytest.fixture
async def sensitive(house: House, phone: Phone) -> str:
    """A licence of the phone's owner that is shown at level 3 only."""
    del house
    return str((await sensitive_licence(UUID(phone.http.get("/api/v1/identity").json()["id"]))).id)


def test_a_mandate_lifts_nobody(phone: Phone, daughter: Phone, sensitive: str) -> None:
    """A face of the daughter's is none of the mother's: both must have shown theirs."""
    acting, path = mandate(phone.http, daughter.http, "licence:disability_certificate"), f"/api/v1/licences/{sensitive}"
    assert error_of(daughter.http.get(path, headers=acting)) == (403, "level_too_low")
    daughter.show_face()
    assert error_of(daughter.http.get(path, headers=acting)) == (403, "level_too_low")
    phone.show_face()
    assert daughter.http.get(path, headers=acting).status_code == 200


def test_a_proxy_shows_a_licence_until_the_mandate_ends(
    holder: Holder, mother: httpx.Client, daughter: Phone, staff: httpx.Client
) -> None:
    """A code from before the end is refused at once, with a reason of its own."""
    acting = mandate(mother, daughter.http, "licence:food_business")
    shown = daughter.http.post(f"{holder.path}/presentations", json={"preset": "card"}, headers=acting)
    assert shown.status_code == 201, shown.text
    lasting = daughter.http.post(f"{holder.path}/presentations", json={"preset": "card"}, headers=acting).json()
    first = staff.post("/staff/v1/verifications", json={"code": shown.json()["code"]}).json()
    assert first["reason"] in {"valid", "revoked"}
    await_true("the daughter hears of the scan", lambda: messages(daughter.http) == ["licence_scanned"])
    assert mother.delete(f"/api/v1/mandates/{acting['X-Acting-For']}").status_code == 200
    after = staff.post("/staff/v1/verifications", json={"code": lasting["code"]}).json()
    assert (after["verdict"], after["reason"], after["licence"]) == ("refused", "mandate_ended", None)
    assert error_of(daughter.http.get(holder.path, headers=acting)) == (403, "mandate_inactive")
    assert messages(daughter.http) == ["mandate_ended", "licence_scanned"]


def test_either_side_ends_a_mandate_and_nobody_else(phone: Phone, daughter: Phone, stranger: Phone) -> None:
    """A stranger does not even learn that there is one."""
    acting = mandate(phone.http, daughter.http, f"item:{phone.item()['item_code']}")
    path = f"/api/v1/mandates/{acting['X-Acting-For']}"
    assert error_of(stranger.http.delete(path)) == (404, "mandate_not_found")
    (ended,) = daughter.http.delete(path).json()["items"]
    assert ended["state"] == "ended"
    assert error_of(phone.http.delete(path)) == (404, "mandate_not_found")
    assert messages(phone.http)[0] == "mandate_ended"


def test_an_offer_that_was_taken_back_cannot_be_accepted(phone: Phone, daughter: Phone) -> None:
    """Nor can one's own offer."""
    waiting = offer(phone.http, f"item:{phone.item()['item_code']}")
    own = phone.http.post("/api/v1/mandates/acceptances", json={"code": waiting["code"]})
    assert error_of(own) == (422, "invitation_invalid")
    phone.http.delete(f"/api/v1/mandates/{waiting['id']}")
    late = daughter.http.post("/api/v1/mandates/acceptances", json={"code": waiting["code"]})
    assert error_of(late) == (422, "invitation_invalid")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"matters": ["item:nothing"]}, "matter_unknown"),
        ({"matters": ["*"]}, "matter_unknown"),
        ({"matters": ["licence:nothing"]}, "matter_unknown"),
        ({"ends_on": "2020-01-01"}, "mandate_term_invalid"),
        ({"ends_on": (clock.today() + timedelta(days=370)).isoformat()}, "mandate_term_invalid"),
        ({"ends_on": "soon"}, "field_invalid"),
        ({"matters": []}, "field_invalid"),
    ],
)
def test_terms_that_cannot_be_are_refused(phone: Phone, change: dict[str, Any], code: str) -> None:
    """A matter that is none, everything at once, a day in the past or too far away."""
    body = {"direction": "give", "matters": ["licence:food_business"], "ends_on": NEXT_MONTH, **change}
    answer = phone.http.post("/api/v1/mandates", json=body)
    assert error_of(answer)[1] == code


def test_offering_and_accepting_need_a_real_name(phone: Phone, stranger: Phone) -> None:
    """A mandate binds two people who are known."""
    body = {"direction": "give", "matters": ["licence:food_business"], "ends_on": NEXT_MONTH}
    assert error_of(stranger.http.post("/api/v1/mandates", json=body)) == (403, "level_too_low")
    waiting = offer(phone.http, "licence:food_business")
    taken = stranger.http.post("/api/v1/mandates/acceptances", json={"code": waiting["code"]})
    assert error_of(taken) == (403, "level_too_low")


def test_guessing_codes_is_counted(phone: Phone) -> None:
    """Thirty in an hour, right or wrong."""
    path = "/api/v1/mandates/invitations"
    answers = [phone.http.post(path, json={"code": uuid.uuid4().hex[:10]}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [422] * 30 + [429]


@pytest.mark.parametrize("path", ["/api/v1/identity", "/api/v1/messages", "/api/v1/sessions", "/api/v1/mandates"])
def test_what_concerns_oneself_is_done_by_nobody_else(phone: Phone, daughter: Phone, path: str) -> None:
    """A mandate opens cases and licences, never the account."""
    acting = mandate(phone.http, daughter.http, "licence:food_business")
    assert error_of(daughter.http.get(path, headers=acting)) == (403, "acting_not_possible")


@pytest.mark.parametrize("named", ["", "x", str(uuid.UUID(int=1))])
def test_a_mandate_that_is_none_opens_nothing(phone: Phone, named: str) -> None:
    """Not even what is one's own: the phone meant somebody else."""
    answer = phone.http.get("/api/v1/licences", headers={"X-Acting-For": named})
    assert error_of(answer) == (403, "mandate_inactive")


def company(owner: Phone, name: str | None = None) -> dict[str, Any]:
    """A company of its own that somebody represents."""
    owner.show_face()
    code = credit_code()
    answer = owner.http.post("/api/v1/companies", json={"uscc": code, "name": name or f"示例{code[8:]}公司"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def credit_code() -> str:
    """A code that no other test uses."""
    first = "91230800" + "".join(random.choices("0123456789ABCDEFGH", k=9))
    return first + credit_code_check_character(first)


def agent(owner: Phone, taker: Phone, company_id: str, *matters: str) -> dict[str, str]:
    """The header by which the taker acts for a company."""
    body = {"matters": list(matters), "ends_on": NEXT_MONTH}
    offered = owner.http.post(f"/api/v1/companies/{company_id}/agents", json=body).json()
    accepted = taker.http.post("/api/v1/mandates/acceptances", json={"code": offered["code"]})
    assert accepted.status_code == 201, accepted.text
    return {"X-Acting-For": accepted.json()["id"]}


def test_a_representative_and_an_agent_apply_for_their_company(phone: Phone, daughter: Phone) -> None:
    """The case is the company's: both work on it, neither has it among their own."""
    item, found = phone.item(), company(phone)
    represented = {"X-Acting-For": found["mandate_id"]}
    acting = agent(phone, daughter, found["id"], f"item:{item['item_code']}")
    started = daughter.http.post("/api/v1/applications", json={"item_code": item["item_code"]}, headers=acting)
    assert started.status_code == 201, started.text
    form, path = started.json()["form"], f"/api/v1/applications/{started.json()['id']}"
    assert (form["business_name"], form["business_uscc"]) == (found["name"], found["uscc"])
    assert form["applicant_id_number"] == phone.person.id_number
    assert phone.http.get(path, headers=represented).status_code == 200
    for owner in (phone, daughter):
        assert error_of(owner.http.get(path)) == (404, "application_not_found")
        assert owner.http.get("/api/v1/applications").json()["items"] == []


def test_a_companys_licence_is_the_companys(phone: Phone, daughter: Phone, staff: httpx.Client) -> None:
    """It bears the company's name, its agent shows it, and an ended agent does not; the messages go to who acts."""
    item, found = phone.item(), company(phone)
    represented = {"X-Acting-For": found["mandate_id"]}
    acting = agent(phone, daughter, found["id"], f"item:{item['item_code']}", "licence:food_business")
    draft = daughter.http.post("/api/v1/applications", json={"item_code": item["item_code"]}, headers=acting).json()
    path = f"/api/v1/applications/{draft['id']}"
    daughter.http.patch(path, json={"revision": 1, "form": item["form_example"]}, headers=acting)
    for material in [entry for entry in item["materials"] if entry["required"]]:
        uploaded = daughter.http.post(
            f"{path}/materials",
            headers=acting,
            data={"material_id": material["id"]},
            files={"file": photograph_of_site()},
        )
        assert uploaded.status_code == 201, uploaded.text
    submitted = daughter.http.post(f"{path}/submission", headers=acting)
    assert submitted.status_code == 202, submitted.text
    licence = await_true("the licence", lambda: phone.http.get(path, headers=represented).json()["licence_id"])
    assert messages(phone.http).count("submitted") == 0
    assert "licence_issued" in messages(daughter.http)
    seen = phone.http.get(f"/api/v1/licences/{licence}", headers=represented).json()
    shown = daughter.http.post(
        f"/api/v1/licences/{licence}/presentations", json={"preset": "all"}, headers=acting
    ).json()
    verified = staff.post("/staff/v1/verifications", json={"code": shown["code"]}).json()
    assert verified["licence"]["number"] == seen["number"]
    assert error_of(phone.http.get(f"/api/v1/licences/{licence}")) == (404, "licence_not_found")
    phone.http.delete(f"/api/v1/mandates/{acting['X-Acting-For']}")
    refused = daughter.http.post(f"/api/v1/licences/{licence}/presentations", json={"preset": "card"}, headers=acting)
    assert error_of(refused) == (403, "mandate_inactive")


def test_an_agent_of_one_company_has_nothing_of_another(phone: Phone, daughter: Phone) -> None:
    """Neither its cases nor its agents."""
    item, one, other = phone.item()["item_code"], company(phone), company(daughter)
    mine, theirs = ({"X-Acting-For": found["mandate_id"]} for found in (one, other))
    case = phone.http.post("/api/v1/applications", json={"item_code": item}, headers=mine).json()
    refused = daughter.http.get(f"/api/v1/applications/{case['id']}", headers=theirs)
    assert error_of(refused) == (404, "application_not_found")
    assert error_of(daughter.http.get("/api/v1/applications", headers=mine)) == (403, "mandate_inactive")
    body = {"matters": [f"item:{item}"], "ends_on": NEXT_MONTH}
    refused = daughter.http.post(f"/api/v1/companies/{one['id']}/agents", json=body)
    assert error_of(refused) == (404, "company_not_found")


def test_an_item_for_people_is_not_for_companies(phone: Phone) -> None:
    """The refusal says for whom it is."""
    represented = {"X-Acting-For": company(phone)["mandate_id"]}
    found = phone.http.get("/api/v1/items", params={"q": "老年人优待"}).json()["items"][0]["item_code"]
    refused = phone.http.post("/api/v1/applications", json={"item_code": found}, headers=represented)
    assert error_of(refused) == (403, "audience_mismatch")
    assert refused.json()["context"] == {"audience": ["person"]}


def test_a_new_representative_ends_the_one_before(phone: Phone, daughter: Phone, stranger: Phone) -> None:
    """The authority's word counts; the one before is told, what they offered is void, and the company's cases stay."""
    found = company(phone)
    terms = {"matters": ["licence:food_business"], "ends_on": NEXT_MONTH}
    offered = phone.http.post(f"/api/v1/companies/{found['id']}/agents", json=terms).json()["code"]
    daughter.show_face()
    before = {"X-Acting-For": found["mandate_id"]}
    case = phone.http.post("/api/v1/applications", json={"item_code": phone.item()["item_code"]}, headers=before)
    taken = daughter.http.post("/api/v1/companies", json={"uscc": found["uscc"], "name": found["name"]}).json()
    assert taken["id"] == found["id"]
    assert error_of(phone.http.get("/api/v1/applications", headers=before)) == (403, "mandate_inactive")
    after = daughter.http.get("/api/v1/applications", headers={"X-Acting-For": taken["mandate_id"]}).json()
    assert [entry["id"] for entry in after["items"]] == [case.json()["id"]]
    assert messages(phone.http) == ["mandate_ended"]
    stranger.verify()
    taken = stranger.http.post("/api/v1/mandates/acceptances", json={"code": offered})
    assert error_of(taken) == (422, "invitation_invalid")


def test_a_code_with_a_wrong_check_character_warns_and_the_authority_decides(phone: Phone) -> None:
    """Such codes were issued (91350211M0000XUF46): arithmetic does not lock a company out."""
    phone.show_face()
    body = {"uscc": "91350211M0000XUF46", "name": "示例旧代码企业"}
    answer = phone.http.post("/api/v1/companies", json=body)
    assert (answer.status_code, answer.json()["warnings"]) == (201, ["credit_code_check"])
    assert company(phone)["warnings"] == []


@pytest.mark.parametrize(
    ("uscc", "name", "code"),
    [
        ("91230800MA1B2C3D4D", "别的公司", "company_mismatch"),
        ("91350100M000100Y43", "公司不符", "company_mismatch"),
        ("91350100M000100Y43", " ", "company_mismatch"),
        ("91350100M000100Y4", "短", "credit_code_invalid"),
        ("91350100I000100Y43", "字母I", "credit_code_invalid"),
    ],
)
def test_a_company_that_the_authority_does_not_confirm_is_refused(
    phone: Phone, uscc: str, name: str, code: str
) -> None:
    """A wrong name, a wrong representative and an unknown company look the same."""
    phone.show_face()
    assert error_of(phone.http.post("/api/v1/companies", json={"uscc": uscc, "name": name})) == (422, code)


def test_both_guardians_act_for_the_same_child(phone: Phone, daughter: Phone) -> None:
    """It has no account; what is begun for it is its own, and both guardians see it."""
    ward = make_child().named
    refused = phone.http.post("/api/v1/wards", json=ward)
    assert error_of(refused) == (403, "consent_missing")
    for parent in (phone, daughter):
        parent.consent("child")
        assert error_of(parent.http.post("/api/v1/wards", json=ward)) == (403, "level_too_low")
        parent.show_face()
    item = phone.http.get("/api/v1/items", params={"q": "居民医保"}).json()["items"][0]["item_code"]
    one, other = (parent.http.post("/api/v1/wards", json=ward) for parent in (phone, daughter))
    assert (one.status_code, one.json()["kind"], one.json()["matters"]) == (201, "guardian", ["*"])
    case = phone.http.post(
        "/api/v1/applications", json={"item_code": item}, headers={"X-Acting-For": one.json()["id"]}
    ).json()
    assert case["form"]["applicant_id_number"] == ward["id_number"]
    seen = daughter.http.get("/api/v1/applications", headers={"X-Acting-For": other.json()["id"]}).json()["items"]
    assert [entry["id"] for entry in seen] == [case["id"]]
    again = phone.http.post("/api/v1/wards", json=ward)
    assert again.json()["id"] == one.json()["id"]
    assert "guardian_added" in messages(phone.http)
    assert {entry["id"] for entry in phone.http.get("/api/v1/mandates").json()["items"]} == {
        *(one.json()["id"], other.json()["id"]),
    }


def test_guardianship_ends_where_childhood_does_and_needs_the_authority(phone: Phone) -> None:
    """Fourteen is too old; a child that the authority does not know as one's own is nobody's to take."""
    phone.consent("child")
    phone.show_face()
    grown = {"name": phone.person.name, "id_number": phone.person.id_number}
    assert error_of(phone.http.post("/api/v1/wards", json=grown)) == (422, "not_a_minor")
    for name in ("李不符", " "):
        strange = {**make_child().named, "name": name}
        assert error_of(phone.http.post("/api/v1/wards", json=strange)) == (422, "guardianship_mismatch")
    young = make_child().named
    taken = phone.http.post("/api/v1/wards", json=young).json()
    assert taken["ends_at"][:4] == str(int(young["id_number"][6:10]) + 14)
