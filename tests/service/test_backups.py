"""A house that is restored elsewhere from its backup: everything is there, and nothing goes out a second time."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from app.applications.models import Application, Material
from app.applications.service import submit_application
from app.approvals.models import Delivery, DeliveryState
from app.audit.checkpoints import make_checkpoints
from app.audit.models import AuditRecord
from app.bootstrap import House, open_house
from app.commands.backup import make_backup, prune
from app.commands.backups import FILES, LIST, BackupError, find_backup, whole_backups
from app.demo.house import ensure_database
from app.demo.plan import CONFIG_VARIABLE, Plan
from app.identity.models import Citizen
from app.identity.staff_accounts import ensure_demonstration_staff
from app.kit import blobs, clock, db
from app.kit.blobs import BACKUP_LOCK
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.licences.keys.service import make_missing
from app.licences.models import Licence
from app.licences.verifying.verdicts import Reason
from app.mandates.party import Party
from app.notifications.models import Message
from app.notifications.preferences import set_preferences
from app.notifications.rules import Preferences
from config.settings import Settings
from tests.nursery import command
from tests.service.audits import check
from tests.service.cases import issued_licence, ready_draft, some_case_no, verified_citizen, verifier
from tests.service.channels import Ways, follow, stands, tell
from tests.service.conftest import copy_database
from tests.service.scans import scan, shown_code

AWAKE = Preferences(quiet=None)


@dataclass(frozen=True, slots=True)
class Home:
    """A house without a worker on a database and a folder of its own, and how the command line is told of it."""

    settings: Settings
    environment: dict[str, str]

    @property
    def url(self) -> str:
        """The database's address."""
        return self.settings.database_url.get_secret_value()

    def run(self, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
        """Run ``jiaban`` there."""
        return command(*words, **self.environment | told)


def home(plan: Plan, settings: Settings, url: str, files: Path) -> Home:
    """A house on this database and this folder."""
    told = {CONFIG_VARIABLE: str(plan.config_file), "JIABAN_DATABASE_URL": url, "JIABAN_BLOBS": str(files)}
    own = Settings(**{**settings.model_dump(), "database_url": url, "blobs": files})
    return Home(own, told)


async def drop(url: str) -> None:
    """Drop a database."""
    server, _, name = url.rpartition("/")
    admin = await asyncpg.connect(f"{server}/postgres")
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
async def here(plan: Plan, settings: Settings, with_city: str, tmp_path: Path) -> AsyncIterator[Home]:
    """A house with the city in it and keys of licences."""
    url = await copy_database(plan.database_url.rpartition("/")[0], with_city)
    own = home(plan, settings, url, tmp_path / "here")
    async with open_house(own.settings) as house:
        await ensure_demonstration_staff()
        await make_missing(house.licence_keys, "test")
    yield own
    await drop(url)


@pytest.fixture
async def there(plan: Plan, settings: Settings, tmp_path: Path) -> AsyncIterator[Home]:
    """A house that is to be: an empty database, and no folder yet."""
    url = f"{plan.database_url.rpartition('/')[0]}/there_{os.getpid()}_{tmp_path.name}"
    await ensure_database(url)
    yield home(plan, settings, url, tmp_path / "there")
    await drop(url)


@dataclass(frozen=True, slots=True)
class Life:
    """What happened in a house: a case on its way, a licence with a code that was shown, messages not yet sent."""

    citizen: Citizen
    case: Application
    photograph: Material
    licence: Licence
    code: str
    message: Message
    legal_message: Message


async def live(house: House) -> Life:
    """Make something happen."""
    citizen = await verified_citizen(house)
    draft = await ready_draft(house, citizen)
    case = await submit_application(Party.own(citizen.id), draft.id, None)
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    await follow(house, citizen)
    await set_preferences(citizen.id, AWAKE)
    await make_checkpoints(house.record_signer)
    return Life(
        citizen,
        case,
        await Material.get(application=case),
        licence,
        await shown_code(house, licence, issued_at=clock.now() + timedelta(seconds=30)),
        await tell(citizen, "submitted"),
        await tell(citizen, "not_accepted"),
    )


async def test_a_house_restored_elsewhere_is_whole_and_repeats_nothing(here: Home, there: Home, tmp_path: Path) -> None:
    """Licences verify, files open, the audit is whole; what may have gone out since the backup is not sent again."""
    folder = tmp_path / "backups"
    async with open_house(here.settings) as house:
        life = await live(house)
        photograph = keyring().open(await house.blobs.get(life.photograph.blob_key), life.photograph.blob_key)
    made = here.run("backup", str(folder))
    assert (made.returncode, "1 of them copied" in made.stdout) == (0, True), made.stderr
    async with open_house(here.settings) as house:
        before = Ways(house)
        await before.carry()
        assert before.mini.calls + before.official.calls

    restored = there.run("restore", str(folder))
    assert restored.returncode == 0, restored.stderr

    async with open_house(there.settings) as house:
        again = Ways(house)
        await again.carry()
        assert again.mini.calls + again.official.calls == []
        assert await stands(life.message) == ("uncertain", None, "restored")
        assert await stands(life.legal_message) == ("escalated", None, "restored"), "staff see to it"
        checked = await scan(house, await verifier(), life.code)
        assert (checked.verification.reason, checked.licence) == (Reason.VALID, life.licence)
        assert keyring().open(await house.blobs.get(life.photograph.blob_key), life.photograph.blob_key) == photograph
        assert (await Delivery.get(case_no=life.case.case_no)).state is DeliveryState.SENDING, "it is asked about first"
        await check(house.record_signer)
        assert (await AuditRecord.get(chain="restores")).details == {"backup": find_backup(folder, None)[0].name}
        assert (await Application.get(id=life.case.id)).form == life.case.form


async def test_numbers_that_may_have_been_given_since_are_passed_over(here: Home, there: Home, tmp_path: Path) -> None:
    """A case and a licence that the backup does not know keep their numbers to themselves."""
    folder = tmp_path / "backups"
    async with open_house(here.settings) as house:
        citizen = (await live(house)).citizen
        await make_backup(here.settings, house.blobs, folder)
        lost = await submit_application(Party.own(citizen.id), (await ready_draft(house, citizen)).id, None)
        other = await verified_citizen(house)
        lost_licence = await issued_licence(other, some_case_no(other.id))
    assert there.run("restore", str(folder)).returncode == 0
    async with open_house(there.settings) as house:
        case = await submit_application(Party.own(citizen.id), (await ready_draft(house, citizen)).id, None)
        licence = await issued_licence(citizen, some_case_no(citizen.id) + "2")
    assert int(str(case.case_no)[-4:]) > int(str(lost.case_no)[-4:]) + 4000
    assert int(licence.number[-7:]) > int(lost_licence.number[-7:]) + 90_000
    assert (licence.status_list, lost_licence.status_list) == (1, 0)


OTHERS = {
    "encryption.demo-1": {"JIABAN_KEYS__ENCRYPTION": json.dumps({"demo-1": "ab" * 32})},
    "lookup.1": {"JIABAN_KEYS__LOOKUP": "ab" * 32},
    "record_signing.demo-1": {"JIABAN_KEYS__RECORD_SIGNING": json.dumps({"demo-1": "ab" * 32})},
}


async def test_without_its_keys_nothing_is_restored(here: Home, there: Home, tmp_path: Path) -> None:
    """A key under the right name is not enough; where nobody has it any more, one says so."""
    folder = tmp_path / "backups"
    async with open_house(here.settings) as house:
        await make_backup(here.settings, house.blobs, folder)
    for key, told in OTHERS.items():
        refused = there.run("restore", str(folder), **told)
        assert (refused.returncode, key in refused.stderr) == (1, True), refused.stderr
    assert not (tmp_path / "there").exists()
    record = "record_signing.demo-1"
    went_on = there.run("restore", str(folder), "--lost", record, **OTHERS[record])
    assert went_on.returncode == 0, went_on.stderr


async def test_a_database_that_is_not_empty_stays_as_it_is(here: Home, tmp_path: Path) -> None:
    """Nobody restores over a house that lives."""
    folder = tmp_path / "backups"
    async with open_house(here.settings) as house:
        life = await live(house)
        await make_backup(here.settings, house.blobs, folder)
    refused = here.run("restore", str(folder))
    assert (refused.returncode, "not empty" in refused.stderr) == (1, True)
    async with open_house(here.settings):
        assert await stands(life.message) == ("waiting", None, None)


async def test_a_damaged_backup_is_not_restored(here: Home, there: Home, tmp_path: Path) -> None:
    """One file that is not as it was is enough, and is named."""
    folder = tmp_path / "backups"
    async with open_house(here.settings) as house:
        key = (await live(house)).photograph.blob_key
        await make_backup(here.settings, house.blobs, folder)
    (folder / FILES / key).write_bytes(b"damaged")
    refused = there.run("restore", str(folder))
    assert (refused.returncode, key in refused.stderr) == (1, True), refused.stderr


async def test_backups_share_files_and_old_ones_go(here: Home, tmp_path: Path) -> None:
    """A file is copied once; a new seal is copied again; with the last backup that names it, a file goes."""
    folder = tmp_path / "backups"
    async with open_house(here.settings) as house:
        first = (await live(house)).photograph
        assert (await make_backup(here.settings, house.blobs, folder)).copied == 1
        key = first.blob_key
        content = keyring().open(await house.blobs.get(key), key)
        second = (await live(house)).photograph
        assert (await make_backup(here.settings, house.blobs, folder)).copied == 1
        await house.blobs.put(second.blob_key, keyring().seal(content, second.blob_key))
        assert (await make_backup(here.settings, house.blobs, folder)).copied == 1
        await first.delete()
        last = await make_backup(here.settings, house.blobs, folder)
        assert (last.files, last.missing) == (1, [])
        assert await house.blobs.get(second.blob_key) == (folder / FILES / second.blob_key).read_bytes()
    assert (folder / FILES / key).exists()
    assert len(prune(folder, 1)) == 3
    assert whole_backups(folder) == [last.path]
    assert not (folder / FILES / key).exists()
    assert (folder / FILES / second.blob_key).exists()
    assert second.blob_key in (last.path / LIST).read_text()


async def test_while_a_backup_is_made_no_file_is_deleted(here: Home) -> None:
    """What its moment names is still there when its turn comes; afterwards it goes."""
    backup = await asyncpg.connect(here.url)
    async with open_house(here.settings) as house:
        await house.blobs.put("photos/of-a-test", b"sealed")
        async with transaction():
            await blobs.doom(["photos/of-a-test"])
        await backup.execute("SELECT pg_advisory_lock($1)", BACKUP_LOCK)
        await blobs.delete_due(house.blobs)
        assert await house.blobs.get("photos/of-a-test") == b"sealed"
        with pytest.raises(BackupError, match="another one"):
            await make_backup(here.settings, house.blobs, Path("unused"))
        await backup.close()
        await blobs.delete_due(house.blobs)
        assert await db.rows("SELECT 1 FROM doomed_blobs") == []


async def test_a_database_restored_by_other_means_is_made_fit_to_serve(here: Home) -> None:
    """Without a folder nothing is brought, and nothing goes out twice either."""
    async with open_house(here.settings) as house:
        life = await live(house)
    settled = here.run("restore")
    assert settled.returncode == 0, settled.stderr
    async with open_house(here.settings) as house:
        ways = Ways(house)
        await ways.carry()
        assert ways.mini.calls + ways.official.calls == []
        assert await stands(life.message) == ("uncertain", None, "restored")
