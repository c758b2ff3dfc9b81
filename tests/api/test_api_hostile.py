"""What no phone sends: bytes that are no text, texts that PostgreSQL cannot keep, more than anybody takes."""

import json
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.demo.plan import Plan
from app.kit.signing import CLIENT_ID, NONCE, SIGNATURE, TIMESTAMP
from config.settings import Settings
from tests.conftest import Phone, error_of
from tests.partners import approval_signer

MEGABYTE = bytes(1_000_000)
JSON = {"Content-Type": "application/json"}


def said_to(
    plan: Plan, head: str, body: Iterator[bytes] | None = None, more: bytes = b""
) -> tuple[int, dict[str, Any]]:
    """Send a request by hand, on after the server hangs up, and return the status and JSON that came back."""
    url = httpx.URL(plan.web_url)
    with socket.create_connection((url.host, url.port or 80), timeout=20) as line:
        received = b""
        try:
            line.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + more)
            for piece in body or ():
                line.sendall(piece)
        except ConnectionError:
            pass  # the server has had enough; what it said stands in our buffer
        while b"}" not in received.partition(b"\r\n\r\n")[2] and (piece := line.recv(65536)):
            received += piece
    first, content = received.split(b" ", 2)[1], received.partition(b"\r\n\r\n")[2]
    return int(first), json.loads(content)


def code_of(said: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    """The status and code of a refusal, whose body has the published shape."""
    status, body = said
    assert set(body) == {"code", "message", "request_id", "context"}
    return status, body["code"]


@pytest.mark.parametrize("path", ["/api/v1/sessions", f"/api/v1/applications/{uuid.UUID(int=0)}/materials"])
def test_a_sender_of_60_mb_gets_to_read_why_it_is_refused(plan: Plan, path: str) -> None:
    """Also one that sends all of it before it listens, with a length or in chunks, with a token or without."""
    head = f"POST {path} HTTP/1.1\nHost: x\nContent-Length: 60000000"
    assert code_of(said_to(plan, head, iter([MEGABYTE] * 60))) == (413, "body_too_large")
    head = f"POST {path} HTTP/1.1\nHost: x\nTransfer-Encoding: chunked"
    chunk = b"f4240\r\n" + MEGABYTE + b"\r\n"
    assert code_of(said_to(plan, head, iter([chunk] * 60))) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        ("POST /api/v1/sessions HTTP/1.1\nHost: x\nContent-Length: -1", 400, "body_malformed"),
        ("POST /api/v1/sessions HTTP/1.1\nHost: x\nContent-Length: many", 400, "body_malformed"),
        ("\0\1\2", 400, "body_malformed"),
        ("GET /health/live HTTP/1.1\nHost: x\nX-Long: " + "a" * 20_000, 431, "head_too_large"),
        ("GET /api/v1/items?q=" + "a" * 20_000 + " HTTP/1.1\nHost: x", 431, "head_too_large"),
        ("GET /api/v1/identity HTTP/1.1\nHost: x\nAuthorization: Bearer ", 401, "access_token_missing"),
    ],
)
def test_what_is_hardly_http_is_answered_in_json(plan: Plan, head: str, status: int, code: str) -> None:
    """With the same shape as any other refusal."""
    assert code_of(said_to(plan, head)) == (status, code)


@pytest.mark.parametrize("agent", ["a\0b", "\xff\xfe", "a" * 500, "\x01"])
def test_a_phone_may_call_itself_anything(plan: Plan, agent: str) -> None:
    """The name goes into the list of sessions, as far as it can be shown there."""
    body = json.dumps({"code": f"login-{uuid.uuid4().hex}"}).encode()
    head = f"POST /api/v1/sessions HTTP/1.1\nHost: x\nUser-Agent: {agent}\nContent-Length: {len(body)}"
    status, session = said_to(plan, head, more=body)
    assert status == 201
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    shown = httpx.get(f"{plan.web_url}/api/v1/sessions", headers=headers, trust_env=False).json()["items"]
    assert len(shown[0]["device"]) <= 128
    assert shown[0]["device"].isprintable()


@pytest.mark.parametrize(
    "token", [b"\xff", "é".encode(), b"eyJhbGciOiJub25lIn0.e30.", b"eyJhbGciOiJFZERTQSIsImtpZCI6W119.e30.AA"]
)
def test_a_token_of_strange_bytes_is_no_token(client: httpx.Client, token: bytes) -> None:
    """Bytes that are no text, a token that nobody signed, a key that is no name."""
    headers = {b"Authorization": b"Bearer " + token}
    for path in ("/api/v1/identity", "/metrics"):
        assert error_of(client.get(path, headers=headers)) == (401, "access_token_invalid")
    assert client.get("/health/ready", headers=headers).json()["parts"] is None


@pytest.mark.parametrize("name", [CLIENT_ID, TIMESTAMP, NONCE, SIGNATURE])
def test_a_signature_of_strange_bytes_is_none(client: httpx.Client, settings: Settings, name: str) -> None:
    """In each of its headers."""
    path = "/callbacks/approvals"
    signer = approval_signer(settings)
    headers = {
        key.encode(): value.encode() for key, value in signer.headers("POST", path, b"{}", now=time.time()).items()
    }
    answer = client.post(path, content=b"{}", headers={**headers, name.encode(): b"\xff"})
    assert error_of(answer) == (401, "signature_missing")


@pytest.mark.parametrize("part", ["%00", "%FF", "%ED%A0%80", "%", "a" * 32, "a" * 7000, "..%2F..", "'%22;--"])
def test_a_name_in_a_path_that_can_be_nobodys_leads_nowhere(
    client: httpx.Client, settings: Settings, part: str
) -> None:
    """An item, a code, a case."""
    assert error_of(client.get(f"/api/v1/items/{part}")) == (404, "item_not_found")
    assert client.get(f"/v/{part}").status_code == 404
    signer = approval_signer(settings)
    path = httpx.URL(f"http://x/callbacks/approvals/cases/{part}/materials/{uuid.uuid4()}").raw_path.decode()
    headers = signer.headers("GET", path, b"", now=time.time())
    assert error_of(client.get(path, headers=headers)) == (404, "not_found")


NOT_TEXT = {"NUL": ("\\u0000", 422, "field_invalid"), "half a pair": ("\\ud800", 400, "body_malformed")}


@pytest.mark.parametrize("name", NOT_TEXT)
def test_a_text_that_cannot_be_kept_is_refused_wherever_it_stands(phone: Phone, staff: httpx.Client, name: str) -> None:
    """Names, codes, forms and their keys, notes, reasons, template ids."""
    text, status, code = NOT_TEXT[name]
    draft = phone.draft()
    path = f"/api/v1/applications/{draft['id']}"
    bodies = [
        ("POST", "/api/v1/sessions", f'{{"code":"login-{text}"}}'),
        ("POST", "/api/v1/sessions", f'{{"code":"login-x","device":"{text}"}}'),
        ("POST", "/api/v1/sessions/refresh", f'{{"refresh_token":"{text}"}}'),
        ("POST", "/api/v1/identity/phone", f'{{"code":"{text}"}}'),
        ("POST", "/api/v1/identity/real-name", f'{{"name":"张{text}","id_number":"11010519491231002X"}}'),
        ("POST", "/api/v1/identity/real-name", f'{{"name":"张三","id_number":"{text}"}}'),
        ("POST", "/api/v1/subscriptions", f'{{"template_ids":["{text}"],"results":["accept"]}}'),
        ("POST", "/api/v1/subscriptions", f'{{"template_ids":["x"],"results":{{"{text}":"accept"}}}}'),
        ("POST", "/api/v1/applications", f'{{"item_code":"{text}"}}'),
        ("PATCH", path, f'{{"revision":1,"form":{{"remark":"a{text}"}}}}'),
        ("PATCH", path, f'{{"revision":1,"form":{{"{text}":"a"}}}}'),
        ("PATCH", path, f'{{"revision":1,"form":{{"business_items":["{text}"]}}}}'),
        ("POST", f"{path}/supplements", f'{{"note":"{text}"}}'),
        ("POST", f"{path}/withdrawal", f'{{"reason":"{text}"}}'),
    ]
    for method, url, body in bodies:
        answer = phone.http.request(method, url, content=body.encode(), headers=JSON)
        assert error_of(answer) == (status, code), (url, body)
    answer = staff.post("/staff/v1/verifications", content=f'{{"code":"{text}"}}'.encode(), headers=JSON)
    assert error_of(answer) == (status, code)
    assert phone.http.get(path).json()["form"] == draft["form"]


def test_a_query_that_is_no_text_is_refused_or_finds_nothing(citizen: httpx.Client) -> None:
    """Words, regions and cursors."""
    for path in ("/api/v1/applications", "/api/v1/licences", "/api/v1/messages", "/api/v1/items"):
        assert error_of(citizen.get(f"{path}?cursor=%00")) == (422, "field_invalid")
        assert error_of(citizen.get(f"{path}?cursor=%ED%A0%80")) == (422, "invalid_cursor")
        assert error_of(citizen.get(f"{path}?cursor=W10")) == (422, "invalid_cursor")
    for query in ("q=%00", "region=%00", "region=%FF", "audience=%00"):
        assert error_of(citizen.get(f"/api/v1/items?{query}")) == (422, "field_invalid")
    assert citizen.get("/api/v1/items?q=%ED%A0%80%FF").json()["items"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 4000])
def test_a_number_that_is_none_does_not_get_into_a_form(phone: Phone, number: str) -> None:
    """Python reads it as a number, PostgreSQL does not."""
    draft = phone.draft()
    content = f'{{"revision":{draft["revision"]},"form":{{"site_area":{number}}}}}'
    answer = phone.http.patch(f"/api/v1/applications/{draft['id']}", content=content, headers=JSON)
    assert error_of(answer) == (422, "form_invalid")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\n\r\na',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nabc\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition\r\n\r\nabc\r\n--x--\r\n"),
        ("application/x-www-form-urlencoded", b"material_id=site_photo&file=x"),
    ],
)
def test_an_upload_that_is_no_form_carries_no_file(phone: Phone, kind: str, body: bytes) -> None:
    """Whatever the parser makes of it."""
    path = f"/api/v1/applications/{phone.draft()['id']}/materials"
    assert error_of(phone.http.post(path, content=body, headers={"Content-Type": kind})) == (422, "upload_missing")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/identity/real-name", {b"X-Device-Id": b"\xff\xfe"}),
        ("/api/v1/identity/real-name", {b"User-Agent": b"\xff\xfe"}),
        ("/h5/v1/session/refresh", {b"Cookie": b"jiaban_refresh=\xff\xfe"}),
        ("/h5/v1/session/refresh", {b"Cookie": b"jiaban_refresh=\xff\xfe", b"X-CSRF-Token": b"\xff"}),
    ],
)
def test_a_header_that_is_no_text_is_no_fault(stranger: Phone, path: str, headers: dict[bytes, bytes]) -> None:
    """Bytes that are not UTF-8, where they are counted or compared."""
    body = {"name": "张不符", "id_number": "11010519491231002X"}
    answer = stranger.http.post(path, json=body, headers=list(headers.items()))
    assert answer.status_code in {403, 422}, answer.text
