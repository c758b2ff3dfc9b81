"""ID tokens: whatever comes is believed or refused, and never anything else."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from app.identity import id_token
from app.kit import clock
from app.kit.ports import RefusedError

KEY = ec.derive_private_key(7, ec.SECP256R1())
JWK = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "one"}
ISSUER, CLIENT, NONCE = "https://id.example.gov.cn", "jiaban", "n-0S6_WzA2Mj"

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_CLAIMS = ("iss", "aud", "azp", "exp", "iat", "nbf", "auth_time", "amr", "nonce", "sub", "name", "cn_id_number", "acr")


def _claims() -> dict[str, Any]:
    now = int(clock.now().timestamp())
    person = {"sub": "s-1", "name": "李玉兰", "cn_id_number": "11010519491231002X", "acr": "2"}
    return {"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": NONCE, **person}


def _read(token: str) -> str:
    """The name in a token that is believed; the key is found whatever the token calls it."""
    assert id_token.key_id(token)
    return id_token.read(token, id_token.signing_keys([JWK])["one"], issuer=ISSUER, client_id=CLIENT, nonce=NONCE).name


def _reason(token: str) -> str | None:
    try:
        _read(token)
    except RefusedError as refused:
        return refused.reason
    return None


def _sign(payload: bytes) -> str:
    return jwt.api_jws.encode(payload, KEY, algorithm="ES256", headers={"kid": "one"})


def test_a_right_token_is_believed() -> None:
    """What the refusals are measured against."""
    assert _read(_sign(json.dumps(_claims()).encode())) == "李玉兰"


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,9}\.[A-Za-z0-9_-]{0,9}"))
def test_any_text_is_refused(text: str) -> None:
    """Rubbish has a reason of its own and raises nothing else."""
    with pytest.raises(RefusedError):
        _read(text)


@given(_JSON | st.fixed_dictionaries({"alg": _JSON | st.just("ES256")}, optional={"kid": _JSON, "crit": _JSON}))
@example(["alg"])
@example({"alg": "ES256", "kid": "one", "crit": 1})
def test_any_head_is_refused(head: Any) -> None:
    """A head of any shape, above claims and a signature that are not its own."""
    encoded = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    rest = _sign(json.dumps(_claims()).encode()).partition(".")[2]
    with pytest.raises(RefusedError):
        _read(f"{encoded}.{rest}")


@given(st.binary(max_size=40) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_signed_content_but_claims_is_refused(content: bytes) -> None:
    """The province's own signature makes nothing else of it."""
    with pytest.raises(RefusedError):
        _read(_sign(content))


@given(name=st.sampled_from(_CLAIMS), value=_JSON)
def test_any_value_of_a_claim_is_believed_or_refused(name: str, value: Any) -> None:
    """A refusal names a claim and repeats nothing of what it says."""
    reasons = {None, *(f"claim_{claim}" for claim in _CLAIMS)}
    assert _reason(_sign(json.dumps(_claims() | {name: value}).encode())) in reasons


@given(st.data())
def test_a_changed_character_is_found(data: st.DataObject) -> None:
    """Anywhere in head, claims and signature."""
    token = _sign(json.dumps(_claims()).encode())
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("Aa0_.").filter(lambda character: character != token[place]))
    with pytest.raises(RefusedError):
        _read(token[:place] + other + token[place + 1 :])


@given(
    st.lists(
        _JSON
        | st.fixed_dictionaries(
            {"kty": st.sampled_from(["EC", "RSA"])}, optional={name: _JSON for name in JWK if name != "kty"}
        )
    )
)
@example([JWK | {"kid": "two", "x": JWK["y"]}])
@example([JWK | {"kid": "two", "crv": "P-0"}])
@example([JWK | {"kid": "two", "x": "é"}])
@example([{"kty": "RSA", "n": "", "e": "", "kid": "two"}])
def test_any_list_of_keys_is_read(listed: list[Any]) -> None:
    """Rubbish among the keys hides none of the good ones."""
    assert "one" in id_token.signing_keys([*listed, JWK])
