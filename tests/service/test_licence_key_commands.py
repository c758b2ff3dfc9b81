"""``jiaban licence-keys``, as whoever holds the server types it; and keys that a device keeps."""

import argparse
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.bootstrap import open_house
from app.commands import licence_keys
from app.commands.licence_keys import add_commands
from app.demo.plan import Plan
from app.kit.errors import TemporarilyUnavailableError
from app.licences.keys import service
from app.licences.keys.algorithms import Algorithm, Purpose
from app.licences.keys.models import Keeper, LicenceKey
from app.licences.keys.ring import SigningKeys
from config.settings import Settings, UnsafeStartError


class Device:
    """A device as an operator's module would wrap it: keys by their labels, which never leave it."""

    def __init__(self) -> None:
        self.keys: dict[str, Ed25519PrivateKey] = {}

    async def make(self, algorithm: Algorithm) -> str:
        """Make a key under the next label."""
        assert algorithm is Algorithm.EDDSA
        label = f"slot-{len(self.keys)}"
        self.keys[label] = Ed25519PrivateKey.generate()
        return label

    async def public_key(self, algorithm: Algorithm, handle: str) -> bytes:
        """The public half."""
        del algorithm
        return self.keys[handle].public_key().public_bytes_raw()

    async def sign(self, algorithm: Algorithm, handle: str, data: bytes) -> bytes:
        """A signature."""
        del algorithm
        return self.keys[handle].sign(data)


DEVICE = Device()


def device() -> Device:
    """What the setting ``keys.licence_device`` names."""
    return DEVICE


@pytest.fixture
def quiet_environment(quiet_settings: Settings, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands read the settings of the house, and the database that nobody else uses."""
    monkeypatch.setenv("JIABAN_CONFIG_FILE", str(plan.config_file))
    monkeypatch.setenv("JIABAN_DATABASE_URL", quiet_settings.database_url.get_secret_value())
    monkeypatch.setattr(licence_keys._console, "width", 250)


def run(*words: str) -> int:
    """Run a command of the group."""
    parser = argparse.ArgumentParser()
    add_commands(parser)
    arguments = parser.parse_args(words)
    code: int = arguments.function(arguments)
    return code


def told(capsys: pytest.CaptureFixture[str], purpose: str) -> dict[str, str]:
    """The states of the purpose's keys by their ids, as the last command printed them."""
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    return {line[0]: line[4] for line in lines if len(line) > 4 and line[1] == purpose}


@pytest.mark.usefixtures("quiet_environment")
def test_a_key_is_made_activated_and_retired(capsys: pytest.CaptureFixture[str]) -> None:
    """From the list of keys and back to it."""
    assert run("list") == 0
    [old] = [key for key, state in told(capsys, "code").items() if state == "active"]
    assert run("make", "code") == 0
    [(new, state)] = told(capsys, "code").items()
    assert state == "published"
    assert run("retire", old) == 1
    assert "no other key signs for code" in capsys.readouterr().out
    assert run("activate", new) == 0
    assert told(capsys, "code") == {new: "active"}
    assert run("list") == 0
    assert told(capsys, "code")[old] == "retired"
    assert run("retire", old, "--disown") == 0
    assert told(capsys, "code") == {old: "gone"}
    assert run("activate", new) == 1
    assert run("retire", "nobody") == 1
    assert run("make") == 0


async def test_a_device_keeps_keys_where_the_settings_name_one(quiet_settings: Settings) -> None:
    """They are made and used there; without the device they verify, and sign nothing."""
    keys = quiet_settings.keys.model_copy(update={"licence_device": f"{__name__}:device"})
    async with open_house(quiet_settings.model_copy(update={"keys": keys})) as house:
        made = await service.make_key(house.licence_keys, Purpose.CREDENTIAL, "test", published_for=timedelta())
        row = await LicenceKey.get(id=made.id)
        assert (row.keeper, row.handle) == (Keeper.DEVICE, "slot-0")
        info = await house.licence_keys.active("credential")
        signature = await house.licence_keys.sign(info.key_id, b"data")
        without = SigningKeys()
        assert info.key_id == made.id.encode()
        assert await without.verify(info.key_id, -8, b"data", signature)
        with pytest.raises(TemporarilyUnavailableError):
            await without.sign(info.key_id, b"data")
        await service.make_key(without, Purpose.CREDENTIAL, "test", published_for=timedelta())


async def test_a_device_that_is_nowhere_stops_the_start(quiet_settings: Settings) -> None:
    """With its name."""
    for place in ("app.nowhere:device", f"{__name__}:nothing"):
        keys = quiet_settings.keys.model_copy(update={"licence_device": place})
        with pytest.raises(UnsafeStartError, match=place):
            async with open_house(quiet_settings.model_copy(update={"keys": keys})):
                pass
