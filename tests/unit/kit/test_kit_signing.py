"""Signed HTTP: nothing that matters can change on the way."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.signing import NONCE, SIGNATURE, TIMESTAMP, SignatureRefusedError, Signer

SIGNER = Signer("jiaban", b"secret")
NOW = 1_772_413_200.0


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


@given(st.sampled_from(["GET", "POST"]), st.text(min_size=1), st.binary())
def test_what_is_signed_is_believed_and_tells_its_nonce(method: str, path: str, body: bytes) -> None:
    """For any request."""
    headers = SIGNER.headers(method, path, body, now=NOW)
    assert SIGNER.verify(headers, method, path, body, now=NOW + 300) == headers[NONCE]


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


@pytest.mark.parametrize(("moment", "reason"), [(NOW + 301, "window"), (NOW - 301, "window")])
def test_a_signature_counts_for_five_minutes(moment: float, reason: str) -> None:
    """On both sides, since clocks differ."""
    assert refused(SIGNER.headers("GET", "/", b"", now=NOW), "GET", "/", b"", now=moment) == reason


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "１７７２４１３２００", "9" * 30, "soon"])
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    """Before anything is reckoned with it."""
    headers = {**SIGNER.headers("GET", "/", b"", now=NOW), TIMESTAMP: timestamp}
    assert refused(headers, "GET", "/", b"") in {"missing", "window"}


def test_a_nonce_has_an_end() -> None:
    """It is kept in a table."""
    headers = {**SIGNER.headers("GET", "/", b"", now=NOW), NONCE: "a" * 65}
    assert refused(headers, "GET", "/", b"") == "missing"
