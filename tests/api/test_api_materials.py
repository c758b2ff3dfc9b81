"""Materials over HTTP: an upload that breaks off, and what a phone sees of its files."""

import contextlib
import hashlib
import io
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from app.demo.plan import Plan
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.unit.media.papers import paper


def photograph() -> bytes:
    """A photograph of several chunks."""
    content = io.BytesIO()
    Image.effect_noise((900, 900), 80).save(content, "JPEG", quality=95)
    return content.getvalue()


@pytest.fixture
def path(phone: Phone) -> str:
    """A draft that lacks its photograph."""
    return f"/api/v1/applications/{phone.draft(remark='请等待')['id']}"


@pytest.fixture
def other_device(plan: Plan, phone: Phone) -> Iterator[Phone]:
    """Another session of the same citizen."""
    other = Phone(plan, phone.person)
    other.http.event_hooks = phone.http.event_hooks
    other.sign_in()
    yield other
    other.http.close()


def begin(phone: Phone, path: str, content: bytes) -> dict[str, Any]:
    """Announce a file."""
    body = {"material_id": "site_photo", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    answer = phone.http.post(f"{path}/uploads", json=body)
    assert answer.status_code == 201, answer.text
    upload: dict[str, Any] = answer.json()
    return upload


def chunk(upload: dict[str, Any], content: bytes, number: int) -> bytes:
    """A chunk of the content."""
    size = upload["chunk_size"]
    return content[number * size : (number + 1) * size]


def put(phone: Phone, path: str, upload: dict[str, Any], content: bytes, number: int) -> httpx.Response:
    """Send a chunk."""
    url = f"{path}/uploads/{upload['id']}/chunks/{number}"
    return phone.http.put(url, content=chunk(upload, content, number))


def send_half(phone: Phone, url: str, content: bytes) -> None:
    """Send a chunk as a phone does that loses its network in the middle of it."""
    web = urlsplit(phone.plan.web_url)
    head = (
        f"PUT {url} HTTP/1.1\r\nHost: {web.netloc}\r\nAuthorization: {phone.http.headers['Authorization']}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((str(web.hostname), int(web.port or 80)), timeout=30) as line:
        line.sendall(head.encode() + content[: len(content) // 2])
        line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while line.recv(4096):
                pass


def scanned(phone: Phone, path: str, file_id: str) -> dict[str, Any]:
    """The file once the worker has looked at it."""

    def look() -> Any:
        found = [one for one in phone.http.get(path).json()["materials"] if one["id"] == file_id]
        return found[0] if found and found[0]["has_preview"] else None

    file: dict[str, Any] = await_true("the file is scanned and has a preview", look)
    return file


def test_an_upload_that_breaks_off_goes_on_from_another_device(phone: Phone, other_device: Phone, path: str) -> None:
    """Half a chunk is none; what came whole before it is not sent again, and the case can be submitted."""
    content = photograph()
    upload = begin(phone, path, content)
    last = upload["chunk_count"] - 1
    assert (upload["received"], upload["progress"], upload["chunks"], last > 2) == (0, 0, [], True)
    assert put(phone, path, upload, content, 0).json()["chunks"] == [0]
    send_half(phone, f"{path}/uploads/{upload['id']}/chunks/1", chunk(upload, content, 1))
    resumed = begin(other_device, path, content)
    assert (resumed["id"], resumed["chunks"], resumed["received"]) == (upload["id"], [0], upload["chunk_size"])
    assert other_device.http.get(f"{path}/uploads").json()["items"] == [resumed]
    early = other_device.http.post(f"{path}/uploads/{upload['id']}/completion")
    assert error_of(early) == (409, "upload_incomplete")
    assert early.json()["context"]["missing"] == list(range(1, last + 1))
    for number in range(last, 0, -1):
        assert put(other_device, path, upload, content, number).status_code == 200
    whole = phone.http.get(f"{path}/uploads/{upload['id']}").json()
    assert (whole["received"], whole["progress"]) == (len(content), 100)
    made = [device.http.post(f"{path}/uploads/{upload['id']}/completion") for device in (other_device, phone)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert len({answer.json()["id"] for answer in made}) == 1
    file = scanned(phone, path, made[0].json()["id"])
    assert (file["scan"], file["trust"], file["pages"], file["handed_in"]) == ("clean", "C", 1, False)
    kept = phone.http.get(f"{path}/materials/{file['id']}").content
    assert hashlib.sha256(kept).hexdigest() == file["sha256"]
    assert phone.http.post(f"{path}/submission").status_code == 202


def test_a_chunk_is_what_it_says(phone: Phone, path: str) -> None:
    """Another content, another length, a number too high, a whole file at once; then it is given up."""
    content = photograph()
    upload = begin(phone, path, content)
    url = f"{path}/uploads/{upload['id']}/chunks"
    assert put(phone, path, upload, content, 0).status_code == 200
    other = phone.http.put(f"{url}/0", content=bytes(upload["chunk_size"]))
    assert error_of(other) == (409, "upload_chunk_differs")
    for number, body in ((upload["chunk_count"], b"x"), (1, b"x"), (1, content), (1, b"")):
        assert error_of(phone.http.put(f"{url}/{number}", content=body)) == (422, "upload_chunk_invalid")
    assert error_of(phone.http.put(f"{url}/x", content=b"x")) == (404, "not_found")
    left = phone.http.delete(f"{path}/uploads/{upload['id']}")
    assert (left.status_code, left.json()) == (200, {"items": []})
    assert error_of(phone.http.get(f"{path}/uploads/{upload['id']}")) == (404, "upload_not_found")


def test_a_pdf_is_shown_small_copied_for_a_purpose_and_taken_back(phone: Phone, path: str) -> None:
    """Each in its own type; afterwards there is nothing."""
    files = {"file": ("a.jpg", paper(pages=2), "image/jpeg")}
    taken = phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files=files)
    assert taken.status_code == 201, taken.text
    file = scanned(phone, path, taken.json()["id"])
    assert (file["content_type"], file["pages"]) == ("application/pdf", 2)
    url = f"{path}/materials/{file['id']}"
    preview, copy = phone.http.get(f"{url}/preview"), phone.http.get(f"{url}/copy", params={"purpose": "办理入学"})
    assert (preview.headers["Content-Type"], preview.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert (copy.headers["Content-Type"], copy.content[:5]) == ("application/pdf", b"%PDF-")
    assert copy.headers["Cache-Control"] == "no-store"
    for purpose in ("", " ", "长" * 41, "a\x00b"):
        assert error_of(phone.http.get(f"{url}/copy", params={"purpose": purpose})) == (422, "field_invalid")
    assert error_of(phone.http.get(f"{url}/copy")) == (422, "field_invalid")
    assert phone.http.delete(url).json() == {"items": []}
    assert error_of(phone.http.get(f"{url}/preview")) == (404, "not_found")


def test_what_was_given_before_is_given_again(phone: Phone, path: str) -> None:
    """It is found by item and material, with its day and case, and becomes a file of the new draft."""
    files = {"file": ("a.jpg", photograph(), "image/jpeg")}
    first = phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files=files).json()
    scanned(phone, path, first["id"])
    case_no = phone.http.post(f"{path}/submission").json()["case_no"]
    query = {"item_code": phone.item()["item_code"], "material_id": "site_photo"}
    (earlier,) = phone.http.get("/api/v1/materials", params=query).json()["items"]
    assert (earlier["file_id"], earlier["case_no"], earlier["material_name"]) == (first["id"], case_no, "经营场所照片")
    draft = f"/api/v1/applications/{phone.draft(remark='请等待')['id']}"
    body = {"material_id": "site_photo", "file_id": first["id"]}
    again = phone.http.post(f"{draft}/materials/reuse", json=body)
    assert (again.status_code, again.json()["reused_from"]) == (201, first["id"])
    assert phone.http.post(f"{draft}/submission").status_code == 202
    assert error_of(phone.http.delete(f"{path}/materials/{first['id']}")) == (409, "material_handed_in")
