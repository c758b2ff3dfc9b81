"""Presentation codes: what an independent library reads in a symbol, and what a code says."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import cwt
import pytest
import zxingcpp
from cryptography.hazmat.primitives import serialization
from cwt.cose_key_interface import COSEKeyInterface
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.catalogue.licence_type import Preset
from app.kit.codes import CodeMalformedError, token_in
from app.licences.codes import LONGEST, Claims, CodeKind, CodeSigner, SignedCode, shortened
from config.reading import read_yaml
from config.settings import CITY_DATA
from media.qr import qr_matrix, qr_png
from tests.rings import (
    CLAIMS,
    ISSUED,
    LIVE_KEY,
    PAPER_KEY,
    SIGNER,
    SM2_SIGNER,
    STRANGER,
    RingKey,
    at_once,
    decoded,
)

HOST = "https://jiaban.example.cn"
LICENCE_TYPES = [entry["code"] for entry in read_yaml(CITY_DATA / "licence_types.yaml")]
ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
instants = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001  # given its zone below
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def signed(claims: Claims = CLAIMS) -> SignedCode:
    """A genuine code."""
    return at_once(SIGNER.sign(claims))


def cose_key(key: RingKey) -> COSEKeyInterface:
    """The public half of a key, as the independent library takes it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.private.public_key().public_bytes(serialization.Encoding.PEM, form)
    return cwt.COSEKey.from_pem(pem, kid=key.key_id)


def independently(code: SignedCode, key: RingKey) -> dict[int, Any]:
    """The claims that python-cwt reads. Raises ``cwt.VerifyError``, and ValueError for another key's id."""
    claims = cwt.decode(decoded(code), cose_key(key))
    assert isinstance(claims, dict)
    return {name: value for name, value in claims.items() if isinstance(name, int)}


@st.composite
def any_claims(draw: st.DrawFn) -> Claims:
    """Claims of any kind, with all that a code can say."""
    kind, issued = draw(st.sampled_from(CodeKind)), draw(instants)
    seconds = draw(st.integers(1, int(LONGEST[kind].total_seconds())))
    return Claims(
        kind=kind,
        nonce=draw(st.binary(min_size=16, max_size=16)),
        issued_at=issued,
        expires_at=issued + timedelta(seconds=seconds),
        reference=draw(st.binary(min_size=8, max_size=8)),
        licence_type=draw(st.none() | st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=40)),
        masked_holder=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=15)),
        valid_until=draw(st.none() | st.dates()),
        preset=draw(st.sampled_from(Preset)),
        facts=draw(st.sampled_from([{}, {"over_60": True}, {"over_60": False}])),
        status_list=draw(st.none() | st.integers(0, 2**31)),
        status_index=draw(st.none() | st.integers(0, 2**31)),
    )


def test_an_independent_library_verifies_what_an_independent_decoder_reads() -> None:
    """ZXing reads the symbol, python-cwt believes the signature and reads the claims; a stranger's key it does not."""
    now = datetime.now(UTC).replace(microsecond=0)
    code = signed(replace(CLAIMS, issued_at=now, expires_at=now + timedelta(seconds=60)))
    text = f"{HOST}/V/{code.token}".upper()
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(qr_png(text))))
    assert [symbol.text for symbol in read] == [text]
    claims = independently(code, LIVE_KEY)
    assert claims[7] == CLAIMS.nonce
    assert claims[4] - claims[6] == 60
    days = (date(2031, 11, 21) - date(1970, 1, 1)).days
    assert claims[-65537] == [0, CLAIMS.reference, "food_business", "李*兰", days, 2, {}, 3, 871_334]
    with pytest.raises(cwt.VerifyError):
        independently(code, STRANGER)


def test_paper_is_verified_by_its_own_key_alone() -> None:
    """The kind is under the signature of a key that signs nothing else."""
    now = datetime.now(UTC).replace(microsecond=0)
    paper = signed(replace(CLAIMS, kind=CodeKind.PAPER, issued_at=now, expires_at=now + timedelta(days=300)))
    assert independently(paper, PAPER_KEY)[-65537][0] == 2
    with pytest.raises(ValueError, match="key is not found"):
        independently(paper, LIVE_KEY)


@given(any_claims())
def test_what_is_signed_is_read_again(claims: Claims) -> None:
    """Under either algorithm, whatever the claims."""
    for signer in (SIGNER, SM2_SIGNER):
        code = at_once(signer.sign(claims))
        assert at_once(signer.read(code.token)) == code
        assert code.claims == claims


def test_a_code_is_read_in_either_case_and_from_its_address() -> None:
    """The token alone, the QR's text, and the text as a browser may write it."""
    code = signed()
    for text in (
        code.token,
        code.token.lower(),
        f"HTTPS://JIABAN.EXAMPLE.CN/V/{code.token}",
        f"https://jiaban.example.cn/v/{code.token.lower()}",
        f"  {code.token}\n",
    ):
        assert at_once(SIGNER.read(text)) == code


@pytest.mark.parametrize("kind", CodeKind)
def test_the_longest_code_fits_its_symbol(kind: CodeKind) -> None:
    """Sixty characters of host, the longest name of a type, the longest masked name, SM2, and great numbers."""
    claims = replace(
        CLAIMS,
        kind=kind,
        expires_at=ISSUED + LONGEST[kind],
        licence_type="a" * 40,
        masked_holder=shortened("𠮷" + "*" * 40 + "𠮷"),
        valid_until=date(9999, 12, 31),
        facts={"over_60": True},
        status_list=2**31,
        status_index=2**31,
    )
    text = f"https://{'a' * 60}/V/{at_once(SM2_SIGNER.sign(claims)).token}".upper()
    assert set(text) <= ALPHANUMERIC
    assert len(qr_matrix(text)) <= 65


@pytest.mark.parametrize("signer", [SIGNER, SM2_SIGNER], ids=["Ed25519", "SM2"])
@pytest.mark.parametrize("licence_type", LICENCE_TYPES)
def test_codes_of_the_city_stay_coarse_enough_for_small_screens(licence_type: str, signer: CodeSigner) -> None:
    """Version 10, which two decoders read 120 pixels wide, behind a host of 17 characters and for a name of three."""
    claims = replace(
        CLAIMS,
        kind=CodeKind.PAPER,
        expires_at=ISSUED + LONGEST[CodeKind.PAPER],
        licence_type=licence_type,
        masked_holder="张*丽",
        valid_until=date(2045, 12, 31),
        facts={},
        status_list=9,
        status_index=999_999,
    )
    text = f"HTTPS://BANSHI.JMS.GOV.CN/V/{at_once(signer.sign(claims)).token}"
    assert len(text) <= 311
    assert len(qr_matrix(text)) <= 57


def test_a_code_lives_no_longer_than_its_kind() -> None:
    """Not even one that is signed: a live code of a day is none."""
    for kind, longest in LONGEST.items():
        late = replace(CLAIMS, kind=kind, expires_at=ISSUED + longest + timedelta(seconds=1))
        never = replace(CLAIMS, kind=kind, expires_at=ISSUED)
        for claims in (late, never):
            with pytest.raises(CodeMalformedError):
                at_once(SIGNER.read(signed(claims).token))


def test_a_code_has_one_spelling() -> None:
    """Padding, spaces within, foreign characters and stray bits at the end are refused."""
    code = signed()
    spellings = [code.token + "=", code.token[:9] + " " + code.token[9:], code.token[:-1] + "1", "=" * 8]
    strays = {code.token[:-1] + character for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"} - {code.token}
    for spelling in [*spellings, *strays]:
        with pytest.raises(CodeMalformedError):
            at_once(SIGNER.read(spelling))


@pytest.mark.parametrize(
    "text", ["", "/V/", "ftp://a/V/AAAA", "https://a/AAAA", "A" * 5000, "https://a/V/" + "A" * 900]
)
def test_a_text_that_is_no_code_is_refused(text: str) -> None:
    """Other QR codes get scanned, too."""
    with pytest.raises(CodeMalformedError):
        at_once(SIGNER.read(text))


def test_the_token_is_found_behind_any_host() -> None:
    """A code made before the host moved is still read."""
    assert token_in("https://old.example.cn/V/ABCD", "V") == "ABCD"


@pytest.mark.parametrize(
    ("masked", "told"),
    [
        ("李*兰", "李*兰"),
        ("阿**木", "阿**木"),
        ("佳" + "*" * 30 + "司", "佳**司"),
    ],
)
def test_a_long_masked_name_keeps_its_ends(masked: str, told: str) -> None:
    """A company's name may have a hundred characters."""
    assert shortened(masked) == told
