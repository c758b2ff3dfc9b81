"""Signing in at the province: what a right answer gives, and that nothing else is believed."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr

from app.identity.ports import ProvincialIdentity
from app.identity.province import ProvinceLogin
from app.kit import clock
from app.kit.ports import AmbiguousError, PortError, RefusedError, TryLaterError
from config.settings import ProvinceSettings
from tests.contract.sandbox.false_province import CLIENT, NONCE, FalseProvince, new_key, segment
from tests.contract.sandbox.stand_ins import (
    CITIZEN_NUMBER,
    PROVINCE_CLIENT,
    PROVINCE_SECRET,
    StandIns,
    free_port,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

BACK = "http://127.0.0.1/province/back"
VERIFIER = "v" * 43
_DOCUMENTS = ("/.well-known/openid-configuration", "/jwks")


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client as the house makes it."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        yield http


@pytest.fixture
def province() -> Iterator[FalseProvince]:
    """A provider under the test's hand."""
    province = FalseProvince()
    yield province
    province.close()


def _login(http: httpx.AsyncClient, issuer: str, client_id: str = CLIENT, *, secret: str = CLIENT) -> ProvinceLogin:
    settings = ProvinceSettings(issuer=issuer, client_id=client_id, client_secret=SecretStr(secret))
    return ProvinceLogin(http, settings)


def _at(stand_ins: StandIns, http: httpx.AsyncClient, secret: str = PROVINCE_SECRET) -> ProvinceLogin:
    return _login(http, f"{stand_ins.url}/province", PROVINCE_CLIENT, secret=secret)


async def _register(stand_ins: StandIns, hint: str, acr: str = "2") -> str:
    person = {"hint": hint, "name": "李玉兰", "id_number": CITIZEN_NUMBER, "acr": acr}
    subject: str = (await stand_ins.http.post("/control/province/persons", json=person)).json()["sub"]
    return subject


async def _code(stand_ins: StandIns, login: ProvinceLogin, hint: str) -> str:
    """What the browser of somebody who signs in brings back."""
    url = await login.authorize_url(redirect_uri=BACK, state="state", nonce=NONCE, verifier=VERIFIER)
    answer = await stand_ins.http.get(f"{url}&login_hint={hint}")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["state"]
    return query["code"][0]


async def _finish(login: ProvinceLogin, code: str = "code", **changes: str) -> ProvincialIdentity:
    rest = {"redirect_uri": BACK, "nonce": NONCE, "verifier": VERIFIER} | changes
    return await login.finish(code=code, **rest)


async def _reason(kind: type[PortError], login: ProvinceLogin, code: str = "code", **changes: str) -> str:
    with pytest.raises(PortError) as refused:
        await _finish(login, code, **changes)
    assert type(refused.value) is kind, refused.value
    return refused.value.reason


async def _jwks_reads(stand_ins: StandIns) -> int:
    return int((await stand_ins.http.get("/control/province")).json()["jwks_reads"])


@pytest.mark.parametrize(("acr", "level"), [("2", 2), ("3", 3)])
async def test_a_sign_in_tells_who_it_is_and_how_surely(
    stand_ins: StandIns, http: httpx.AsyncClient, acr: str, level: int
) -> None:
    login, subject = _at(stand_ins, http), await _register(stand_ins, f"level-{acr}", acr)
    identity = await _finish(login, await _code(stand_ins, login, f"level-{acr}"))
    assert identity == ProvincialIdentity(subject, "李玉兰", CITIZEN_NUMBER, level)
    assert not [value for value in (subject, "李玉兰", CITIZEN_NUMBER) if value in repr(identity)]


async def test_a_code_is_good_once_and_with_what_it_was_asked_with(
    stand_ins: StandIns, http: httpx.AsyncClient
) -> None:
    login = _at(stand_ins, http)
    await _register(stand_ins, "proof")
    code = await _code(stand_ins, login, "proof")
    assert await _reason(RefusedError, login, code, verifier="w" * 43) == "invalid_grant"
    assert await _reason(RefusedError, login, code, redirect_uri=BACK + "2") == "invalid_grant"
    assert await _reason(RefusedError, _at(stand_ins, http, "other"), code) == "invalid_client"
    assert (await _finish(login, code)).level == 2
    assert await _reason(RefusedError, login, code) == "invalid_grant"


async def test_a_sign_in_that_was_begun_elsewhere_is_refused(stand_ins: StandIns, http: httpx.AsyncClient) -> None:
    login = _at(stand_ins, http)
    await _register(stand_ins, "elsewhere")
    code = await _code(stand_ins, login, "elsewhere")
    assert await _reason(RefusedError, login, code, nonce="another") == "claim_nonce"


async def test_a_key_changed_meanwhile_costs_one_reading(stand_ins: StandIns, http: httpx.AsyncClient) -> None:
    login = _at(stand_ins, http)
    await _register(stand_ins, "rotation")
    await _finish(login, await _code(stand_ins, login, "rotation"))
    before = await _jwks_reads(stand_ins)
    await stand_ins.http.post("/control/province/rotate-keys")
    codes = [await _code(stand_ins, login, "rotation") for _ in range(4)]
    identities = await asyncio.gather(*(_finish(login, code) for code in codes))
    assert len(set(identities)) == 1
    assert await _jwks_reads(stand_ins) == before + 1


@pytest.mark.parametrize("dropped", [False, True])
async def test_a_dropped_key_is_believed_for_five_minutes_at_most(
    stand_ins: StandIns, http: httpx.AsyncClient, dropped: bool
) -> None:
    login, point = _at(stand_ins, http), "province.token.after"
    await _register(stand_ins, "dropped")
    code = await _code(stand_ins, login, "dropped")
    await stand_ins.http.post("/control/faults", json={"point": point, "action": "pause"})

    async def waiting() -> int:
        items = (await stand_ins.http.get("/control/faults")).json()["items"]
        return sum(item["waiting"] for item in items if item["point"] == point)

    finish = asyncio.create_task(_reason(RefusedError, login, code) if dropped else _level(login, code))
    await until(waiting, bool)
    await stand_ins.http.post("/control/province/rotate-keys", json={"drop_old": dropped})
    with clock.travel(timedelta(minutes=5)):
        await stand_ins.http.delete(f"/control/faults/{point}")
        assert await finish == ("key_unknown" if dropped else "2")


async def _level(login: ProvinceLogin, code: str) -> str:
    return str((await _finish(login, code)).level)


@pytest.mark.parametrize(
    ("point", "action", "kind", "reason", "spent"),
    [
        ("province.token.before", "error", AmbiguousError, "status_500", False),
        ("province.token.before", "drop", AmbiguousError, "no_answer", False),
        ("province.token.after", "drop", AmbiguousError, "no_answer", True),
        ("province.jwks.before", "error", TryLaterError, "status_500", False),
        ("province.jwks.after", "drop", TryLaterError, "unreachable", False),
    ],
)
async def test_a_fault_says_whether_the_code_may_be_spent(
    stand_ins: StandIns,
    http: httpx.AsyncClient,
    point: str,
    action: str,
    kind: type[PortError],
    reason: str,
    spent: bool,
) -> None:
    login = _at(stand_ins, http)
    await _register(stand_ins, "fault")
    code = await _code(stand_ins, login, "fault")
    await stand_ins.http.post("/control/faults", json={"point": point, "action": action})
    assert await _reason(kind, login, code) == reason
    await stand_ins.http.delete(f"/control/faults/{point}")
    if spent:
        assert await _reason(RefusedError, login, code) == "invalid_grant"
    else:
        assert (await _finish(login, code)).level == 2


async def test_a_province_that_is_down_is_tried_later(http: httpx.AsyncClient, province: FalseProvince) -> None:
    nobody = _login(http, f"http://127.0.0.1:{free_port()}/province")
    with pytest.raises(TryLaterError):
        await nobody.authorize_url(redirect_uri=BACK, state="s", nonce=NONCE, verifier=VERIFIER)
    assert await _reason(TryLaterError, nobody) == "unreachable"
    assert await _reason(TryLaterError, _login(http, "http://127.0.0.1:port")) == "unreachable"
    login = _login(http, province.issuer)
    province.token = province.sign()
    assert (await _finish(login)).level == 2
    province.document["token_endpoint"] = f"http://127.0.0.1:{free_port()}/token"
    with clock.travel(timedelta(hours=2)):
        assert await _reason(TryLaterError, login) == "unreachable"


async def test_an_address_to_sign_in_at_carries_everything_and_no_secret(
    http: httpx.AsyncClient, province: FalseProvince
) -> None:
    province.document["authorization_endpoint"] = f"{province.issuer}/authorize?tenant=1"
    login = _login(http, province.issuer, secret="a-secret")
    url = await login.authorize_url(redirect_uri=BACK, state="a & b", nonce=NONCE, verifier=VERIFIER)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    assert url.startswith(f"{province.issuer}/authorize?tenant=1&")
    assert parse_qs(urlsplit(url).query) == {
        "tenant": ["1"],
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": [BACK],
        "scope": ["openid profile"],
        "state": ["a & b"],
        "nonce": [NONCE],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
    }


def _by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes = b"") -> str:
    signed = f"{segment(header)}.{segment(claims)}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest() if secret else b""
    return f"{signed}.{segment(signature)}"


def _public(province: FalseProvince) -> bytes:
    return province.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _swapped(province: FalseProvince, **changes: Any) -> str:
    """Other claims under a true signature."""
    head, _, signature = province.sign().split(".")
    return f"{head}.{segment(province.claims(**changes))}.{signature}"


def _ago(seconds: int) -> int:
    return int(clock.now().timestamp()) - seconds


FORGED: dict[str, tuple[str, Callable[[FalseProvince], str]]] = {
    "another issuer": ("claim_iss", lambda one: one.sign(iss="https://id.example.com")),
    "no issuer": ("claim_iss", lambda one: one.sign(iss=None)),
    "another audience": ("claim_aud", lambda one: one.sign(aud="somebody-else")),
    "no audience": ("claim_aud", lambda one: one.sign(aud=None)),
    "several audiences without us": ("claim_aud", lambda one: one.sign(aud=["a", "b"], azp=CLIENT)),
    "several audiences, nobody named": ("claim_azp", lambda one: one.sign(aud=[CLIENT, "other"])),
    "several audiences, for another": ("claim_azp", lambda one: one.sign(aud=[CLIENT, "other"], azp="other")),
    "one audience, for another": ("claim_azp", lambda one: one.sign(azp="other")),
    "over": ("claim_exp", lambda one: one.sign(iat=_ago(400), exp=_ago(40))),
    "without an end": ("claim_exp", lambda one: one.sign(exp=None)),
    "an end that is no time": ("claim_exp", lambda one: one.sign(exp=[9_999_999_999])),
    "from the future": ("claim_iat", lambda one: one.sign(iat=_ago(-60))),
    "without a beginning": ("claim_iat", lambda one: one.sign(iat=None)),
    "not yet valid": ("claim_nbf", lambda one: one.sign(nbf=_ago(-60))),
    "another nonce": ("claim_nonce", lambda one: one.sign(nonce="another")),
    "no nonce": ("claim_nonce", lambda one: one.sign(nonce=None)),
    "half a character as nonce": ("claim_nonce", lambda one: one.sign(nonce="\ud800")),
    "no subject": ("claim_sub", lambda one: one.sign(sub=None)),
    "an empty subject": ("claim_sub", lambda one: one.sign(sub=" ")),
    "a subject beyond all bounds": ("claim_sub", lambda one: one.sign(sub="s" * 256)),
    "no name": ("claim_name", lambda one: one.sign(name=None)),
    "a name that no database keeps": ("claim_name", lambda one: one.sign(name="李\0兰")),
    "no number": ("claim_cn_id_number", lambda one: one.sign(cn_id_number=None)),
    "a number that nobody has": ("claim_cn_id_number", lambda one: one.sign(cn_id_number="110105194912310021")),
    "no level": ("claim_acr", lambda one: one.sign(acr=None)),
    "a level nobody agreed on": ("claim_acr", lambda one: one.sign(acr="1")),
    "a level that is no text": ("claim_acr", lambda one: one.sign(acr=3)),
    "a key of one's own": ("signature_wrong", lambda one: one.sign(key=new_key())),
    "a key that is not published": ("key_unknown", lambda one: one.sign(kid="two", key=new_key())),
    "other claims under a true signature": ("signature_wrong", lambda one: _swapped(one, name="王强")),
    "no signature": ("signature_wrong", lambda one: one.sign().rpartition(".")[0] + "."),
    "no algorithm": ("algorithm_unknown", lambda one: _by_hand({"alg": "none", "kid": "one"}, one.claims())),
    "the public key as a secret": (
        "algorithm_unknown",
        lambda one: _by_hand({"alg": "HS256", "kid": "one"}, one.claims(), _public(one)),
    ),
    "an algorithm of another kind of key": (
        "token_unreadable",
        lambda one: _by_hand({"alg": "RS256", "kid": "one"}, one.claims(), _public(one)),
    ),
    "no key named": ("key_unnamed", lambda one: jwt.encode(one.claims(), one.key, algorithm="ES256")),
    "a demand that we do not know": (
        "token_unreadable",
        lambda one: jwt.encode(
            one.claims(), one.key, algorithm="ES256", headers={"kid": "one", "crit": ["x"], "x": "y"}
        ),
    ),
    "no token": ("token_unreadable", lambda _: "rubbish"),
    "a token in five parts": ("token_unreadable", lambda one: one.sign() + ".a.b"),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_refused(http: httpx.AsyncClient, province: FalseProvince, name: str) -> None:
    reason, forge = FORGED[name]
    province.token = forge(province)
    assert await _reason(RefusedError, _login(http, province.issuer)) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"cn_id_number": CITIZEN_NUMBER.lower()},
        {"name": " 李玉兰 "},
        {"unheard_of": "claim"},
    ],
)
async def test_a_right_token_is_believed(
    http: httpx.AsyncClient, province: FalseProvince, changes: dict[str, Any]
) -> None:
    province.token = province.sign(**changes)
    identity = await _finish(_login(http, province.issuer))
    assert identity == ProvincialIdentity("s-1", "李玉兰", CITIZEN_NUMBER, 2)


async def test_clocks_may_differ_by_half_a_minute(http: httpx.AsyncClient, province: FalseProvince) -> None:
    province.token = province.sign(iat=_ago(-20), exp=_ago(20))
    assert (await _finish(_login(http, province.issuer))).level == 2


async def test_an_rsa_key_may_sign(http: httpx.AsyncClient, province: FalseProvince) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    listed = [jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "rsa"}]
    province.answers["/jwks"] = (200, json.dumps({"keys": listed}).encode())
    province.token = jwt.encode(province.claims(), key, algorithm="RS256", headers={"kid": "rsa", "x-vendor": "v"})
    assert (await _finish(_login(http, province.issuer))).level == 2


async def test_keys_that_are_none_are_passed_over(http: httpx.AsyncClient, province: FalseProvince) -> None:
    (good,) = province.published()
    secret = {"kty": "oct", "k": base64.urlsafe_b64encode(b"0" * 32).decode().rstrip("="), "kid": "one"}
    off_the_curve = good | {"x": good["y"]}
    rubbish = [None, "text", {}, {"kty": "EC", "kid": "one"}, secret, off_the_curve, good | {"use": "enc"}]
    province.token = province.sign()
    province.answers["/jwks"] = (200, json.dumps({"keys": [*rubbish, good]}).encode())
    assert (await _finish(_login(http, province.issuer))).level == 2
    province.answers["/jwks"] = (200, json.dumps({"keys": rubbish}).encode())
    assert await _reason(RefusedError, _login(http, province.issuer)) == "key_unknown"


async def test_unknown_key_ids_cause_one_reading_in_ten_seconds(
    http: httpx.AsyncClient, province: FalseProvince
) -> None:
    login = _login(http, province.issuer)
    for _ in range(5):
        province.token = province.sign(kid=secrets.token_hex(8), key=new_key())
        assert await _reason(RefusedError, login) == "key_unknown"
    await asyncio.gather(*(_reason(RefusedError, login) for _ in range(5)))
    assert province.calls["/jwks"] == 2
    with clock.travel(timedelta(seconds=11)):
        await asyncio.gather(*(_reason(RefusedError, login) for _ in range(5)))
    assert province.calls["/jwks"] == 3


async def test_keys_out_of_reach_after_the_code_was_spent_are_no_answer(
    http: httpx.AsyncClient, province: FalseProvince
) -> None:
    login = _login(http, province.issuer)
    province.token = province.sign()
    await _finish(login)
    province.token = province.sign(kid="two", key=new_key())
    province.answers["/jwks"] = (503, b"")
    assert await _reason(AmbiguousError, login) == "status_503"


async def test_sign_ins_at_once_share_what_they_read(http: httpx.AsyncClient, province: FalseProvince) -> None:
    login = _login(http, province.issuer)
    province.token = province.sign()
    identities = await asyncio.gather(*(_finish(login) for _ in range(8)))
    assert len(identities) == 8
    assert province.calls == {"/.well-known/openid-configuration": 1, "/jwks": 1, "/token": 8}


async def test_documents_are_read_again_when_they_are_old(http: httpx.AsyncClient, province: FalseProvince) -> None:
    login = _login(http, province.issuer)
    for travel, discoveries, readings in ((0, 1, 1), (4, 1, 1), (6, 1, 2), (59, 1, 3), (61, 2, 3)):
        with clock.travel(timedelta(minutes=travel)):
            province.token = province.sign()
            await _finish(login)
        calls = (province.calls["/.well-known/openid-configuration"], province.calls["/jwks"])
        assert calls == (discoveries, readings), travel


async def test_a_caller_that_hangs_up_stops_nobody_else(http: httpx.AsyncClient, province: FalseProvince) -> None:
    login = _login(http, province.issuer)
    province.token = province.sign()
    impatient, patient = (asyncio.create_task(_finish(login)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).level == 2
    assert impatient.cancelled()
    assert province.calls["/.well-known/openid-configuration"] == 1


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ((200, b"not JSON"), AmbiguousError, "unreadable_answer"),
        ((200, b"[]"), AmbiguousError, "unreadable_answer"),
        ((200, b'{"access_token":"a"}'), AmbiguousError, "unreadable_answer"),
        ((200, b'{"id_token":1}'), AmbiguousError, "unreadable_answer"),
        ((200, b'{"id_token":"\xe6\x9d\x8e.\xe7.x"}'), AmbiguousError, "unreadable_answer"),
        ((200, '{"id_token":"李.兰.x"}'.encode()), RefusedError, "token_unreadable"),
        ((302, b""), AmbiguousError, "status_302"),
        ((502, b'{"error":"invalid_grant"}'), AmbiguousError, "status_502"),
        ((429, b'{"error":"invalid_grant"}'), TryLaterError, "status_429"),
        ((400, b'{"error":"invalid_scope"}'), RefusedError, "invalid_scope"),
        ((400, '{"error":"李玉兰"}'.encode()), RefusedError, "status_400"),
        ((400, b'{"error":[]}'), RefusedError, "status_400"),
        ((403, b"<html>"), RefusedError, "status_403"),
    ],
)
async def test_an_answer_to_a_code_is_done_refused_or_unknown(
    http: httpx.AsyncClient, province: FalseProvince, answer: tuple[int, bytes], kind: type[PortError], reason: str
) -> None:
    province.answers["/token"] = answer
    assert await _reason(kind, _login(http, province.issuer)) == reason


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"issuer": "https://id.example.com"}, RefusedError, "issuer_mismatch"),
        ({"issuer": None}, RefusedError, "issuer_mismatch"),
        ({"token_endpoint": "ftp://127.0.0.1/token"}, RefusedError, "endpoint_unsafe"),
        ({"token_endpoint": "/token"}, RefusedError, "endpoint_unsafe"),
        ({"token_endpoint": "http:///token"}, RefusedError, "endpoint_unsafe"),
        ({"token_endpoint": "http://127.0.0.1:port/"}, TryLaterError, "unreadable_answer"),
        ({"jwks_uri": None}, TryLaterError, "unreadable_answer"),
    ],
)
async def test_a_document_of_somebody_else_is_not_followed(
    http: httpx.AsyncClient, province: FalseProvince, changes: dict[str, Any], kind: type[PortError], reason: str
) -> None:
    province.document = changes
    assert await _reason(kind, _login(http, province.issuer)) == reason
    assert province.calls["/token"] == 0


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        *(
            (path, answer)
            for path in _DOCUMENTS
            for answer in ((500, b"{}"), (404, b"{}"), (302, b""), (200, b"<html>"))
        ),
        *((path, (200, b"[]")) for path in _DOCUMENTS),
        ("/jwks", (200, b'{"keys":1}')),
    ],
)
async def test_without_a_readable_document_no_code_is_sent(
    http: httpx.AsyncClient, province: FalseProvince, path: str, answer: tuple[int, bytes]
) -> None:
    province.answers[path] = answer
    with pytest.raises(TryLaterError):
        await _finish(_login(http, province.issuer))
    assert province.calls["/token"] == 0


def _certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    key, name = new_key(), x509.Name([])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "province.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + built.public_bytes(Encoding.PEM))
    return path


async def test_a_province_with_encryption_sends_nobody_where_there_is_none(tmp_path: Path) -> None:
    path = _certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    trusting = ssl.create_default_context(cafile=path)
    province = FalseProvince(tls)
    try:
        async with httpx.AsyncClient(verify=trusting, timeout=5, trust_env=False) as http:
            province.token = province.sign()
            assert (await _finish(_login(http, province.issuer))).level == 2
            province.document["token_endpoint"] = province.issuer.replace("https", "http") + "/token"
            assert await _reason(RefusedError, _login(http, province.issuer)) == "endpoint_unsafe"
        assert province.calls["/token"] == 1
    finally:
        province.close()
