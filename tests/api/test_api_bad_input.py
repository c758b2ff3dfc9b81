"""Every bad input has its own code and status, and repeats nothing of what was sent."""

import io
import struct
import uuid
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true

SIGN_IN = "/api/v1/sessions"
REAL_NAME = "/api/v1/identity/real-name"

BODIES: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"{", 400, "body_malformed"),
    "nothing": (b"", 400, "body_malformed"),
    "a list": (b"[]", 400, "body_malformed"),
    "a text": (b'"login-x"', 400, "body_malformed"),
    "not UTF-8": (b'{"code":"\xff"}', 400, "body_malformed"),
    "half a surrogate": (b'{"code":"\\ud800"}', 400, "body_malformed"),
    "nested without end": (b"[" * 100_000, 400, "body_malformed"),
    "another type": (b'{"code":1}', 422, "field_invalid"),
    "null": (b'{"code":null}', 422, "field_invalid"),
    "a field missing": (b"{}", 422, "field_invalid"),
    "a field too many": (b'{"code":"login-x","\xe5\xbc\xa0\xe4\xb8\x89":1}', 422, "field_invalid"),
    "an empty text": (b'{"code":""}', 422, "field_invalid"),
    "too long a text": (b'{"code":"' + b"a" * 600 + b'"}', 422, "field_invalid"),
    "NUL": (b'{"code":"login-\\u0000"}', 422, "field_invalid"),
    "a backspace": (b'{"code":"login-\\b"}', 422, "field_invalid"),
    "over 256 KB": (b'{"code":"' + b"a" * 300_000 + b'"}', 413, "body_too_large"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused(client: httpx.Client, name: str) -> None:
    """By what is wrong with it."""
    content, status, code = BODIES[name]
    answer = client.post(SIGN_IN, content=content)
    assert error_of(answer) == (status, code)
    assert "张三" not in answer.text


def test_a_wrong_field_is_named_and_its_value_is_not(citizen: httpx.Client) -> None:
    """Which field, and in which way."""
    answer = citizen.post(REAL_NAME, json={"name": 440524188001010014, "id_number": "440524188001010014"})
    assert error_of(answer) == (422, "field_invalid")
    assert answer.json()["context"]["fields"] == [{"field": "name", "reason": "string_type"}]
    assert "440524188001010014" not in answer.text


@pytest.mark.parametrize(
    ("name", "id_number", "code"),
    [
        ("张三", "110105194912310021", "id_number_invalid"),
        ("张三", "11010519491331002X", "id_number_invalid"),
        ("张三", "1", "id_number_invalid"),
        ("张不符", "11010519491231002X", "real_name_mismatch"),
    ],
)
def test_an_identity_that_is_none_is_refused(stranger: Phone, name: str, id_number: str, code: str) -> None:
    """A wrong check digit, a day that is none, another's name."""
    answer = stranger.http.post(REAL_NAME, json={"name": name, "id_number": id_number})
    assert error_of(answer) == (422, code)
    assert name not in answer.text
    assert id_number == "1" or id_number not in answer.text


def test_an_authority_that_does_not_answer_is_not_the_citizens_fault(stranger: Phone) -> None:
    """Try again later; nothing is remembered."""
    answer = stranger.http.post(REAL_NAME, json={"name": "张超时", "id_number": "11010519491231002X"})
    assert error_of(answer) == (503, "real_name_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert stranger.http.get("/api/v1/identity").json()["level"] == 0


QUERIES: dict[str, tuple[dict[str, str], int, str]] = {
    "NUL": ({"q": "a\0"}, 422, "field_invalid"),
    "too long": ({"q": "a" * 101}, 422, "field_invalid"),
    "no cursor of ours": ({"cursor": "zzz"}, 422, "invalid_cursor"),
    "a cursor of another list": ({"cursor": "WyJhIl0"}, 422, "invalid_cursor"),
    "no region": ({"region": "23"}, 422, "field_invalid"),
    "an unknown region": ({"region": "999999"}, 422, "region_unknown"),
    "no audience": ({"audience": "dogs"}, 422, "field_invalid"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_bad_query_is_refused(client: httpx.Client, name: str) -> None:
    """By what is wrong with it."""
    query, status, code = QUERIES[name]
    assert error_of(client.get("/api/v1/items", params=query)) == (status, code)


FORMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "another type": ({"site_area": "x"}, "site_area", "type"),
    "too short": ({"business_name": ""}, "business_name", "minLength"),
    "not to be chosen": ({"business_kind": "赌场"}, "business_kind", "enum"),
    "within a list": ({"business_items": ["别的"]}, "business_items.0", "enum"),
    "a pattern": ({"applicant_phone": "12345"}, "applicant_phone", "pattern"),
    "unknown": ({"身份证": "11010519491231002X"}, "?", "additionalProperties"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_wrong_field_of_a_form_is_told_in_chinese(phone: Phone, name: str) -> None:
    """By its title, and nothing of the form is changed."""
    form, field, reason = FORMS[name]
    draft = phone.draft()
    path = f"/api/v1/applications/{draft['id']}"
    answer = phone.http.patch(path, json={"revision": draft["revision"], "form": {"remark": "x", **form}})
    assert error_of(answer) == (422, "form_invalid")
    (problem,) = answer.json()["context"]["fields"]
    assert (problem["field"], problem["reason"]) == (field, reason)
    assert problem["message"]
    assert "11010519491231002X" not in answer.text
    assert phone.http.get(path).json()["form"] == draft["form"]


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def jpeg() -> bytes:
    """A small photograph."""
    content = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(content, "JPEG")
    return content.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "a text named .jpg": (lambda: b"hello" * 100, 415, "upload_unsupported_type"),
    "a program": (lambda: b"MZ" + bytes(5000), 415, "upload_unsupported_type"),
    "nothing": (lambda: b"", 422, "upload_broken"),
    "cut off": (lambda: jpeg()[:-500], 422, "upload_broken"),
    "11 MB": (lambda: b"\xff\xd8" + bytes(11_000_000), 413, "upload_too_large"),
    "60 MB": (lambda: bytes(60_000_000), 413, "body_too_large"),
    "30,000 x 30,000 pixels": (lambda: png(30_000, 30_000), 413, "upload_too_many_pixels"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused_and_the_next_good_one_taken(phone: Phone, name: str) -> None:
    """By its content, whatever its name says."""
    make, status, code = FILES[name]
    path = f"/api/v1/applications/{phone.draft()['id']}"
    data = {"material_id": "site_photo"}
    answer = phone.http.post(f"{path}/materials", data=data, files={"file": ("a.jpg", make(), "image/jpeg")})
    assert error_of(answer) == (status, code)
    assert phone.http.get(path).json()["materials"] == []
    good = phone.http.post(f"{path}/materials", data=data, files={"file": ("a.jpg", jpeg(), "image/jpeg")})
    assert good.status_code == 201
    await_true("it is scanned", lambda: phone.http.get(path).json()["materials"][0]["scan"] != "pending")
    kept = phone.http.get(f"{path}/materials/{good.json()['id']}")
    assert (kept.headers["Content-Type"], len(kept.content)) == ("image/jpeg", good.json()["size"])


def test_an_upload_without_its_parts_is_refused(citizen: httpx.Client, phone: Phone) -> None:
    """No file, no material, a material that nobody asks for, no multipart at all."""
    path = f"/api/v1/applications/{phone.draft()['id']}/materials"
    file = {"file": ("a.jpg", jpeg(), "image/jpeg")}
    assert error_of(citizen.post(path, data={"material_id": "site_photo"})) == (422, "upload_missing")
    assert error_of(citizen.post(path, files=file)) == (422, "upload_missing")
    assert error_of(citizen.post(path, data={"material_id": "x"}, files=file)) == (422, "material_unknown")
    assert error_of(citizen.post(path, json={})) == (422, "upload_missing")


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 129])
def test_a_bad_idempotency_key_is_refused(citizen: httpx.Client, phone: Phone, key: str) -> None:
    """One to 128 printable characters without a space."""
    path = f"/api/v1/applications/{phone.draft()['id']}/submission"
    answer = citizen.post(path, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert error_of(answer) == (422, "idempotency_key_invalid")


def test_what_is_not_there_is_told_in_json(citizen: httpx.Client) -> None:
    """Routes, methods, things."""
    assert error_of(citizen.get("/nothing")) == (404, "not_found")
    assert error_of(citizen.delete("/api/v1/items")) == (405, "method_not_allowed")
    assert error_of(citizen.get("/api/v1/items/nothing")) == (404, "item_not_found")
    assert error_of(citizen.get("/api/v1/applications/no-uuid")) == (404, "not_found")
    assert error_of(citizen.get(f"/api/v1/applications/{uuid.uuid4()}")) == (404, "application_not_found")
    assert error_of(citizen.get(f"/api/v1/licences/{uuid.uuid4()}")) == (404, "licence_not_found")
    assert error_of(citizen.post("/api/v1/applications", json={"item_code": "x"})) == (404, "item_not_found")


def test_a_request_id_of_the_callers_choosing_is_not_taken(client: httpx.Client) -> None:
    """It would reach the logs."""
    answer = client.get("/nothing", headers={"X-Request-Id": "13800000000"})
    assert "13800000000" not in answer.text + str(answer.headers)


def test_no_refusal_repeats_what_a_person_sent(stranger: Phone, phone: Phone) -> None:
    """Name, number and phone, in every place they can wrongly stand in; the client's own check looks at each answer."""
    person = stranger.person
    path = f"/api/v1/applications/{phone.draft()['id']}"
    wrong = person.id_number[:-1] + ("1" if person.id_number[-1] != "1" else "2")
    for secret in (person.name, person.id_number, person.phone_code.removeprefix("phone-"), wrong):
        refused = [
            stranger.http.post(SIGN_IN, json={"code": secret}),
            stranger.http.post(SIGN_IN, json={"code": "login-x", secret: secret}),
            stranger.http.post("/api/v1/sessions/refresh", json={"refresh_token": secret}),
            stranger.http.post("/api/v1/identity/phone", json={"code": secret}),
            stranger.http.post(REAL_NAME, json={"name": person.name + "不符", "id_number": person.id_number}),
            stranger.http.post(REAL_NAME, json={"name": person.name, "id_number": wrong}),
            stranger.http.post(REAL_NAME, json={"name": [secret], "id_number": {secret: secret}}),
            stranger.http.post(REAL_NAME, content=f"{secret}{{".encode()),
            stranger.http.get(f"/nothing/{secret}"),
            stranger.http.get(f"/api/v1/items/{secret}"),
            stranger.http.get("/api/v1/items", params={"region": secret, secret: secret}),
            stranger.http.get("/api/v1/messages", params={"cursor": secret}),
            stranger.http.post("/api/v1/subscriptions", json={"template_ids": [secret], "results": {secret: "accept"}}),
            phone.http.patch(path, json={"revision": 1, "form": {secret: secret}}),
            phone.http.patch(path, json={"revision": 1, "form": {"business_kind": secret, "business_items": [secret]}}),
            phone.http.post(f"{path}/materials", data={"material_id": secret}, files={"file": (secret, jpeg())}),
            phone.http.post(f"{path}/submission", headers=[(b"Idempotency-Key", secret.encode() + b" x")]),
            phone.http.post("/staff/v1/sessions", json={"username": secret, "password": secret}),
        ]
        for answer in refused:
            assert answer.is_error, answer.request.url.path
            assert secret not in answer.text, answer.request.url.path
