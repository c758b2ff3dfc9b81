"""What verifiers fetch before they go where no network is, from the running house."""

import json
import time
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import cbor2
import cwt
import httpx

from app.bootstrap import House
from app.kit.db import transaction
from app.licences.models import Licence, LicenceCause
from app.licences.moving import move_licence_of_case
from tests.service.cases import issued_licence, some_case_no, verified_citizen


def public_keys(client: httpx.Client) -> list[Any]:
    """The published keys, as a library reads them that had no part in writing them."""
    answer = client.get("/.well-known/licence-keys")
    assert answer.headers["content-type"] == "application/cose-key-set"
    keys = [{label: value for label, value in key.items() if label > -65536} for key in cbor2.loads(answer.content)]
    return [cwt.COSEKey.new(key) for key in keys]


def status_of(client: httpx.Client, address: str, index: int) -> tuple[int, dict[int, Any]]:
    """The status of a place, and the claims of the list."""
    answer = client.get(urlsplit(address).path)
    assert answer.headers["content-type"] == "application/statuslist+cwt"
    claims: Any = cwt.decode(answer.content, keys=public_keys(client))
    return zlib.decompress(claims[65533]["lst"])[index // 4] >> index % 4 * 2 & 3, claims


def test_each_purpose_has_a_key_in_either_form(client: httpx.Client) -> None:
    """The same keys, COSE and JWK."""
    cose = cbor2.loads(client.get("/.well-known/licence-keys").content)
    answer = client.get("/.well-known/licence-keys.json")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    jwks = answer.json()["keys"]
    assert [key[2].decode() for key in cose] == [key["kid"] for key in jwks]
    assert {key["purpose"] for key in jwks} == {"code", "paper", "status", "credential"}
    assert "d" not in json.dumps([sorted(key) for key in jwks]).split('"')


def test_who_has_them_already_is_told_so(client: httpx.Client) -> None:
    """By the ETag; pages of other sites may read them."""
    for path in ("/.well-known/licence-keys", "/.well-known/licence-keys.json", "/.well-known/licence-status"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("public, max-age=")
        assert answer.headers["access-control-allow-origin"] == "*"
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_there_is_no_list_of_another_number(client: httpx.Client) -> None:
    """Whatever the number."""
    for number in ("4711", "-1", "99999999999999999999"):
        assert client.get(f"/.well-known/licence-status/{number}").status_code == 404


def asked(client: httpx.Client, address: str, etag: str) -> httpx.Response:
    """The answer to whoever has what this ETag names."""
    return client.get(urlsplit(address).path, headers={"If-None-Match": etag})


def until(condition: Callable[[], bool]) -> None:
    """Ask until it is so; the worker takes its time."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_a_revocation_is_seen_without_waiting_for_the_next_lists(house: House, client: httpx.Client) -> None:
    """The worker makes the list at once; a verifier that knows the list of lists finds it."""
    citizen = await verified_citizen(house)
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    case_no, index, address = str(licence.case_no), place_of(licence), ""

    def listed() -> bool:
        nonlocal address
        found = client.get("/.well-known/licence-status").json()["status_lists"]
        address = found[0] if found else ""
        return bool(found)

    until(listed)
    status, claims = status_of(client, address, index)
    assert (status, claims[2], claims[65534]) == (0, address, 300)
    first = asked(client, address, "")
    async with transaction():
        await move_licence_of_case(case_no, LicenceCause.REVOKED, "经查提供虚假材料")
    until(lambda: status_of(client, address, index)[0] == 1)
    seen = asked(client, address, first.headers["etag"])
    assert seen.status_code == 200
    again = asked(client, address, seen.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


def place_of(licence: Licence) -> int:
    """The index of a licence in the first list."""
    assert licence.status_list == 0
    assert licence.status_index is not None
    return licence.status_index
