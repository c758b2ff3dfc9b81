"""Changing keys on a database of one's own in the running PostgreSQL, while others write, and with a kill between."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tortoise import Model, Tortoise, fields
from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance

from app.applications.models import Application, Material
from app.bootstrap import install_keyring
from app.demo.plan import CONFIG_VARIABLE, Plan
from app.identity import wards
from app.identity.models import Citizen
from app.kit import blobs, clock, crypto, db
from app.kit.ciphers import ProfileName, hmac_sha256
from app.kit.columns import BlobColumn, HashColumn, SealedColumn, Under
from app.kit.crypto import Keyring, keyring
from app.kit.db import database, transaction
from app.kit.fields import BlobKeyField, LookupField, SealedField, SealedJsonField
from app.kit.ids import new_id
from app.kit.models import DoomedBlob
from app.kit.rotation import key_columns, renew
from config.settings import Settings
from media.storage import BlobStore, FolderStore
from tests.conftest import REPOSITORY
from tests.e2e.breaking import await_true
from tests.nursery import command

KEYS = {"a": b"a" * 32, "b": b"b" * 32}
HOLD_ONE = "SELECT 1 FROM citizens WHERE id = (SELECT id FROM citizens ORDER BY id OFFSET 20 LIMIT 1) FOR UPDATE"
WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def ring(active: str, profile: ProfileName = "aes", *ids: str) -> Keyring:
    """A ring of all keys, or of those named."""
    keys = {key_id: KEYS[key_id] for key_id in ids or KEYS}
    return Keyring(keys, active, keys, active, profile)


@asynccontextmanager
async def database_made(server: str, template: str) -> AsyncIterator[str]:
    """A database that is there for a while; yields its address."""
    name = f"keys_{uuid4().hex}"
    admin = await asyncpg.connect(f"{server}/postgres")
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield f"{server}/{name}"
        finally:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@dataclass(frozen=True, slots=True)
class Own:
    """A database and a blob store of one's own."""

    url: str
    folder: Path
    blobs: BlobStore


@pytest.fixture
async def own(plan: Plan, settings: Settings, migrated: str, tmp_path: Path) -> AsyncIterator[Own]:
    """Both, empty, in use by this process under the key ``a``."""
    server, _, _ = plan.database_url.rpartition("/")
    try:
        async with database_made(server, migrated) as url:
            crypto.install(ring("a"))
            async with database(url):
                yield Own(url, tmp_path, FolderStore(tmp_path))
    finally:
        install_keyring(settings)


def models() -> list[type[Model]]:
    """Every registered model."""
    assert Tortoise.apps is not None
    return list(Tortoise.apps["jiaban"].values())


M = TypeVar("M", bound=Model)
PLAIN: dict[type, Any] = {
    fields.UUIDField: new_id,
    fields.CharField: lambda: uuid4().hex[:16],
    fields.IntField: itertools.count(1).__next__,
    fields.DatetimeField: clock.now,
    fields.DateField: clock.today,
    fields.BinaryField: lambda: b"plain",
    fields.BooleanField: lambda: False,
    fields.JSONField: dict,
}


async def make(model: type[M], blobs: BlobStore, **given: Any) -> M:
    """A row of any model, and of what it refers to, with every sealed field, hash and blob of it set."""
    values: dict[str, Any] = {"id": uuid4()} if isinstance(model._meta.pk, fields.UUIDField) else {}
    values |= given
    own_id = values.get("id", uuid4())
    for name, one in model._meta.fields_map.items():
        text = f"{name} 佳木斯 {own_id}"
        if name in given or isinstance(one, BackwardFKRelation) or one.generated:
            continue
        if isinstance(one, ForeignKeyFieldInstance):
            if not one.null:
                values[name] = await make(one.related_model, blobs)
        elif isinstance(one, SealedField):
            values[name] = {"text": text} if isinstance(one, SealedJsonField) else text
        elif isinstance(one, LookupField):
            values[name] = keyring().lookup(given.get(one.source, f"{one.source} 佳木斯 {own_id}"), one.purpose)
        elif isinstance(one, BlobKeyField):
            values[name] = f"{model._meta.db_table}/{uuid4().hex}"
            await blobs.put(values[name], keyring().seal(text.encode(), values[name]))
        elif not one.null and one.default is None and not one.reference and name not in values:
            kind = next(kind for kind in type(one).__mro__ if kind in PLAIN or hasattr(one, "enum_type"))
            values[name] = next(iter(one.enum_type)) if hasattr(one, "enum_type") else PLAIN[kind]()
            if isinstance(one, fields.CharField):
                values[name] = values[name][: one.max_length]
    return await model.create(**values)


async def one_of_each(blobs: BlobStore) -> None:
    """A row of every model that holds something sealed."""
    for model in models():
        if any(isinstance(one, SealedField | LookupField | BlobKeyField) for one in model._meta.fields_map.values()):
            await make(model, blobs)


async def opened(blobs: BlobStore) -> dict[tuple[str, str, str], Any]:
    """Everything that is sealed, as the installed ring opens it."""
    found: dict[tuple[str, str, str], Any] = {}
    for model in models():
        sealed = [name for name, one in model._meta.fields_map.items() if isinstance(one, SealedField)]
        keys = [name for name, one in model._meta.fields_map.items() if isinstance(one, BlobKeyField)]
        for row in await model.all() if sealed or keys else []:
            found |= {(model.__name__, name, str(row.pk)): getattr(row, name) for name in sealed}
            for name in keys:
                key = getattr(row, name)
                found[model.__name__, name, str(row.pk)] = keyring().open(await blobs.get(key), key)
    return found


async def as_before(blobs: BlobStore) -> None:
    """Make every value what the first release wrote: format 1, and hashes that name no key."""
    for column in key_columns(blobs):
        assert isinstance(column, SealedColumn | HashColumn | BlobColumn)
        update = f'UPDATE "{column.table}" SET "{column.column}" = $1 WHERE id = $2'  # noqa: S608  # names of our models
        for row in await db.rows(f'SELECT * FROM "{column.table}"'):  # noqa: S608  # likewise
            value = row[column.column]
            if isinstance(column, BlobColumn):
                await blobs.put(value, direct(keyring().open(await blobs.get(value), value), value))
                continue
            if isinstance(column, SealedColumn):
                old: Any = direct(keyring().open(bytes(value), column.place), column.place)
            else:
                plain = keyring().open(bytes(row[column.source.column]), column.source.place).decode()
                old = bare(plain, column.purpose)
            await db.execute(update, old, row["id"])


def direct(plain: bytes, place: str) -> bytes:
    """Format 1, under the key ``a``."""
    head, nonce = b"\x01\x01a", os.urandom(12)
    return head + nonce + AESGCM(KEYS["a"]).encrypt(nonce, plain, head + place.encode())


def bare(plain: str, purpose: str) -> str:
    """A hash of the first release, under the key ``a``."""
    return hmac_sha256(KEYS["a"], f"{purpose}\0{plain}".encode()).hex()


async def found(number: str) -> list[UUID]:
    """The citizens with this identity number."""
    hashes = keyring().lookups(number, "id_number")
    return [citizen.id for citizen in await Citizen.filter(id_number_hash__in=hashes)]


async def tallies(blobs: BlobStore) -> dict[str, set[Under]]:
    """Under which keys each column's values are."""
    return {column.name: set(await column.tally()) for column in key_columns(blobs)}


async def test_no_column_that_depends_on_keys_is_forgotten(own: Own) -> None:
    """The database's own list of columns of bytes and of hashes is the one that rotation finds by the fields."""
    columns = key_columns(own.blobs)
    listed = (
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    tables = "AND table_name NOT LIKE 'procrastinate%'"
    by_type = {row["name"] for row in await db.rows(f"{listed} {tables} AND data_type = 'bytea'")}
    by_name = {row["name"] for row in await db.rows(f"{listed} {tables} AND column_name LIKE '%\\_hash'")}
    blobs = {row["name"] for row in await db.rows(f"{listed} {tables} AND column_name LIKE '%blob%'")}
    # The audit is made of digests, salts and signatures, and what scanners are told of licences is public.
    told = {"licence_keys.public", "licence_status_lists.token"}
    sealed = {name for name in by_type - told if not name.startswith("audit_")}
    # A password's hash has no key; that of a code's digits is over within a minute.
    by_name -= {"staff.password_hash", "presentations.digits_hash"}
    assert {column.name for column in columns if isinstance(column, SealedColumn)} == sealed
    assert {column.name for column in columns if isinstance(column, HashColumn)} == by_name
    assert {column.name for column in columns if isinstance(column, BlobColumn)} == blobs
    assert len(columns) == len(sealed) + len(by_name) + len(blobs)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ring("a"), ("b", "aes")),
        (ring("a"), ("a", "sm")),
        (ring("a", "sm"), ("b", "aes")),
        (ring("b", "sm"), ("a", "sm")),
        (None, ("a", "aes")),
        (None, ("b", "sm")),
    ],
    ids=["a to b", "to sm", "back from sm", "sm, b to a", "first release", "first release to sm and b"],
)
async def test_everything_is_put_under_the_active_key(
    own: Own, before: Keyring | None, after: tuple[str, ProfileName]
) -> None:
    """Columns, hashes and blobs, so that the new key alone opens and finds all; a second run has nothing to do."""
    active, profile = after
    crypto.install(before or ring("a"))
    for _ in range(2):
        await one_of_each(own.blobs)
    if before is None:
        await as_before(own.blobs)
    plain = await opened(own.blobs)
    citizen = await Citizen.all().first()
    assert citizen is not None
    assert await found(citizen.id_number or "") == [citizen.id]
    crypto.install(ring(active, profile))
    assert await opened(own.blobs) == plain

    result = await renew(key_columns(own.blobs), keyring())

    assert not any(result.broken.values())
    assert set(result.renewed) == {column.name for column in key_columns(own.blobs)}
    assert min(result.renewed.values()) >= 2
    assert await found(citizen.id_number or "") == [citizen.id]
    crypto.install(ring(active, profile, active))
    assert await opened(own.blobs) == plain
    assert await found(citizen.id_number or "") == [citizen.id]
    assert all(under == {Under(active, profile)} for under in (await tallies(own.blobs)).values())
    again = await renew(key_columns(own.blobs), keyring())
    assert not any(again.renewed.values())


async def test_nothing_that_others_write_meanwhile_is_lost(own: Own) -> None:
    """Writers that still seal with the old key go on and on, and a citizen is found at every moment.

    Rotation sees each row again that they wrote, and ends when they do.
    """
    people = [await make(Citizen, own.blobs) for _ in range(12)]
    cases = [await make(Application, own.blobs, citizen=citizen, form={"count": 0}) for citizen in people]
    written: dict[Any, int] = dict.fromkeys((case.pk for case in cases), 0)
    looked, stop = 0, asyncio.Event()

    async def write(index: int) -> None:
        case, citizen = cases[index], people[index]
        while not stop.is_set():
            async with transaction():
                row = await Application.select_for_update().get(id=case.pk)
                row.form = {"count": row.form["count"] + 1}
                await row.save(update_fields=["form"])
                person = await Citizen.select_for_update().get(id=citizen.id)
                person.phone = str(row.form["count"])
                person.phone_hash = keyring().lookup(person.phone, "phone")
                await person.save(update_fields=["phone", "phone_hash"])
            written[case.pk] += 1

    async def look() -> None:
        nonlocal looked
        while not stop.is_set():
            assert [await found(citizen.id_number or "") for citizen in people] == [[citizen.id] for citizen in people]
            looked += 1

    async def rotate() -> None:
        seen = 0

        def count(name: str) -> None:
            nonlocal seen
            seen += name in {"applications.form", "citizens.phone", "citizens.phone_hash"}
            if seen > 20 * len(cases):
                stop.set()

        result = await renew(key_columns(own.blobs), ring("b", "sm"), count)
        stop.set()
        assert not any(result.broken.values())

    async with asyncio.TaskGroup() as tasks:
        for task in (rotate(), look(), *(write(index) for index in range(len(cases)))):
            tasks.create_task(task)

    assert looked
    crypto.install(ring("b", "sm", "b"))
    for case, citizen in zip(cases, people, strict=True):
        assert (await Application.get(id=case.pk)).form == {"count": written[case.pk]}
        person = await Citizen.get(id=citizen.id)
        assert person.phone == str(written[case.pk])
        assert person.phone_hash == keyring().lookup(person.phone, "phone")
        assert await found(citizen.id_number or "") == [citizen.id]


async def test_a_ward_is_one_child_while_keys_are_changed(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that name different active keys wait for each other, and find what the other made."""
    del own
    mine: ContextVar[Keyring] = ContextVar("mine")
    monkeypatch.setattr(wards, "keyring", mine.get)

    async def ask(active: str, profile: ProfileName, number: str) -> UUID:
        mine.set(ring(active, profile))
        async with transaction():
            return (await wards.ward_of("测童", number)).id

    processes: list[tuple[str, ProfileName]] = [("a", "aes"), ("b", "aes"), ("a", "sm"), ("b", "sm")]
    for number in range(5):
        wanted = f"23080320180101{number:04d}"
        ids = await asyncio.gather(*(asyncio.create_task(ask(*one, wanted)) for one in processes * 2))
        assert len(set(ids)) == 1


async def test_a_blob_whose_row_went_away_does_not_come_back(own: Own) -> None:
    """Deleted between reading it and putting it."""
    gone, stays = [await make(Material, own.blobs, preview_blob_key=None) for _ in range(2)]

    class Meanwhile(FolderStore):
        async def put(self, key: str, data: bytes) -> None:
            if key == gone.blob_key:
                await gone.delete()
                await self.delete(key)
            await super().put(key, data)

    store = Meanwhile(own.folder)
    result = await renew([one for one in key_columns(store) if isinstance(one, BlobColumn)], ring("b"))
    assert not any(result.broken.values())
    assert [path.name for path in own.folder.rglob("*") if path.is_file()] == [stays.blob_key.rpartition("/")[2]]


async def test_a_blob_that_goes_from_one_table_to_another_stays(own: Own) -> None:
    """A photograph is written down to be deleted before it is put, and spared when its row is made."""
    kept = await make(Material, own.blobs)
    await Material.filter(id=kept.id).delete()
    await blobs.doom([kept.blob_key], at=clock.now() + timedelta(hours=1))

    class Meanwhile(FolderStore):
        async def put(self, key: str, data: bytes) -> None:
            if await DoomedBlob.exists(blob_key=key):
                async with transaction():
                    await kept.save(force_create=True)
                    await blobs.spare(key)
            await super().put(key, data)

    store = Meanwhile(own.folder)
    await renew([one for one in key_columns(store) if isinstance(one, BlobColumn)], ring("b"))
    assert ring("b", "aes", "b").open(await own.blobs.get(kept.blob_key), kept.blob_key)


async def test_a_blob_that_is_not_there_stops_nothing(own: Own) -> None:
    """It is under no key."""
    lost, kept = await make(Material, own.blobs), await make(Material, own.blobs)
    await own.blobs.delete(lost.blob_key)
    result = await renew(key_columns(own.blobs), ring("b"))
    assert not any(result.broken.values())
    ring("b", "aes", "b").open(await own.blobs.get(kept.blob_key), kept.blob_key)


def environment(plan: Plan, own: Own, active: str, profile: str) -> dict[str, str]:
    """What ``jiaban`` is told: the house's settings, but for the keys, the database and the blobs."""
    keys = "{" + ", ".join(f'"{key_id}": "{key.hex()}"' for key_id, key in KEYS.items()) + "}"
    return {
        **os.environ,
        CONFIG_VARIABLE: str(plan.config_file),
        "JIABAN_DATABASE_URL": own.url,
        "JIABAN_BLOBS": str(own.folder),
        "JIABAN_KEYS__ENCRYPTION": keys,
        "JIABAN_KEYS__ENCRYPTION_ACTIVE": active,
        "JIABAN_KEYS__LOOKUP": keys,
        "JIABAN_KEYS__LOOKUP_ACTIVE": active,
        "JIABAN_KEYS__PROFILE": profile,
    }


def jiaban(word: str, told: dict[str, str]) -> subprocess.Popen[str]:
    """Start ``jiaban keys``."""
    command = [sys.executable, "-m", "app.cli", "keys", word]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=REPOSITORY, env=told, stdout=pipe, stderr=pipe, text=True)


async def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its exit code, what it answered, and what it said beside."""
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    return process.returncode, out, err


async def run(word: str, told: dict[str, str]) -> tuple[int, str, str]:
    """Run ``jiaban keys`` to its end."""
    done = await asyncio.to_thread(command, "keys", word, **told)
    return done.returncode, done.stdout, done.stderr


async def test_a_rotation_that_was_killed_is_run_again(plan: Plan, own: Own) -> None:
    """SIGKILL while it waits for a row that somebody holds; then two at once bring it to its end."""
    for _ in range(30):
        await make(Citizen, own.blobs)
    await one_of_each(own.blobs)
    plain = await opened(own.blobs)
    told = environment(plan, own, "b", "sm")
    code, answer, _ = await run("status", told)
    assert code == 0
    assert "left to renew: 0" not in answer
    assert "is any more: none" in answer
    holder, watcher = await asyncpg.connect(own.url), await asyncpg.connect(own.url)
    try:
        async with holder.transaction():
            await holder.execute(HOLD_ONE)
            process = jiaban("rotate", told)
            loop = asyncio.get_running_loop()

            def held() -> Any:
                return asyncio.run_coroutine_threadsafe(watcher.fetch(WAITING), loop).result(5)

            await asyncio.to_thread(await_true, "it waits for the row", held)
            process.send_signal(signal.SIGKILL)
            assert (await ended(process))[0] == -signal.SIGKILL
            assert set[Under]().union(*(await tallies(own.blobs)).values()) == {Under("a", "aes"), Under("b", "sm")}
    finally:
        await holder.close()
        await watcher.close()
    crypto.install(ring("b", "sm"))
    assert await opened(own.blobs) == plain

    for code, answer, beside in await asyncio.gather(*(ended(jiaban("rotate", told)) for _ in range(2))):
        assert code == 0, answer + beside
        assert "佳木斯" not in answer + beside

    crypto.install(ring("b", "sm", "b"))
    assert await opened(own.blobs) == plain
    code, answer, _ = await run("status", told)
    lines = [line.split() for line in answer.splitlines()]
    assert code == 0
    assert "left to renew: 0" in answer
    assert "keys.encryption, under which nothing is any more: a" in answer
    assert "keys.lookup, under which nothing is any more: a" in answer
    assert ["materials.blob_key", "b", "sm", "1", "active"] in lines
    assert ["citizens.id_number_hash", "b", "sm", str(await Citizen.all().count()), "active"] in lines


async def test_what_no_key_opens_is_named_and_stops_nothing(plan: Plan, own: Own) -> None:
    """Its table, column and row; what stands there is said by neither command, and the exit code is 1."""
    rows = [await make(Citizen, own.blobs) for _ in range(3)]
    name, number, fine = (row.pk for row in rows)
    await db.execute("UPDATE citizens SET name = $2 WHERE id = $1", name, "王桂兰".encode())
    lost = Keyring({"gone": b"g" * 32}, "gone", KEYS, "a").seal(b"11010519491231002X", "citizens.id_number")
    await db.execute("UPDATE citizens SET id_number = $2 WHERE id = $1", number, lost)
    await db.execute("UPDATE citizens SET phone_hash = '李桂兰' WHERE id = $1", fine)
    material = await make(Material, own.blobs)
    await own.blobs.put(material.blob_key, "王桂兰".encode() * 9)
    told = environment(plan, own, "b", "aes")

    code, before, _ = await run("status", told)
    assert code == 0
    assert "gone" in before
    code, answer, beside = await run("rotate", told)
    assert code == 1
    assert {tuple(line.split()[:2]) for line in answer.splitlines() if "cannot be renewed" in line} == {
        ("citizens.name", str(name)),
        ("citizens.id_number", str(number)),
        ("citizens.id_number_hash", str(number)),
        ("materials.blob_key", str(material.pk)),
    }
    assert "桂兰" not in before + answer + beside
    _, after, _ = await run("status", told)
    assert "left to renew: 4" in after
    assert "桂兰" not in after
    crypto.install(ring("b", "aes", "b"))
    phones = await Citizen.filter(id=fine).values_list("phone", "phone_hash")
    assert phones == [(f"phone 佳木斯 {fine}", keyring().lookup(f"phone 佳木斯 {fine}", "phone"))]


@pytest.mark.parametrize("word", ["rotate", "status"])
async def test_a_database_that_is_away_is_one_sentence(plan: Plan, own: Own, word: str) -> None:
    """That says what to do; nothing of the settings is in it."""
    port = own.url.rpartition(":")[2].partition("/")[0]
    told = environment(plan, own, "b", "sm") | {"JIABAN_DATABASE_URL": own.url.replace(f":{port}/", ":1/")}
    code, answer, beside = await run(word, told)
    assert (code, answer) == (1, "")
    assert beside.startswith("stopped by ")
    assert len(beside.splitlines()) == 1
