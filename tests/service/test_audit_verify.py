"""Whoever changes the audit in the database is found, and the first row that they touched is named."""

import asyncio
import contextvars
import subprocess
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tortoise.expressions import F

from app.audit import verification
from app.audit.chains import BrokenError, entry_of
from app.audit.checkpoints import hash_of, head_leaf, make_checkpoints, statement
from app.audit.digests import digest_of
from app.audit.merkle import root_of
from app.audit.models import AuditRecord, ChainHead, ChangedChain, Checkpoint
from app.bootstrap import House
from app.demo.plan import Plan
from app.kit import crypto, db
from app.kit.crypto import keyring
from app.kit.record_signing import RecordSigner
from config.settings import Settings
from tests.nursery import command
from tests.service.audits import append, check

A, B, C = "test:a", "test:b", "test:c"


async def an_audit(signer: RecordSigner) -> None:
    """A of six records, four of them covered by two checkpoints; B of three, all covered; C of two, none covered."""
    await append(A, times=2)
    await append(B, times=1)
    await make_checkpoints(signer)
    await append(A, times=2)
    await append(B, times=2)
    await make_checkpoints(signer)
    await append(A, times=2)
    await append(C, times=2)


def at(chain: str, position: int) -> Any:
    """One record."""
    return AuditRecord.filter(chain=chain, position=position)


async def rehash(chain: str, first: int, **changed: Any) -> None:
    """Change a record, and reckon its digest and that of all that follow anew: the chain alone shows nothing."""
    await at(chain, first).update(**changed)
    before = await at(chain, first - 1).first()
    previous = bytes(before.digest) if before else bytes(32)
    for row in await AuditRecord.filter(chain=chain, position__gte=first).order_by("position").values():
        digest = digest_of(entry_of({**row, "previous": previous}))
        await at(chain, row["position"]).update(previous=previous, digest=digest)
        previous = digest


async def swap() -> None:
    """Two neighbours change places."""
    await at(A, 2).update(position=99)
    await at(A, 3).update(position=2)
    await at(A, 99).update(position=3)


async def forge(number: int) -> None:
    """A checkpoint is made over other heads, and signed by a key that is not ours under the name of one that is."""
    await rehash(A, 1, actor="nobody")
    for head in await ChainHead.filter(chain=A):
        record = await AuditRecord.get(chain=A, position=head.position)
        await ChainHead.filter(number=head.number).update(digest=record.digest)
    theirs = RecordSigner({"demo-1": Ed25519PrivateKey.generate()}, "demo-1")
    checkpoint = await Checkpoint.get(number=number)
    heads = await ChainHead.filter(number__gte=checkpoint.first_head).order_by("number").limit(checkpoint.heads)
    checkpoint.root = root_of([head_leaf(head.chain, head.position, bytes(head.digest)) for head in heads])
    checkpoint.signature = theirs.sign("checkpoint", statement(checkpoint)).value
    await checkpoint.save(update_fields=["root", "signature"])


def checkpoint(number: int, **changed: Any) -> Callable[[], Awaitable[object]]:
    """Change columns of a checkpoint."""
    return lambda: Checkpoint.filter(number=number).update(**changed)


def record(chain: str, position: int, **changed: Any) -> Callable[[], Awaitable[object]]:
    """Change columns of a record."""
    return lambda: at(chain, position).update(**changed)


async def drop_chain() -> None:
    """A whole chain goes, and its heads with it, and those of others close up."""
    await AuditRecord.filter(chain=B).delete()
    await ChainHead.filter(chain=B).delete()
    await db.rows("UPDATE audit_heads SET number = number - 1 WHERE number > 2")


async def drop_first_checkpoint() -> None:
    """The first one goes, and the second takes its place."""
    await Checkpoint.filter(number=1).delete()
    await db.rows("UPDATE audit_checkpoints SET number = 1")


CHANGED, MISSING, NOT_FOLLOWING = "not what it was", "it is not there", "does not follow"
LOST = "covers it, and it is not there"
OTHERWISE, UNSIGNED, HEADS = "covers it as something else", "no key of ours", "heads are not those"
TAMPERING: dict[str, tuple[Callable[[], Awaitable[object]], str, str]] = {
    "actor": (record(A, 3, actor="nobody"), f"chain {A}, position 3", CHANGED),
    "kind of actor": (record(A, 3, actor="staff:x"), f"chain {A}, position 3", CHANGED),
    "action": (record(A, 1, action="forgot"), f"chain {A}, position 1", CHANGED),
    "details": (record(A, 4, details={"number": 9, "text": "数"}), f"chain {A}, position 4", CHANGED),
    "a detail more": (record(A, 4, details={"number": 1, "text": "数", "x": 1}), f"chain {A}, position 4", CHANGED),
    "time": (record(B, 2, at=F("at") + timedelta(microseconds=1)), f"chain {B}, position 2", CHANGED),
    "digest": (record(A, 2, digest=bytes(32)), f"chain {A}, position 2", CHANGED),
    "previous": (record(A, 2, previous=bytes(32)), f"chain {A}, position 2", NOT_FOLLOWING),
    "algorithm": (record(A, 2, algorithm="sm3"), f"chain {A}, position 2", CHANGED),
    "salt": (record(A, 2, salt=bytes(16)), f"chain {A}, position 2", CHANGED),
    "no salt": (record(A, 2, salt=None), f"chain {A}, position 2", CHANGED),
    "uncovered record": (record(A, 6, action="forgot"), f"chain {A}, position 6", CHANGED),
    "row deleted": (lambda: at(A, 3).delete(), f"chain {A}, position 3", MISSING),
    "row deleted that is a head": (lambda: at(A, 2).delete(), f"chain {A}, position 2", LOST),
    "first row deleted": (lambda: at(A, 1).delete(), f"chain {A}, position 1", MISSING),
    "tail deleted": (lambda: at(B, 3).delete(), f"chain {B}, position 3", LOST),
    "tail deleted to a head": (
        lambda: AuditRecord.filter(chain=B, position__gt=1).delete(),
        f"chain {B}, position 3",
        LOST,
    ),
    "chain deleted": (
        lambda: AuditRecord.filter(chain=B).delete(),
        f"chain {B}, position 1",
        LOST,
    ),
    "chain deleted with its heads": (drop_chain, "checkpoint 1", HEADS),
    "rows swapped": (swap, f"chain {A}, position 2", NOT_FOLLOWING),
    "tail hashed anew": (lambda: rehash(A, 3, actor="nobody"), f"chain {A}, position 4", OTHERWISE),
    "whole chain hashed anew": (lambda: rehash(A, 1, actor="nobody"), f"chain {A}, position 2", OTHERWISE),
    "head changed": (
        lambda: ChainHead.filter(chain=A, position=2).update(digest=bytes(32)),
        "checkpoint 1",
        HEADS,
    ),
    "head moved": (lambda: ChainHead.filter(chain=A, position=2).update(position=1), "checkpoint 1", HEADS),
    "head deleted": (lambda: ChainHead.filter(chain=B, position=3).delete(), "checkpoint 2", HEADS),
    "head added": (
        lambda: ChainHead.create(number=5, chain=C, position=2, digest=bytes(32)),
        "head 5",
        "no checkpoint was made over it",
    ),
    "checkpoint's time": (checkpoint(1, at=F("at") + timedelta(days=-1)), "checkpoint 1", UNSIGNED),
    "checkpoint's root": (checkpoint(2, root=bytes(32)), "checkpoint 2", UNSIGNED),
    "checkpoint's link": (checkpoint(2, previous=bytes(32)), "checkpoint 2", UNSIGNED),
    "checkpoint's size": (checkpoint(2, heads=1), "checkpoint 2", UNSIGNED),
    "checkpoint's first head": (checkpoint(2, first_head=2), "checkpoint 2", HEADS),
    "checkpoint's signature": (checkpoint(1, signature=bytes(64)), "checkpoint 1", UNSIGNED),
    "checkpoint's key": (checkpoint(1, key_id="demo-2"), "checkpoint 1", UNSIGNED),
    "checkpoint of a foreign key": (lambda: forge(1), "checkpoint 1", UNSIGNED),
    "checkpoint deleted": (lambda: Checkpoint.filter(number=1).delete(), "checkpoint 1", MISSING),
    "checkpoint deleted and moved up": (drop_first_checkpoint, "checkpoint 1", UNSIGNED),
    "last checkpoint deleted": (lambda: Checkpoint.filter(number=2).delete(), "head 3", "no checkpoint was made"),
    "note deleted": (lambda: ChangedChain.filter(chain=C).delete(), f"chain {C}", "no checkpoint covers"),
}


@pytest.mark.parametrize("name", TAMPERING)
async def test_whatever_is_touched_is_named(empty_audit: House, name: str) -> None:
    """The row and what is wrong with it."""
    signer = empty_audit.record_signer
    await an_audit(signer)
    await check(signer)
    tamper, where, why = TAMPERING[name]
    await tamper()
    with pytest.raises(BrokenError) as broken:
        await check(signer)
    assert broken.value.where == where
    assert why in broken.value.why


async def test_history_hashed_anew_is_found_though_newer_checkpoints_cover_it(empty_audit: House) -> None:
    """Between two checkpoints somebody rewrote a chain, and the product signed its new head in good faith."""
    signer = empty_audit.record_signer
    await append(A, times=2)
    await make_checkpoints(signer)
    await rehash(A, 1, actor="nobody")
    await append(A)
    await make_checkpoints(signer)
    with pytest.raises(BrokenError) as broken:
        await check(signer)
    assert broken.value.where == f"chain {A}, position 2"


async def test_a_link_between_checkpoints_that_was_signed_wrong_is_found(empty_audit: House) -> None:
    """Our own key signed it, and it does not follow."""
    signer = empty_audit.record_signer
    await an_audit(signer)
    second = await Checkpoint.get(number=2)
    second.previous = hash_of(b"another")
    second.signature = signer.sign("checkpoint", statement(second)).value
    await second.save(update_fields=["previous", "signature"])
    with pytest.raises(BrokenError) as broken:
        await check(signer)
    assert str(broken.value) == "checkpoint 2: it does not follow from the one before"


async def test_chains_longer_than_a_page_and_pages_of_many_chains_are_whole(
    empty_audit: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a page ends: within a chain, between two, before an uncovered tail."""
    await an_audit(empty_audit.record_signer)
    for size in (1, 2, 3, 4, 6, 7, 11):
        monkeypatch.setattr("app.audit.verification._PAGE", size)
        checked = await check(empty_audit.record_signer)
        assert (checked.records, checked.chains, checked.waiting, checked.checkpoints) == (11, 3, 2, 2)


async def test_algorithms_follow_the_profile_and_older_records_still_verify(empty_audit: House) -> None:
    """A chain that began with SHA-256 goes on with SM3."""
    await append(A, times=2)
    ring, keys = keyring(), {"a": bytes(32)}
    crypto.install(crypto.Keyring(keys, "a", keys, "a", "sm"))
    try:
        await append(A, times=2)
    finally:
        crypto.install(ring)
    found: list[Any] = await AuditRecord.filter(chain=A).order_by("position").values_list("algorithm", flat=True)
    assert found == ["sha256", "sha256", "sm3", "sm3"]
    await make_checkpoints(empty_audit.record_signer)
    assert (await check(empty_audit.record_signer)).records == 4
    await at(A, 3).update(actor="nobody")
    with pytest.raises(BrokenError, match=f"{A}, position 3"):
        await check(empty_audit.record_signer)


async def test_an_audit_that_grows_while_it_is_checked_is_whole(
    empty_audit: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is checked as it stood at one moment: what comes in between its steps is neither counted nor missed."""
    signer, outside = empty_audit.record_signer, contextvars.copy_context()
    await append(A)
    await make_checkpoints(signer)

    async def grow() -> None:
        await append(A)
        await append(B)
        await make_checkpoints(signer)
        await append(C)

    def meanwhile(name: str) -> None:
        step = getattr(verification, name)

        async def grown(*arguments: Any) -> Any:
            # On a connection of its own, since the check's transaction reads only.
            await asyncio.get_running_loop().create_task(grow(), context=outside)
            return await step(*arguments)

        monkeypatch.setattr(verification, name, grown)

    for name in ("_root", "_check_records"):
        meanwhile(name)
    checked = await check(signer)
    assert (checked.records, checked.chains, checked.waiting, checked.checkpoints) == (1, 1, 0, 1)
    monkeypatch.undo()
    assert (await check(signer)).records == 7


async def jiaban(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as whoever holds the server types it."""
    return await asyncio.to_thread(command, *words)


async def test_the_command_says_what_it_found(
    empty_audit: House, quiet_settings: Settings, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 where it is whole, 1 where it is not, with the row's name; and the public keys."""
    monkeypatch.setenv("JIABAN_CONFIG_FILE", str(plan.config_file))
    monkeypatch.setenv("JIABAN_DATABASE_URL", quiet_settings.database_url.get_secret_value())
    await an_audit(empty_audit.record_signer)
    newest = hash_of(statement(await Checkpoint.get(number=2))).hex()
    whole = await jiaban("audit", "verify")
    assert whole.returncode == 0, whole.stderr
    assert "whole: 11 records in 3 chains, 2 checkpoints, 2 chains wait for the next one" in whole.stdout
    assert f"newest checkpoint: 2 {newest}" in whole.stdout
    await at(A, 3).update(actor="nobody")
    broken = await jiaban("audit", "verify")
    assert broken.returncode == 1
    assert broken.stdout == f"broken: chain {A}, position 3: it is not what it was when it was written\n"
    keys = await jiaban("audit", "keys")
    assert all(pem in keys.stdout for pem in empty_audit.record_signer.public_keys().values())
