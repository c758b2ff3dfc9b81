"""An evidence pack proves itself to somebody who has Python and OpenSSL alone, and a changed one does not."""

import asyncio
import hashlib
import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.applications import drafts
from app.applications.errors import ApplicationNotFoundError
from app.applications.evidence import read_evidence
from app.audit import evidence
from app.audit.chains import entry_of
from app.audit.checkpoints import make_checkpoints
from app.audit.digests import canonical, digest_of
from app.audit.errors import EvidenceTooLargeError
from app.audit.models import AuditRecord, ChangedChain
from app.audit.service import record
from app.bootstrap import House
from app.commands.audit import fingerprint
from app.kit import clock, crypto
from app.kit.benches import Bench
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.errors import TemporarilyUnavailableError
from app.kit.record_signing import RecordSigner
from app.mandates.models import Mandate, MandateKind, MandateState
from app.mandates.party import Party
from tests.conftest import Phone
from tests.service.audits import append
from tests.service.cases import verified_citizen

FOOD = "11230800JB0000017Q3000131001001"
STAFF = f"staff:{uuid4()}"
DELEGATE = f"citizen:{uuid4()} by mandate:{uuid4()}"


@dataclass(frozen=True)
class Case:
    """A case whose four records two checkpoints cover as far as the third: its owner, and its pack, opened."""

    party: Party
    application_id: UUID
    folder: Path

    def records(self) -> list[dict[str, Any]]:
        """The pack's records."""
        lines = (self.folder / "records.jsonl").read_bytes().splitlines()
        return [json.loads(line) for line in lines]

    def write_records(self, records: list[dict[str, Any]]) -> None:
        """Put others in their place."""
        (self.folder / "records.jsonl").write_bytes(b"".join(canonical(one) + b"\n" for one in records))

    def checkpoints(self) -> list[dict[str, Any]]:
        """The pack's checkpoints."""
        found: list[dict[str, Any]] = json.loads((self.folder / "checkpoints.json").read_bytes())
        return found

    def write_checkpoints(self, checkpoints: list[dict[str, Any]]) -> None:
        """Put others in their place."""
        (self.folder / "checkpoints.json").write_bytes(canonical(checkpoints))


def opened(pack: bytes, folder: Path) -> Path:
    """The pack as a folder."""
    with zipfile.ZipFile(io.BytesIO(pack)) as files:
        files.extractall(folder)
    return folder


async def verify(folder: Path, *fingerprints: str) -> tuple[int, str]:
    """What the pack's own script says, run without anything of ours."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", "-S", "verify.py", *fingerprints],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


async def a_case(house: House, citizen_id: UUID) -> UUID:
    """A case that its owner began and a delegate and a member of staff went on with: two checkpoints cover it all."""
    draft = await drafts.start_application(Party.own(citizen_id), FOOD, {}, None)
    chain = f"application:{draft.id}"
    await append("test:beside")
    await make_checkpoints(house.record_signer)
    async with transaction():
        await record(chain, DELEGATE, "draft_saved", fields=["business_name"])
        await record(chain, STAFF, "assessed", before="accepted", assessor=STAFF)
    for number in range(6):
        await append(f"test:{number}")
    await make_checkpoints(house.record_signer)
    return draft.id


@pytest.fixture
async def case(empty_audit: House, tmp_path: Path) -> Case:
    """A case with its pack; its last record is not covered yet."""
    citizen = await verified_citizen(empty_audit)
    party = Party.own(citizen.id)
    application_id = await a_case(empty_audit, citizen.id)
    async with transaction():
        await record(f"application:{application_id}", "approval_system", "accept", before="delivered", after="accepted")
    pack = await read_evidence(party, application_id, empty_audit.record_signer)
    return Case(party, application_id, opened(pack, tmp_path))


async def test_a_pack_proves_itself(case: Case, empty_audit: House) -> None:
    """It says what holds, since when, and what no checkpoint covers yet."""
    code, said = await verify(case.folder)
    assert code == 0, said
    count = len(case.records())
    assert f"对象：application:{case.application_id}" in said
    assert f"第1至第{count}条记录前后相连" in said
    assert [one["position"] for one in case.checkpoints()] == [count - 3, count - 1]
    assert f"检查点2的签名有效，证明第1至第{count - 1}条记录" in said
    assert f"第{count}至第{count}条记录尚未列入检查点" in said
    assert "结论：相符" in said
    (pem,) = empty_audit.record_signer.public_keys().values()
    assert fingerprint(pem) in said
    assert (await verify(case.folder, fingerprint(pem).upper()))[0] == 0
    assert {path.name for path in case.folder.iterdir()} == {
        *("README.txt", "verify.py", "records.jsonl", "checkpoints.json", "keys"),
    }


async def test_a_pack_names_its_reader_and_systems_alone(case: Case) -> None:
    """Ids of others stand nowhere in it, also not in a detail; their kind does, and what they did."""
    text = "".join(path.read_text(encoding="utf-8") for path in case.folder.rglob("*") if path.is_file())
    assert f"citizen:{case.party.actor_id}" in text
    for name in (STAFF, *DELEGATE.split(" by ")):
        assert name.partition(":")[2] not in text
    by_action = {one["action"]: one for one in case.records()}
    assert by_action["draft_started"]["shown"]["actor"][1] == case.party.name
    assert by_action["accept"]["shown"]["actor"][1] == "approval_system"
    assert by_action["assessed"]["kind"] == "staff"
    assert set(by_action["assessed"]["commitments"]) == {"actor", "details.before", "details.assessor"}
    assert {name: value for name, (_, value) in by_action["assessed"]["shown"].items()} == {
        "details.before": "accepted"
    }
    assert "actor" not in by_action["draft_saved"]["shown"]


async def test_a_delegate_gets_a_pack_that_names_them_and_not_the_principal(case: Case, empty_audit: House) -> None:
    """By the mandate they hold."""
    delegate = await verified_citizen(empty_audit)
    mandate = await Mandate.create(
        principal_id=case.party.citizen_id,
        delegate_id=delegate.id,
        kind=MandateKind.PROXY,
        state=MandateState.ACTIVE,
        matters=["*"],
        created_at=clock.now(),
        confirmed_at=clock.now(),
        ends_at=clock.now() + timedelta(days=30),
    )
    party = Party(actor_id=delegate.id, citizen_id=case.party.citizen_id, mandate_id=mandate.id)
    async with transaction():
        await record(f"application:{case.application_id}", party.name, "draft_saved", fields=[])
    pack = await read_evidence(party, case.application_id, empty_audit.record_signer)
    folder = opened(pack, case.folder / "delegate")
    assert (await verify(folder))[0] == 0
    text = (folder / "records.jsonl").read_text(encoding="utf-8")
    assert f"citizen:{delegate.id} by mandate:{mandate.id}" in text
    assert str(case.party.actor_id) not in text


async def test_nobody_gets_the_evidence_of_anothers_case(case: Case, empty_audit: House) -> None:
    """For them there is no such case."""
    other = await verified_citizen(empty_audit)
    with pytest.raises(ApplicationNotFoundError):
        await read_evidence(Party.own(other.id), case.application_id, empty_audit.record_signer)


def changed(position: int, **columns: Any) -> Callable[[Case], None]:
    """Columns of a record are others."""

    def change(case: Case) -> None:
        records = case.records()
        records[position - 1].update(columns)
        case.write_records(records)

    return change


def said_otherwise(position: int, name: str, value: Any) -> Callable[[Case], None]:
    """What is shown of a record is another value."""

    def change(case: Case) -> None:
        records = case.records()
        records[position - 1]["shown"][name][1] = value
        case.write_records(records)

    return change


def without(*positions: int) -> Callable[[Case], None]:
    """Records are gone."""

    def change(case: Case) -> None:
        case.write_records([one for one in case.records() if one["position"] not in positions])

    return change


def swapped(case: Case) -> None:
    """Two neighbours change places."""
    records = case.records()
    records[1], records[2] = records[2], records[1]
    case.write_records(records)


def hash_anew(case: Case) -> None:
    """A record is another, and every digest from it on is reckoned anew."""
    records = case.records()
    records[1]["action"] = "forgot"
    previous = records[0]["digest"]
    for one in records[1:]:
        one["previous"] = previous
        values = [one[key] for key in ("chain", "position", "at", "kind", "action", "commitments")]
        head = b"jiaban:audit:sha256:" + bytes.fromhex(previous)
        previous = one["digest"] = hashlib.sha256(head + canonical(values)).hexdigest()
    case.write_records(records)


def moved_to_another_case(case: Case) -> None:
    """The records are said to be another case's."""
    case.write_records([{**one, "chain": f"application:{uuid4()}"} for one in case.records()])


def checkpoint(**columns: Any) -> Callable[[Case], None]:
    """Columns of the last checkpoint are others."""

    def change(case: Case) -> None:
        checkpoints = case.checkpoints()
        checkpoints[-1].update(columns)
        case.write_checkpoints(checkpoints)

    return change


def statement(**columns: Any) -> Callable[[Case], None]:
    """What the last checkpoint says is something else."""

    def change(case: Case) -> None:
        said = {**json.loads(case.checkpoints()[-1]["statement"]), **columns}
        checkpoint(statement=canonical(said).decode())(case)

    return change


def path_broken(case: Case) -> None:
    """A hash of the proof is another."""
    path = case.checkpoints()[-1]["path"]
    checkpoint(path=[*path[:-1], "00" * 32])(case)


def path_shorter(case: Case) -> None:
    """The proof ends early."""
    checkpoint(path=case.checkpoints()[-1]["path"][:-1])(case)


def key_replaced(case: Case) -> None:
    """The key in the pack is another one."""
    (file,) = (case.folder / "keys").iterdir()
    (pem,) = RecordSigner({"x": Ed25519PrivateKey.generate()}, "x").public_keys().values()
    file.write_text(pem)


def key_missing(case: Case) -> None:
    """There is no key."""
    (file,) = (case.folder / "keys").iterdir()
    file.unlink()


def file_missing(name: str) -> Callable[[Case], None]:
    """A file of the pack is gone."""
    return lambda case: (case.folder / name).unlink()


def garbage(name: str) -> Callable[[Case], None]:
    """A file of the pack is something else."""

    def change(case: Case) -> None:
        (case.folder / name).write_bytes(b"\xff[1")

    return change


# The case's records: 1 draft_started, 2 draft_saved by a delegate, 3 assessed by staff, 4 accept.
TAMPERING: dict[str, tuple[Callable[[Case], None], str]] = {
    "time": (changed(2, at="2026-01-01T00:00:00.000000+00:00"), "第2条记录：内容被改动"),
    "kind": (changed(3, kind="system"), "第3条记录：内容被改动"),
    "action": (changed(1, action="forgot"), "第1条记录：内容被改动"),
    "uncovered record": (changed(4, action="forgot"), "第4条记录：内容被改动"),
    "commitment": (changed(2, commitments={}), "第2条记录：内容被改动"),
    "digest": (changed(2, digest="00" * 32), "第2条记录：内容被改动"),
    "previous": (changed(2, previous="00" * 32), "第2条记录：与上一条不相连"),
    "algorithm": (changed(2, algorithm="sm3"), "第2条记录：内容被改动"),
    "algorithm that is none": (changed(2, algorithm="md5"), "第2条记录：算法不对"),
    "format": (changed(2, format=1), "第2条记录：栏目不对"),
    "column that nobody checks": (changed(2, by="本人"), "第2条记录：栏目不对"),
    "actor that is shown": (said_otherwise(1, "actor", "citizen:x"), "第1条记录：公开的内容“actor”"),
    "detail that is shown": (said_otherwise(3, "details.before", "x"), "第3条记录：公开的内容“details.before”"),
    "row removed": (without(2), "第2条记录：缺失，或者顺序被调换"),
    "first row removed": (without(1), "第1条记录：缺失，或者顺序被调换"),
    "tail removed": (without(3, 4), "第3条记录：缺失，检查点2证明它曾经存在"),
    "all rows removed": (without(1, 2, 3, 4), "第1条记录：缺失"),
    "rows swapped": (swapped, "第2条记录：缺失，或者顺序被调换"),
    "hashed anew": (hash_anew, "第3条记录：与检查点2签名时的不同"),
    "another case": (moved_to_another_case, "第1条记录：内容被改动"),
    "checkpoint's time": (statement(at="2026-01-01T00:00:00.000000+00:00"), "检查点2：签名无效"),
    "checkpoint's root": (statement(root="00" * 32), "检查点2：签名无效"),
    "checkpoint's size": (statement(heads=4000), "检查点2：签名无效"),
    "checkpoint's signature": (checkpoint(signature="00" * 64), "检查点2：签名无效"),
    "checkpoint's key": (checkpoint(key="other"), "检查点2：缺少公钥other"),
    "checkpoint's position": (checkpoint(position=2), "第2条记录：与检查点2签名时的不同"),
    "checkpoint's position before all": (checkpoint(position=0), "第0条记录：缺失"),
    "checkpoint's index": (checkpoint(index=4000), "检查点2：证明的位置不对"),
    "checkpoint's neighbour": (checkpoint(index=1), "第3条记录：与检查点2签名时的不同"),
    "proof": (path_broken, "第3条记录：与检查点2签名时的不同"),
    "proof too short": (path_shorter, "证明过短"),
    "no checkpoint": (lambda case: case.write_checkpoints([]), "还没有检查点涵盖这些记录"),
    "key replaced": (key_replaced, "检查点1：签名无效"),
    "key missing": (key_missing, "缺少公钥"),
    "records missing": (file_missing("records.jsonl"), "不完整或者格式不对"),
    "checkpoints missing": (file_missing("checkpoints.json"), "不完整或者格式不对"),
    "records are no JSON": (garbage("records.jsonl"), "不完整或者格式不对"),
    "checkpoints are no JSON": (garbage("checkpoints.json"), "不完整或者格式不对"),
}


@pytest.mark.parametrize("name", TAMPERING)
async def test_a_pack_that_was_tampered_with_fails(case: Case, name: str) -> None:
    """And the first broken record or checkpoint is named."""
    tamper, sentence = TAMPERING[name]
    tamper(case)
    code, said = await verify(case.folder)
    assert code == 1, said
    assert "结论：不相符" in said
    assert sentence in said


async def test_a_pack_signed_by_anothers_key_fails_by_the_published_fingerprint(case: Case, empty_audit: House) -> None:
    """A forger makes everything anew, key included: only the city's fingerprint shows it."""
    theirs = RecordSigner({"demo-1": Ed25519PrivateKey.generate()}, "demo-1")
    checkpoints = case.checkpoints()
    for one in checkpoints:
        one["signature"] = theirs.sign("checkpoint", one["statement"].encode()).value.hex()
    case.write_checkpoints(checkpoints)
    (file,) = (case.folder / "keys").iterdir()
    file.write_text(theirs.public_keys()["demo-1"])
    assert (await verify(case.folder))[0] == 0
    (pem,) = empty_audit.record_signer.public_keys().values()
    code, said = await verify(case.folder, fingerprint(pem))
    assert (code, "不是所给指纹" in said) == (1, True)


async def test_a_chain_in_sm3_is_checked_with_sm3(empty_audit: House, tmp_path: Path) -> None:
    """By the script as well."""
    citizen = await verified_citizen(empty_audit)
    ring, keys = keyring(), {"a": bytes(32)}
    application_id = await a_case(empty_audit, citizen.id)
    crypto.install(crypto.Keyring(keys, "a", keys, "a", "sm"))
    try:
        async with transaction():
            await record(f"application:{application_id}", "system", "counted", after="x")
    finally:
        crypto.install(ring)
    await make_checkpoints(empty_audit.record_signer)
    pack = await read_evidence(Party.own(citizen.id), application_id, empty_audit.record_signer)
    case = Case(Party.own(citizen.id), application_id, opened(pack, tmp_path))
    assert [one["algorithm"] for one in case.records()][-2:] == ["sha256", "sm3"]
    code, said = await verify(case.folder)
    assert code == 0, said
    changed(4, action="forgot")(case)
    assert "第4条记录：内容被改动" in (await verify(case.folder))[1]


async def test_records_of_the_first_format_are_shown_as_a_whole_or_by_their_digest(
    case: Case, empty_audit: House
) -> None:
    """Those of others are told apart by the script, since nobody can check their content."""
    chain, previous = f"application:{case.application_id}", bytes(32)
    for row in await AuditRecord.filter(chain=chain).order_by("position").values():
        digest = digest_of(entry_of({**row, "previous": previous, "salt": None}))
        await AuditRecord.filter(id=row["id"]).update(previous=previous, digest=digest, salt=None)
        previous = digest
    await ChangedChain.create(chain=chain)
    await make_checkpoints(empty_audit.record_signer)
    pack = await read_evidence(case.party, case.application_id, empty_audit.record_signer)
    folder = opened(pack, case.folder / "old")
    code, said = await verify(folder)
    # The earlier heads are of the records as they were: the pack shows that they were rewritten.
    assert (code, "第1条记录：与检查点1签名时的不同" in said) == (1, True)
    newest = [one for one in Case(case.party, case.application_id, folder).checkpoints() if one["position"] == 4]
    Case(case.party, case.application_id, folder).write_checkpoints(newest)
    code, said = await verify(folder)
    assert code == 0, said
    assert "其中第2、3条的内容涉及他人，按旧格式不能单独公开" in said
    shown = Case(case.party, case.application_id, folder).records()
    assert [("actor" in one) for one in shown] == [True, False, False, True]
    assert STAFF not in (folder / "records.jsonl").read_text(encoding="utf-8")


async def test_the_interface_hands_out_the_pack(phone: Phone, house: House, tmp_path: Path) -> None:
    """Over HTTP, to the citizen whose case it is."""
    draft = phone.draft()
    chain = f"application:{draft['id']}"
    async with asyncio.timeout(30):
        while await ChangedChain.exists(chain=chain):
            await make_checkpoints(house.record_signer)
    answer = phone.http.get(f"/api/v1/applications/{draft['id']}/evidence")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert f"jiaban-evidence-{draft['id']}.zip" in answer.headers["content-disposition"]
    code, said = await verify(opened(answer.content, tmp_path))
    assert code == 0, said
    assert "尚未列入" not in said


async def test_of_many_checkpoints_a_pack_holds_few_and_proves_every_record(
    case: Case, empty_audit: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever saves a draft each minute makes no pack that takes the processor for minutes."""
    for _ in range(5):
        await append(f"application:{case.application_id}")
        await make_checkpoints(empty_audit.record_signer)
    monkeypatch.setattr(evidence, "_MOST_PROOFS", 3)
    monkeypatch.setattr(evidence, "_PAGE", 2)
    few = Case(case.party, case.application_id, tmp_path / "few")
    opened(await read_evidence(few.party, few.application_id, empty_audit.record_signer), few.folder)
    records, positions = few.records(), [one["position"] for one in few.checkpoints()]
    assert [one["position"] for one in records] == list(range(1, len(records) + 1))
    assert (len(positions), positions[0], positions[-1]) == (3, case.checkpoints()[0]["position"], len(records))
    code, said = await verify(few.folder)
    assert (code, "尚未列入检查点" in said) == (0, False), said


async def test_a_pack_is_reckoned_apart_from_requests(
    case: Case, empty_audit: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trees and records alike."""
    threads = set()

    def noted(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any) -> Any:
            threads.add(threading.current_thread().name)
            return work(*values)

        return call

    for name in ("inclusion_proof", "_shown", "head_leaf"):
        monkeypatch.setattr(evidence, name, noted(getattr(evidence, name)))
    await read_evidence(case.party, case.application_id, empty_audit.record_signer)
    assert {name.partition("_")[0] for name in threads} == {"evidence"}


async def test_too_many_packs_and_too_large_ones_are_refused(
    case: Case, empty_audit: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with its own word; afterwards there is a place again."""
    bench = Bench("evidence", places=1)
    monkeypatch.setattr(evidence, "_BENCH", bench)
    with bench.place(), pytest.raises(TemporarilyUnavailableError):
        await read_evidence(case.party, case.application_id, empty_audit.record_signer)
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "_MOST_RECORDS", len(case.records()) - 1)
        with pytest.raises(EvidenceTooLargeError):
            await read_evidence(case.party, case.application_id, empty_audit.record_signer)
    assert await read_evidence(case.party, case.application_id, empty_audit.record_signer)
