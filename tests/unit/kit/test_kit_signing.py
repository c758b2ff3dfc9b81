"""Signed HTTP: nothing that matters can change on the way."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.kit.signing import CLIENT_ID, NONCE, SIGNATURE, TIMESTAMP, SignatureRefusedError, Signer
from tests.conftest import REPOSITORY

SIGNER = Signer("jiaban", b"secret")
NOW = 1_772_413_200.0
requests = st.tuples(st.sampled_from(["GET", "POST", "PUT"]), st.text(), st.binary())


def refused(headers: Mapping[str, str], method: str, path: str, body: bytes, *, now: float = NOW) -> str:
    """The reason of a refusal."""
    with pytest.raises(SignatureRefusedError) as error:
        SIGNER.verify(headers, method, path, body, now=now)
    return error.value.reason


def test_the_signed_text_is_the_documented_one() -> None:
    """Written out once more, without our code."""
    headers = SIGNER.headers("post", "/approvals?x=1", b"{}", now=NOW)
    text = "\n".join(
        ["jiaban", "1772413200", headers[NONCE], "POST", "/approvals?x=1", hashlib.sha256(b"{}").hexdigest()]
    )
    assert headers[SIGNATURE] == hmac.new(b"secret", text.encode(), "sha256").hexdigest()


def test_the_worked_example_of_the_documentation_is_believed() -> None:
    """Other systems are built by it: docs/sandbox.md gives it for openssl."""
    nonce, signature = "0123456789abcdef" * 2, "a3869b66d4f618f878299ee1916db9098315535555649ac0a01d9b5144cf0a1e"
    headers = {CLIENT_ID: "jiaban", TIMESTAMP: "1772413200", NONCE: nonce, SIGNATURE: signature}
    assert Signer("jiaban", b"jiaban-sandbox").verify(headers, "GET", "/events?after=0", b"", now=NOW) == nonce
    documented = (REPOSITORY / "docs/sandbox.md").read_text(encoding="utf-8")
    assert f"jiaban\\n1772413200\\n{nonce}\\nGET\\n/events?after=0\\n" in documented
    assert signature in documented


@given(requests, st.sampled_from([-300, 0, 300]))
def test_what_is_signed_is_believed_and_tells_its_nonce(request_: tuple[str, str, bytes], late: int) -> None:
    """For any request, up to five minutes early or late."""
    method, path, body = request_
    headers = SIGNER.headers(method, path, body, now=NOW)
    assert SIGNER.verify(headers, method, path, body, now=NOW + late) == headers[NONCE]


@given(requests, requests)
def test_the_signature_of_one_request_is_none_for_another(one: tuple[str, str, bytes], other: Any) -> None:
    """Whatever differs between them."""
    assume(one != other)
    assert refused(SIGNER.headers(*one, now=NOW), *other) == "mismatch"


@pytest.mark.parametrize(
    "change",
    [{"method": "PUT"}, {"path": "/b"}, {"path": "/a?x"}, {"body": b"y"}, {"header": NONCE}, {"header": SIGNATURE}],
)
def test_any_change_is_found(change: dict[str, Any]) -> None:
    """Method, path, query, body, nonce, signature."""
    headers = SIGNER.headers("POST", "/a", b"x", now=NOW)
    if "header" in change:
        headers[change["header"]] = "0" * len(headers[change["header"]])
    assert (
        refused(headers, change.get("method", "POST"), change.get("path", "/a"), change.get("body", b"x")) == "mismatch"
    )


def test_another_client_or_key_is_refused() -> None:
    """Both sides must know the same secret under the same name."""
    for other in (Signer("other", b"secret"), Signer("jiaban", b"guess")):
        assert refused(other.headers("GET", "/", b"", now=NOW), "GET", "/", b"") == "mismatch"


@pytest.mark.parametrize("header", [CLIENT_ID, TIMESTAMP, NONCE, SIGNATURE])
def test_a_header_that_is_missing_or_empty_is_told(header: str) -> None:
    """Each of the four."""
    headers = SIGNER.headers("GET", "/", b"", now=NOW)
    assert refused({**headers, header: ""}, "GET", "/", b"") == "missing"
    del headers[header]
    assert refused(headers, "GET", "/", b"") == "missing"


def test_a_client_or_time_put_in_afterwards_is_found() -> None:
    """Both are part of what is signed, also where the time lies within the window."""
    headers = SIGNER.headers("GET", "/", b"", now=NOW)
    assert refused({**headers, TIMESTAMP: str(int(NOW) + 1)}, "GET", "/", b"") == "mismatch"
    assert refused({**headers, CLIENT_ID: "other"}, "GET", "/", b"") == "mismatch"
    same_key = Signer("other", b"secret")
    with pytest.raises(SignatureRefusedError):
        same_key.verify({**headers, CLIENT_ID: "other"}, "GET", "/", b"", now=NOW)


@pytest.mark.parametrize("moment", [NOW + 301, NOW - 301])
def test_a_signature_counts_for_five_minutes(moment: float) -> None:
    """On both sides, since clocks differ."""
    assert refused(SIGNER.headers("GET", "/", b"", now=NOW), "GET", "/", b"", now=moment) == "window"


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "１７７２４１３２００", "9" * 30, "soon"])
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    """Before anything is reckoned with it."""
    headers = {**SIGNER.headers("GET", "/", b"", now=NOW), TIMESTAMP: timestamp}
    assert refused(headers, "GET", "/", b"") in {"missing", "window"}


def test_a_nonce_has_an_end() -> None:
    """It is kept in a table."""
    headers = {**SIGNER.headers("GET", "/", b"", now=NOW), NONCE: "a" * 65}
    assert refused(headers, "GET", "/", b"") == "missing"


@pytest.mark.parametrize("nonce", ["a\x00b", "a\nb", "一次"])
def test_a_nonce_is_printable_ascii(nonce: str) -> None:
    """PostgreSQL takes no NUL, and what is signed is joined by line feeds."""
    headers = {**SIGNER.headers("GET", "/", b"", now=NOW), NONCE: nonce}
    assert refused(headers, "GET", "/", b"") == "missing"
