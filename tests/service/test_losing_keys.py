"""Keys that nobody has any more: what is left, and how the house goes on (docs/operations.md, losing a key)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.chains import BrokenError
from app.audit.checkpoints import make_checkpoints
from app.bootstrap import House, install_keyring, open_house
from app.demo.plan import Plan
from app.identity.joining import same_number
from app.kit import crypto
from app.kit.crypto import Keyring, keyring
from app.kit.record_signing import RecordSigner
from app.kit.rotation import key_columns, renew
from config.settings import Settings
from tests.people import make_person
from tests.service.audits import append, check
from tests.service.cases import verified_citizen
from tests.service.conftest import copy_database


@pytest.fixture
async def own(plan: Plan, settings: Settings, with_city: str) -> AsyncIterator[House]:
    """A house on a database that nobody else uses."""
    server = plan.database_url.rpartition("/")[0]
    url = await copy_database(server, with_city)
    try:
        async with open_house(Settings(**{**settings.model_dump(), "database_url": url})) as house:
            yield house
    finally:
        install_keyring(settings)
        admin = await asyncpg.connect(f"{server}/postgres")
        await admin.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')
        await admin.close()


async def test_people_are_found_again_after_the_lookup_key_is_lost(own: House) -> None:
    """Hashes are made anew from what is sealed, without the key that made them."""
    person = make_person()
    first = await verified_citizen(own, person)
    second = await verified_citizen(own, replace(make_person(), name=person.name, id_number=person.id_number))
    assert await same_number(second) == [first.id]
    keys = own.settings.keys
    sealing = {key_id: bytes.fromhex(key.get_secret_value()) for key_id, key in keys.encryption.items()}
    crypto.install(Keyring(sealing, keys.encryption_active, {"anew": b"n" * 32}, "anew"))
    assert await same_number(second) == []
    result = await renew(key_columns(own.blobs), keyring())
    assert not any(result.broken.values())
    assert await same_number(second) == [first.id]


async def test_what_a_lost_record_key_signed_is_believed_by_its_public_key(empty_audit: House) -> None:
    """Which is printed while there is one; without it nobody could tell such checkpoints from made-up ones."""
    del empty_audit
    lost, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    await append("test:lost", times=2)
    await make_checkpoints(RecordSigner({"lost": lost}, "lost"))
    await append("test:lost", times=1)
    await make_checkpoints(RecordSigner({"new": new}, "new"))
    with pytest.raises(BrokenError):
        await check(RecordSigner({"new": new}, "new"))
    checked = await check(RecordSigner({"new": new}, "new", {"lost": lost.public_key()}))
    assert (checked.records, checked.checkpoints) == (3, 2)
