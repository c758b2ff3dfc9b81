"""A licence's files over HTTP: the document to print with the page that its QR opens, and the credential."""

import io
import zipfile
from urllib.parse import urlsplit

import httpx
import jwt
import pypdfium2
import pytest
import zxingcpp

from tests.api.conftest import Holder


def code_on(pdf: bytes) -> str:
    """The text of the QR on a document's last page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        (symbol,) = zxingcpp.read_barcodes(document[len(document) - 1].render(scale=150 / 72).to_pil())
    finally:
        document.close()
    return symbol.text


def test_a_stranger_checks_a_printed_licence(client: httpx.Client, holder: Holder) -> None:
    """From the holder's PDF by its QR to the page: genuine, its state today, and no whole name."""
    answer = client.get(f"{holder.path}/licence.pdf", headers=holder.headers)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "private, no-cache"
    place = urlsplit(code_on(answer.content)).path
    for address in (place, place.lower()):
        page = client.get(address)
        assert page.status_code == 200
        for part in ("真实，证照有效", holder.licence["name"], "现在的状态"):
            assert part in page.text
        assert holder.person.name not in page.text
        assert page.headers["cache-control"] == "no-store"
    for address in (f"{place}A", "/l/x", place.replace("/L/", "/V/"), place.replace("/L/", "/R/")):
        page = client.get(address)
        assert page.status_code == 404
        assert "不是有效的" in page.text


def test_a_document_that_has_not_changed_is_not_sent_again(client: httpx.Client, holder: Holder) -> None:
    """A copy for a purpose is another document."""
    client.headers.update(holder.headers)
    answers = [
        client.get(f"{holder.path}/licence.pdf"),
        client.get(f"{holder.path}/licence.pdf", params={"purpose": "办理入学"}),
        client.get(f"{holder.path}/licence.ofd"),
    ]
    assert len({answer.headers["ETag"] for answer in answers}) == 3
    for answer in answers:
        again = client.get(answer.request.url, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_ofd_is_a_package(client: httpx.Client, holder: Holder) -> None:
    answer = client.get(f"{holder.path}/licence.ofd", headers=holder.headers)
    assert answer.headers["content-type"] == "application/ofd"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert package.testzip() is None
        assert "Doc_0/Document.xml" in package.namelist()


def test_the_published_keys_prove_a_credential(client: httpx.Client, holder: Holder) -> None:
    """And the key that signs it is named for credentials."""
    answer = client.get(f"{holder.path}/credential", headers=holder.headers)
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == "no-store"
    key_id = jwt.get_unverified_header(answer.text)["kid"]
    published = client.get("/.well-known/licence-keys.json").json()["keys"]
    (key,) = [key for key in published if key["kid"] == key_id]
    assert key["purpose"] == "credential"
    claims = jwt.decode(answer.text, jwt.PyJWK(key), algorithms=["EdDSA"])
    assert claims["ZZBS"] == holder.licence["identifier"]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(answer.text[:-20] + "A" * 20, jwt.PyJWK(key), algorithms=["EdDSA"])
