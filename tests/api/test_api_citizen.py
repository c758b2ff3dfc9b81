"""What citizens, staff and operators get to see."""

import base64
import io
import uuid

import httpx
import pytest
import zxingcpp
from PIL import Image

from app.demo.plan import Plan
from app.identity.rules import mask_name
from config.settings import Settings
from tests.api.conftest import Holder
from tests.conftest import Phone, assert_logs_know_nobody, error_of


def present(client: httpx.Client, holder: Holder) -> dict[str, str]:
    """A fresh code."""
    answer = client.post(f"{holder.path}/presentations", json={"preset": "card"}, headers=holder.headers)
    assert answer.status_code == 201
    body: dict[str, str] = answer.json()
    return body


def test_a_citizen_sees_themselves_masked(phone: Phone) -> None:
    """Name, number and phone, with their middle hidden."""
    seen = phone.http.get("/api/v1/identity")
    person = phone.person
    assert seen.json()["level"] == 2
    for secret in (person.name, person.id_number, person.phone_code.removeprefix("phone-")):
        assert secret not in seen.text
    assert seen.json()["id_number"].endswith(person.id_number[-4:])


def test_the_catalogue_is_searched_and_paged(client: httpx.Client) -> None:
    """Every item once, the trip's item first for its name, also from a village."""
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/api/v1/items", params={"cursor": cursor} if cursor else {}).json()
        seen += [entry["item_code"] for entry in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) >= 20
    for query in ({"q": "食品经营"}, {"q": "开饭店"}, {"q": "食品经营", "region": "230804", "audience": "person"}):
        first = client.get("/api/v1/items", params=query).json()["items"][0]
        assert first["name"].startswith("食品经营")
    assert client.get("/api/v1/items", params={"q": "zzzzqq%_"}).json() == {
        "items": [],
        "life_events": [],
        "next_cursor": None,
    }


def test_a_guide_is_complete(client: httpx.Client) -> None:
    """What a citizen must know before applying, and a form that passes."""
    code = client.get("/api/v1/items", params={"q": "食品经营"}).json()["items"][0]["item_code"]
    item = client.get(f"/api/v1/items/{code}").json()
    for part in ("conditions", "materials", "steps", "fees", "legal_basis", "questions", "windows", "form_schema"):
        assert item[part], part
    assert {"id", "name", "required", "obtained_from"} <= set(item["materials"][0])
    assert item["promised_days"] <= item["statutory_days"]


def test_what_was_allowed_is_counted(citizen: httpx.Client) -> None:
    """One send for each yes, as WeChat words it or as a list; no is no."""
    known = citizen.get("/api/v1/subscriptions").json()["items"]
    first, second = known[0]["template_id"], known[1]["template_id"]
    body = {"template_ids": [first, second], "results": {first: "accept", second: "reject"}}
    citizen.post("/api/v1/subscriptions", json=body)
    counted = citizen.post("/api/v1/subscriptions", json={"template_ids": [first], "results": ["accept"]}).json()
    remaining = {entry["template_id"]: entry["remaining"] for entry in counted["items"]}
    assert (remaining[first], remaining[second]) == (2, 0)
    unknown = citizen.post("/api/v1/subscriptions", json={"template_ids": ["x"], "results": ["accept"]})
    assert error_of(unknown) == (422, "template_unknown")


def test_the_wallet_shows_the_licence_and_its_card(client: httpx.Client, holder: Holder) -> None:
    """The identity number with its middle hidden, since a card is held out to others."""
    client.headers.update(holder.headers)
    entry = next(each for each in client.get("/api/v1/licences").json()["items"] if each["id"] == holder.licence["id"])
    assert entry["identifier"].startswith("1.2.156.3005.2.")
    whole = client.get(holder.path)
    assert holder.person.id_number not in whole.text
    assert holder.person.name in whole.text
    card = client.get(f"{holder.path}/card.png")
    with Image.open(io.BytesIO(card.content)) as picture:
        assert (picture.format, picture.width > picture.height) == ("PNG", True)
        assert picture.size == (1012, 638)
    assert card.headers["Cache-Control"].startswith("private")
    back = client.get(f"{holder.path}/card-back.png")
    with Image.open(io.BytesIO(back.content)) as picture:
        assert picture.size == (1012, 638)


def test_a_card_that_has_not_changed_is_not_sent_again(client: httpx.Client, holder: Holder) -> None:
    """A copy for a purpose is another picture than the card."""
    client.headers.update(holder.headers)
    card, back = (client.get(f"{holder.path}/{name}.png") for name in ("card", "card-back"))
    copy = client.get(f"{holder.path}/card.png", params={"purpose": "办理入学"})
    assert len({answer.headers["ETag"] for answer in (card, back, copy)}) == 3
    assert len({answer.content for answer in (card, back, copy)}) == 3
    known = {"If-None-Match": card.headers["ETag"]}
    again = client.get(f"{holder.path}/card.png", headers=known)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", card.headers["ETag"])
    assert client.get(f"{holder.path}/card.png", headers=known, params={"purpose": "办理入学"}).status_code == 200


@pytest.mark.parametrize("purpose", [" ", "用" * 41])
def test_a_purpose_is_said_in_forty_characters(client: httpx.Client, holder: Holder, purpose: str) -> None:
    """And says something."""
    client.headers.update(holder.headers)
    refused = client.get(f"{holder.path}/card.png", params={"purpose": purpose})
    assert error_of(refused) == (422, "field_invalid")


def test_a_code_is_read_from_its_picture_and_opened_without_being_spent(
    client: httpx.Client, staff: httpx.Client, holder: Holder
) -> None:
    """In either case, as often as anybody likes; then the officer's scan is valid, once."""
    shown = present(client, holder)
    with Image.open(io.BytesIO(base64.b64decode(shown["qr"].partition(",")[2]))) as picture:
        assert picture.mode == "1"
        (read,) = zxingcpp.read_barcodes(picture.convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
        assert read.text == shown["code"]
    token = shown["code"].rpartition("/")[2]
    for path in (
        f"/v/{token}",
        f"/V/{token}",
        f"/v/{token.lower()}",
        f"/V/{token.lower()}",
        httpx.URL(shown["url"]).path,
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert "真实" in page.text
        assert holder.person.name not in page.text
        assert mask_name(holder.person.name) in page.text
        assert holder.person.id_number[-4:] not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    first, second = (staff.post("/staff/v1/verifications", json={"code": shown["code"]}).json() for _ in range(2))
    assert (first["verdict"], second["verdict"], second["reason"]) == ("valid", "refused", "replayed")
    assert first["licence"]["fields"]
    assert second["licence"] is None
    assert "已使用" in client.get(f"/v/{token}").text
    seen = client.get(f"{holder.path}/verifications", headers=holder.headers).json()["items"]
    assert [entry["reason"] for entry in seen[:2]] == ["replayed", "valid"]


def with_stray_bits(token: str) -> str:
    """The same bytes in another spelling: bits set in the last character that carry nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    loose = len(token) * 5 % 8
    assert loose, "every bit of this token counts"
    other = token[:-1] + alphabet[alphabet.index(token[-1]) | 1]
    padding = "=" * (-len(token) % 8)
    assert base64.b32decode(other + padding) == base64.b32decode(token + padding)
    return other


@pytest.mark.parametrize(
    "change", [with_stray_bits, lambda t: t + "=", lambda t: t[:-1], lambda t: "abc", lambda t: "a" * 2000]
)
def test_a_page_of_no_genuine_code_says_so(client: httpx.Client, holder: Holder, change: object) -> None:
    """Base32 that is not canonical, cut off, or nothing of ours."""
    token = present(client, holder)["code"].rpartition("/")[2]
    assert callable(change)
    page = client.get(f"/v/{change(token)}")
    assert page.status_code == 404
    assert "不是有效的亮证码" in page.text


def test_staff_see_what_their_duty_allows(client: httpx.Client, staff: httpx.Client, holder: Holder) -> None:
    """No identity number; a foreign code is malformed; a lost reply costs nothing."""
    code = present(client, holder)["code"]
    key = {"Idempotency-Key": uuid.uuid4().hex}
    answers = [staff.post("/staff/v1/verifications", json={"code": code}, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert holder.person.id_number not in answers[0].text
    assert holder.person.name in answers[0].text
    foreign = staff.post("/staff/v1/verifications", json={"code": "https://example.com/coupon"}).json()
    assert (foreign["verdict"], foreign["reason"], foreign["licence"]) == ("refused", "malformed", None)
    other = staff.post("/staff/v1/verifications", json={"code": "other"}, headers=key)
    assert error_of(other) == (409, "verification_key_reused")


def test_the_inbox_tells_what_happened(client: httpx.Client, holder: Holder) -> None:
    """In Chinese, with a link, each kind once."""
    messages = client.get("/api/v1/messages", headers=holder.headers).json()["items"]
    kinds = [entry["kind"] for entry in messages]
    for kind in ("submitted", "supplement_requested", "accepted", "approved", "licence_issued"):
        assert kinds.count(kind) == 1
    assert all(entry["title"] and entry["text"] and entry["link"] for entry in messages)


def test_health_tells_operators_more_than_others(client: httpx.Client, settings: Settings) -> None:
    """Whether it is up for anybody; what is wrong, and figures, with the token only."""
    operator = {"Authorization": f"Bearer {settings.ops_token.get_secret_value()}"}
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").json() == {"status": "ok", "why": [], "parts": None}
    assert client.get("/health/ready", headers=operator).json()["parts"] == {
        "database": "ok",
        "redis": "ok",
        "process": "ok",
    }
    client.get("/api/v1/items/anything")
    metrics = client.get("/metrics", headers=operator)
    assert "/api/v1/items/anything" not in metrics.text
    assert 'route="api/v1/items/<item_code:str>"' in metrics.text
    assert 'jiaban_requests_total{method="GET",route="health/live",status="200"}' in metrics.text


def test_no_log_holds_a_persons_data_or_a_code(plan: Plan, client: httpx.Client, holder: Holder) -> None:
    """Of everybody whom the tests made up so far."""
    token = present(client, holder)["code"].rpartition("/")[2]
    client.get(f"/v/{token}")
    assert_logs_know_nobody(plan, token, token.lower())
