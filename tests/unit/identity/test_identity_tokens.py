"""Access tokens: for one surface, for a quarter of an hour, by our keys."""

import base64
import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.identity.errors import AccessTokenExpiredError, AccessTokenInvalidError
from app.identity.rules import Audience
from app.identity.tokens import AccessTokens
from app.kit import clock

KEY, NEXT = (Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (1, 2))
TOKENS = AccessTokens({"a": KEY}, "a")
WHO, SESSION = uuid4(), uuid4()


def test_a_token_tells_whom_it_speaks_for() -> None:
    """The person and the session."""
    bearer = TOKENS.read(TOKENS.issue(Audience.CITIZEN, WHO, SESSION), Audience.CITIZEN)
    assert (bearer.id, bearer.session) == (WHO, SESSION)


def test_keys_change_with_an_overlap() -> None:
    """Tokens of the last key are still read."""
    both = AccessTokens({"a": KEY, "b": NEXT}, "b")
    assert both.read(TOKENS.issue(Audience.STAFF, WHO, SESSION), Audience.STAFF).id == WHO
    with pytest.raises(AccessTokenInvalidError):
        TOKENS.read(both.issue(Audience.STAFF, WHO, SESSION), Audience.STAFF)


@pytest.mark.parametrize(("made_for", "asked_for"), list(itertools.permutations(Audience, 2)))
def test_a_token_opens_its_own_surface_alone(made_for: Audience, asked_for: Audience) -> None:
    """In both directions."""
    token = TOKENS.issue(made_for, WHO, SESSION)
    assert TOKENS.read(token, made_for).id == WHO
    with pytest.raises(AccessTokenInvalidError):
        TOKENS.read(token, asked_for)


@given(st.data())
def test_a_changed_character_is_found(data: st.DataObject) -> None:
    """Anywhere in head, claims and signature; the last one's spare bits aside."""
    token = TOKENS.issue(Audience.CITIZEN, WHO, SESSION)
    place = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.sampled_from("Aa0_.").filter(lambda character: character != token[place]))
    with pytest.raises(AccessTokenInvalidError):
        TOKENS.read(token[:place] + other + token[place + 1 :], Audience.CITIZEN)


def test_a_token_ends_after_a_quarter_of_an_hour() -> None:
    """And says so, since a phone then refreshes it."""
    token = TOKENS.issue(Audience.CITIZEN, WHO, SESSION)
    with clock.travel(timedelta(minutes=14, seconds=58)):
        TOKENS.read(token, Audience.CITIZEN)
    with clock.travel(timedelta(minutes=15, seconds=1)), pytest.raises(AccessTokenExpiredError):
        TOKENS.read(token, Audience.CITIZEN)


def claims(**changes: object) -> dict[str, object]:
    """The claims of a good token, with changes."""
    moment = int(clock.now().timestamp())
    return {
        "iss": "jiaban",
        "aud": "citizen",
        "sub": str(WHO),
        "sid": str(SESSION),
        "iat": moment,
        "exp": moment + 60,
        **changes,
    }


def unsigned() -> str:
    """A token that says it needs no signature."""
    parts = [{"alg": "none", "kid": "a"}, claims()]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def by_public_key() -> str:
    """HMAC with our public key as its secret."""
    public = KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return jwt.encode(claims(), public, algorithm="HS256", headers={"kid": "a"})


ATTACKS: dict[str, Callable[[], str]] = {
    "another audience": lambda: TOKENS.issue(Audience.STAFF, WHO, SESSION),
    "no signature": unsigned,
    "our public key as a secret": by_public_key,
    "another key under our id": lambda: jwt.encode(claims(), NEXT, algorithm="EdDSA", headers={"kid": "a"}),
    "an unknown key": lambda: jwt.encode(claims(), NEXT, algorithm="EdDSA", headers={"kid": "z"}),
    "no key id": lambda: jwt.encode(claims(), KEY, algorithm="EdDSA"),
    "another issuer": lambda: jwt.encode(claims(iss="x"), KEY, algorithm="EdDSA", headers={"kid": "a"}),
    "no end": lambda: jwt.encode({k: v for k, v in claims().items() if k != "exp"}, KEY, "EdDSA", headers={"kid": "a"}),
    "nobody": lambda: jwt.encode(claims(sub="me"), KEY, algorithm="EdDSA", headers={"kid": "a"}),
    "cut off": lambda: TOKENS.issue(Audience.CITIZEN, WHO, SESSION)[:-3],
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("name", ATTACKS)
def test_a_forged_token_is_refused(name: str) -> None:
    """Each of them alike."""
    with pytest.raises(AccessTokenInvalidError):
        TOKENS.read(ATTACKS[name](), Audience.CITIZEN)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    """Without another error."""
    with pytest.raises(AccessTokenInvalidError):
        TOKENS.read(text, Audience.CITIZEN)
