"""The provincial platform's stand-in is an OpenID Connect provider as the standards write it."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode

import httpx
import jwt
import pytest

from app.sandbox.province_state import OVERLAP, ProvinceState
from tests.contract.sandbox.stand_ins import CITIZEN_NUMBER, PROVINCE_CLIENT, PROVINCE_SECRET, Product, StandIns

pytestmark = pytest.mark.asyncio(loop_scope="session")

# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
BACK = "http://127.0.0.1/province/back?from=app"
ASKED = {
    "response_type": "code",
    "client_id": PROVINCE_CLIENT,
    "redirect_uri": BACK,
    "scope": "openid profile",
    "state": "state & more",
    "nonce": "n-0S6_WzA2Mj",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
CREDENTIALS = httpx.BasicAuth(quote_plus(PROVINCE_CLIENT), quote_plus(PROVINCE_SECRET))


@dataclass(frozen=True, slots=True)
class Back:
    """Where a citizen was sent back to, and with what."""

    address: str
    query: dict[str, str]


async def _register(stand_ins: StandIns, who: str, **changes: Any) -> httpx.Response:
    person = {"hint": who, "name": "李玉兰", "id_number": CITIZEN_NUMBER, "phone": "13800138000", "acr": "2"}
    return await stand_ins.http.post("/control/province/persons", json=person | changes)


async def _authorize(stand_ins: StandIns, hint: str | None, **changes: str) -> httpx.Response:
    query = ASKED | ({"login_hint": hint} if hint else {}) | changes
    return await stand_ins.http.get(
        "/province/authorize", params={name: value for name, value in query.items() if value}
    )


def _back(response: httpx.Response) -> Back:
    assert response.status_code == 302
    assert response.headers["Cache-Control"] == "no-store"
    address, _, query = response.headers["Location"].partition("?")
    return Back(address, {name: value for name, [value] in parse_qs(query, strict_parsing=True).items()})


async def _code(stand_ins: StandIns, hint: str, **changes: str) -> str:
    return _back(await _authorize(stand_ins, hint, **changes)).query["code"]


async def _token(stand_ins: StandIns, given: str, **changes: str) -> httpx.Response:
    body = {"grant_type": "authorization_code", "code": given, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return await stand_ins.http.post("/province/token", data=body | changes, auth=CREDENTIALS)


async def _claims(stand_ins: StandIns, id_token: str) -> dict[str, Any]:
    """What a genuine ID token says: its key is published under the address that the discovery document names."""
    document = (await stand_ins.http.get("/province/.well-known/openid-configuration")).json()
    keys = (await stand_ins.http.get(document["jwks_uri"])).json()["keys"]
    header = jwt.get_unverified_header(id_token)
    (key,) = [key for key in keys if key["kid"] == header["kid"]]
    assert (header["alg"], key["use"]) == ("ES256", "sig")
    claims: dict[str, Any] = jwt.decode(
        id_token, jwt.PyJWK(key), algorithms=["ES256"], audience=PROVINCE_CLIENT, issuer=document["issuer"]
    )
    return claims


def _error(response: httpx.Response) -> tuple[int, str]:
    assert set(response.json()) == {"error"}
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, response.json()["error"]


async def test_a_code_gives_who_signed_in(stand_ins: StandIns) -> None:
    subject = (await _register(stand_ins, "whole", acr="3")).json()["sub"]
    back = _back(await _authorize(stand_ins, "whole"))
    assert back.address == BACK.partition("?")[0]
    assert back.query == {"from": "app", "state": "state & more", "code": back.query["code"]}
    answer = await _token(stand_ins, back.query["code"])
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 300)
    claims = await _claims(stand_ins, answer.json()["id_token"])
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 60
    person = {"sub": subject, "name": "李玉兰", "cn_id_number": CITIZEN_NUMBER, "phone_number": "13800138000"}
    about_the_token = {"iss": f"{stand_ins.url}/province", "aud": PROVINCE_CLIENT, "nonce": ASKED["nonce"], "acr": "3"}
    assert {name: value for name, value in claims.items() if name not in {"iat", "exp"}} == person | about_the_token
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await stand_ins.http.get("/province/userinfo", headers=bearer)).json() == person


async def test_a_person_registered_again_keeps_the_subject(stand_ins: StandIns) -> None:
    first = (await _register(stand_ins, "again")).json()["sub"]
    assert (await _register(stand_ins, "again", acr="3", phone=None)).json()["sub"] == first
    claims = await _claims(stand_ins, (await _token(stand_ins, await _code(stand_ins, "again"))).json()["id_token"])
    assert (claims["sub"], claims["acr"], "phone_number" in claims) == (first, "3", False)


@pytest.mark.parametrize(
    "changes",
    [{"id_number": "110105194912310021"}, {"acr": "4"}, {"name": " "}, {"hint": ""}, {"phone": "138"}, {"acr": None}],
)
async def test_an_impossible_person_is_refused(stand_ins: StandIns, changes: dict[str, Any]) -> None:
    answer = await _register(stand_ins, "impossible", **changes)
    assert (answer.status_code, answer.json()) == (400, {"code": "malformed"})


async def test_a_code_works_once(stand_ins: StandIns) -> None:
    await _register(stand_ins, "once")
    code = await _code(stand_ins, "once")
    assert (await _token(stand_ins, code)).status_code == 200
    assert _error(await _token(stand_ins, code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "v" * 43}, "invalid_grant"),
        ({"code_verifier": "v" * 42}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": BACK + "1"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
async def test_a_code_is_for_its_owner_alone(stand_ins: StandIns, changes: dict[str, str], error: str) -> None:
    await _register(stand_ins, "owner")
    code = await _code(stand_ins, "owner")
    assert _error(await _token(stand_ins, code, **changes)) == (400, error)
    assert (await _token(stand_ins, code)).status_code == 200


@pytest.mark.parametrize(
    "credentials",
    [
        httpx.BasicAuth(quote_plus(PROVINCE_CLIENT), "other"),
        httpx.BasicAuth("other", quote_plus(PROVINCE_SECRET)),
        httpx.BasicAuth(PROVINCE_CLIENT, PROVINCE_SECRET),
    ],
)
async def test_an_unknown_client_is_refused(stand_ins: StandIns, credentials: httpx.BasicAuth) -> None:
    await _register(stand_ins, "client")
    body = {"grant_type": "authorization_code", "code": await _code(stand_ins, "client"), "code_verifier": VERIFIER}
    answer = await stand_ins.http.post("/province/token", data=body, auth=credentials)
    assert _error(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["", "Basic x", "Basic /w==", "Bearer", "Bearer unknown"])
async def test_unreadable_credentials_are_refused(stand_ins: StandIns, header: str) -> None:
    headers = {"Authorization": header}
    assert _error(await stand_ins.http.post("/province/token", headers=headers)) == (401, "invalid_client")
    assert _error(await stand_ins.http.get("/province/userinfo", headers=headers)) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"cancel": "1"}, "access_denied"),
    ],
)
async def test_a_wrong_request_goes_back_with_its_error(
    stand_ins: StandIns, changes: dict[str, str], error: str
) -> None:
    await _register(stand_ins, "wrong")
    back = _back(await _authorize(stand_ins, "wrong", **changes))
    assert back.query == {"from": "app", "state": "state & more", "error": error}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://elsewhere.example/province/back"},
        {"redirect_uri": "https://127.0.0.1/province/back"},
        {"redirect_uri": "http://127.0.0.1/back#fragment"},
        {"redirect_uri": "http://127.0.0.1/back\r\nSet-Cookie: a=b"},
        {"redirect_uri": "http://[/back"},
        {"redirect_uri": ""},
    ],
)
async def test_nobody_is_sent_elsewhere(stand_ins: StandIns, changes: dict[str, str]) -> None:
    await _register(stand_ins, "elsewhere")
    answer = await _authorize(stand_ins, "elsewhere", **changes)
    assert _error(answer) == (400, "invalid_request")


async def test_a_repeated_parameter_is_refused(stand_ins: StandIns) -> None:
    query = f"{urlencode(ASKED)}&state=other"
    assert _error(await stand_ins.http.get(f"/province/authorize?{query}")) == (400, "invalid_request")


async def test_without_a_known_hint_a_form_asks_for_one(stand_ins: StandIns) -> None:
    await _register(stand_ins, "typed")
    page = await _authorize(stand_ins, None)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert 'lang="zh-CN"' in page.text
    assert '<label for="hint">' in page.text
    assert 'role="alert"' not in page.text
    wrong = await _authorize(stand_ins, "nobody")
    assert 'role="alert"' in wrong.text
    assert 'aria-describedby="wrong"' in wrong.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', wrong.text))
    assert hidden == {name: value.replace("&", "&amp;") for name, value in ASKED.items()}
    typed = {name: value.replace("&amp;", "&") for name, value in hidden.items()} | {"login_hint": "typed"}
    back = _back(await stand_ins.http.get("/province/authorize", params=typed))
    assert (await _token(stand_ins, back.query["code"])).status_code == 200


async def test_the_form_repeats_nothing_as_markup(stand_ins: StandIns) -> None:
    page = await _authorize(stand_ins, '"><script>', state='"><script>alert(1)</script>')
    assert "<script>" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_a_new_key_signs_and_the_old_one_stays_until_it_is_dropped(stand_ins: StandIns) -> None:
    await _register(stand_ins, "keys")
    old = (await _token(stand_ins, await _code(stand_ins, "keys"))).json()["id_token"]
    old_kid = jwt.get_unverified_header(old)["kid"]
    rotated = (await stand_ins.http.post("/control/province/rotate-keys")).json()
    assert rotated["published"][-2:] == [old_kid, rotated["kid"]]
    new = (await _token(stand_ins, await _code(stand_ins, "keys"))).json()["id_token"]
    assert jwt.get_unverified_header(new)["kid"] == rotated["kid"] != old_kid
    assert (await _claims(stand_ins, old))["sub"] == (await _claims(stand_ins, new))["sub"]
    dropped = (await stand_ins.http.post("/control/province/rotate-keys", json={"drop_old": True})).json()
    assert dropped["published"] == [dropped["kid"]]
    assert dropped["kid"] not in {old_kid, rotated["kid"]}


async def test_an_old_key_is_published_for_a_while_only(tmp_path: Path) -> None:
    state = ProvinceState(tmp_path)
    state.rotate(drop_old=False)
    old, new = (key["kid"] for key in state.published())
    state.close()
    journal = tmp_path / "province.jsonl"
    *before, last = journal.read_text().splitlines()
    for age, published in ((OVERLAP - 60, [old, new]), (OVERLAP + 60, [new])):
        (rotation,) = json.loads(last)
        journal.write_text("\n".join([*before, json.dumps([{**rotation, "made_at": time.time() - age}])]) + "\n")
        later = ProvinceState(tmp_path)
        assert [key["kid"] for key in later.published()] == published
        later.close()


@pytest.mark.parametrize(("moment", "again"), [("before", 200), ("after", 400)])
async def test_a_cut_redemption_has_spent_its_code_or_not(stand_ins: StandIns, moment: str, again: int) -> None:
    await _register(stand_ins, "cut")
    code, point = await _code(stand_ins, "cut"), f"province.token.{moment}"
    await stand_ins.http.post("/control/faults", json={"point": point, "action": "drop"})
    with pytest.raises(httpx.RemoteProtocolError):
        await _token(stand_ins, code)
    assert (await _token(stand_ins, code)).status_code == again
    await stand_ins.http.delete(f"/control/faults/{point}")


async def test_persons_keys_codes_and_access_tokens_survive(
    tmp_path_factory: pytest.TempPathFactory, product: Product, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_ins = StandIns(tmp_path_factory.mktemp("province"), product)
    await stand_ins.start()
    subject = (await _register(stand_ins, "kill")).json()["sub"]
    code, spent = await _code(stand_ins, "kill"), await _code(stand_ins, "kill")
    answer = (await _token(stand_ins, spent)).json()
    await stand_ins.http.post("/control/province/rotate-keys")
    keys = (await stand_ins.http.get("/province/jwks")).json()
    stand_ins.kill()
    await stand_ins.start()
    assert (await stand_ins.http.get("/province/jwks")).json() == keys
    assert (await _claims(stand_ins, answer["id_token"]))["sub"] == subject
    assert (await _token(stand_ins, code)).status_code == 200
    assert _error(await _token(stand_ins, spent)) == (400, "invalid_grant")
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert (await stand_ins.http.get("/province/userinfo", headers=bearer)).json()["sub"] == subject
    journal = stand_ins.data / "province.jsonl"
    assert journal.stat().st_mode & 0o077 == 0
    await stand_ins.http.aclose()
    stand_ins.kill()
    printed = "".join(capfd.readouterr())
    assert not [word for word in ("李玉兰", CITIZEN_NUMBER, code, answer["access_token"]) if word in printed]
