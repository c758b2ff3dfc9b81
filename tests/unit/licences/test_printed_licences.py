"""The document of a licence, the code on it, and its data as a credential: proven by independent libraries."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import cwt
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit.codes import CodeMalformedError, code_of
from app.licences.files.credentials import sign_credential
from app.licences.files.file_codes import FileClaims, read_file_code, sign_file
from app.licences.files.papers import paper_of
from app.licences.keys.algorithms import Purpose
from app.licences.models import HolderKind, LicenceState
from media.qr import qr_matrix
from tests.rings import EDDSA, LIVE_KEY, PAPER_KEY, SM2, RingKey, at_once, private, ring
from tests.unit.licences.conftest import food_licence

HOST = "https://jiaban.example.cn"
KEY = RingKey(b"r2345a", EDDSA, Purpose.CREDENTIAL, private(7))
KEYS = ring(LIVE_KEY, PAPER_KEY, KEY)
CLAIMS = FileClaims(bytes(range(8)), "食品经营许可证", "张*国", date(2026, 3, 12), date(2031, 3, 11))


def pem(key: RingKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.private.public_key().public_bytes(serialization.Encoding.PEM, form)


@pytest.mark.parametrize("claims", [CLAIMS, replace(CLAIMS, valid_until=None)], ids=["ends", "endless"])
def test_a_printed_code_is_read_from_its_address_in_either_case(claims: FileClaims) -> None:
    token = at_once(sign_file(KEYS, claims))
    for text in (token, token.lower(), f"{HOST}/L/{token}".upper(), f"{HOST}/l/{token.lower()}"):
        assert at_once(read_file_code(KEYS, text)) == claims


def test_an_independent_library_verifies_a_printed_code() -> None:
    code = code_of(at_once(sign_file(KEYS, CLAIMS)))
    assert cwt.COSE().decode(code, cwt.COSEKey.from_pem(pem(KEY), kid=KEY.key_id))
    with pytest.raises(cwt.VerifyError):
        cwt.COSE().decode(code, cwt.COSEKey.from_pem(pem(LIVE_KEY), kid=KEY.key_id))


def test_no_key_for_codes_makes_a_printed_one() -> None:
    """Nor does one of another house."""
    for key in (LIVE_KEY, replace(KEY, private=private(8)), replace(KEY, algorithm=SM2)):
        forged = at_once(sign_file(ring(replace(key, purpose=Purpose.CREDENTIAL)), CLAIMS))
        with pytest.raises(CodeMalformedError):
            at_once(read_file_code(KEYS, forged))


def test_a_printed_code_that_was_altered_anywhere_is_refused() -> None:
    token = at_once(sign_file(KEYS, CLAIMS))
    for place in range(len(token)):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(CodeMalformedError):
            at_once(read_file_code(KEYS, altered))


def test_the_longest_printed_code_fits_its_symbol() -> None:
    """Behind an address of 60 characters."""
    longest = FileClaims(bytes(8), "证" * 40, "名" * 90, date(2026, 3, 12), date(9999, 12, 31))
    token = at_once(sign_file(KEYS, longest))
    assert (len(qr_matrix("HTTPS://" + "A" * 52 + "/L/" + token)) - 17) // 4 <= 12


def test_the_document_shows_every_field_with_its_number_masked(food: LicenceTypeDefinition) -> None:
    document = paper_of(food_licence(), food, "CODE")
    shown = dict(document.sections[0].rows)
    assert shown["身份证号码"] == "230***********0011"
    assert shown["经营项目"] == "预包装食品销售、散装食品销售"
    assert "230803199001010011" not in str([section.rows for section in document.sections])
    assert dict(document.sections[1].rows)["有效期"] == "2026-03-12 至 2031-03-11"
    assert (document.qr, document.sealed_by, document.stamp) == ("CODE", "佳木斯市市场监督管理局", "")
    assert document.signed == ("佳木斯市市场监督管理局", "2026年3月12日")


def test_the_document_of_a_licence_that_is_not_valid_says_so(food: LicenceTypeDefinition) -> None:
    assert paper_of(food_licence(state=LicenceState.SUSPENDED), food, "CODE").stamp == "已暂停"


def credential(food: LicenceTypeDefinition, **changes: Any) -> dict[str, Any]:
    """The claims that PyJWT reads in a licence's credential, with the published key."""
    signed = at_once(sign_credential(KEYS, HOST, food_licence(**changes), food)).decode()
    assert jwt.get_unverified_header(signed) == {"typ": "JWT", "alg": "EdDSA", "kid": "r2345a"}
    claims: dict[str, Any] = jwt.decode(signed, pem(KEY).decode(), algorithms=["EdDSA"], issuer=HOST)
    return claims


def test_an_independent_library_verifies_a_credential_with_the_standard_s_names(food: LicenceTypeDefinition) -> None:
    claims = credential(food, status_list=3, status_index=871_334)
    assert claims["ZZMC"] == "食品经营许可证"
    assert claims["ZZLXDM"] == "11100000000013338W032"
    assert claims["ZZBS"].startswith("1.2.156.3005.2.")
    assert (claims["ZZYXQQSRQ"], claims["ZZYXQJZRQ"]) == ("2026-03-12", "2031-03-11")
    assert (claims["CZZT"], claims["CZZTDM"], claims["CZZTDMLX"]) == ("张建国", "230***********0011", "111")
    assert claims["values"]["经营场所"] == "佳木斯市前进区中山街128号"
    assert claims["status"] == {
        "status_list": {"idx": 871_334, "uri": f"{HOST}/.well-known/licence-status/3"},
    }
    assert "230803199001010011" not in json.dumps(claims)


def test_a_company_s_code_is_whole_and_a_licence_without_a_place_names_none(food: LicenceTypeDefinition) -> None:
    claims = credential(food, holder_kind=HolderKind.COMPANY, holder_code="91230800MA00000000", valid_until=None)
    assert claims["CZZTDM"] == "91230800MA00000000"
    assert claims["ZZYXQJZRQ"] is None
    assert "status" not in claims


def test_a_credential_that_was_altered_proves_nothing(food: LicenceTypeDefinition) -> None:
    signed = at_once(sign_credential(KEYS, HOST, food_licence(), food)).decode()
    head, _, signature = signed.split(".")
    other = at_once(sign_credential(KEYS, HOST, food_licence(holder="李四"), food)).decode().split(".")[1]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{other}.{signature}", pem(KEY).decode(), algorithms=["EdDSA"], issuer=HOST)
