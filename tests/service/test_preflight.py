"""What preflight says of a house: right where it is, and what to do where it is not."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.bootstrap import House
from app.commands import probes
from app.commands.preflight import Verdict, examine
from app.commands.probes import NotRightError
from app.identity.models import Staff
from app.kit import clock, crypto
from app.kit.crypto import Keyring
from app.licences.keys.models import LicenceKey
from app.notifications.definitions import templates
from config.settings import Settings


async def verdicts(settings: Settings) -> dict[str, Verdict]:
    """What is said of each."""
    return {one.name: one.verdict for one in await examine(settings)}


async def test_of_a_whole_house_everything_is_right(settings: Settings) -> None:
    """All addresses, keys, templates and dates, each tried once."""
    found = {one.name: (one.verdict, one.said) for one in await examine(settings)}
    assert {name: said for name, (verdict, said) in found.items() if verdict is not Verdict.RIGHT} == {}
    assert set(found) >= {"settings", "calendar", "database", "schema", "clock", "files", "mini-program"}
    assert set(found) >= {"official account", "wecom", "authority", "approvals city", "approvals civil_affairs"}
    assert set(found) >= {"shared data", "province", "virus scanner", "licence keys", "sealed values"}


async def test_wrong_secrets_are_found_and_hold_up_nothing_else(settings: Settings) -> None:
    """Each by its name; what is right beside them is said to be."""
    told = settings.model_dump()
    told["wechat"]["mini_program_secret"] = "wrong"
    told["authority"]["secret"] = "wrong"
    told["approvals"]["connectors"]["city"]["secret"] = "wrong"
    told["redis_url"] = "redis://127.0.0.1:1/0"
    found = await verdicts(Settings(**told))
    wrong = {name for name, verdict in found.items() if verdict is Verdict.WRONG}
    assert wrong == {"mini-program", "authority", "approvals city", "redis"}


async def test_without_a_database_the_addresses_are_tried_all_the_same(settings: Settings) -> None:
    """And nothing that needs it."""
    found = await verdicts(settings.model_copy(update={"database_url": SecretStr("postgresql://x@127.0.0.1:1/x")}))
    assert found["database"] is Verdict.WRONG
    assert found["wechat.base_url"] is Verdict.RIGHT
    assert "files" not in found


async def test_a_template_that_the_platform_does_not_have_is_named(
    quiet: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file in which to enter another."""
    named = next(iter(templates().values()))
    lacking = {**templates(), "x": named.model_copy(update={"id": "id-of-nobody"})}
    monkeypatch.setattr(probes, "templates", lambda: lacking)
    probe = {name: one for name, _, one in probes.of_house(quiet)}["mini-program"]
    with pytest.raises(NotRightError, match="id-of-nobody"):
        await probe()


async def test_a_value_that_no_key_opens_is_found(quiet: House) -> None:
    """By the column it stands in."""
    probe = {name: one for name, _, one in probes.of_house(quiet)}["sealed values"]
    assert await Staff.exists(), "whose second factors are sealed"
    before = crypto.keyring()
    crypto.install(Keyring({"demo-1": b"x" * 32}, "demo-1", {"1": b"x" * 32}, "1"))
    try:
        with pytest.raises(NotRightError, match=r"licence_keys\."):
            await probe()
    finally:
        crypto.install(before)


async def test_a_purpose_without_a_key_is_found(quiet: House) -> None:
    """Nobody could show a licence."""
    probe = {name: one for name, _, one in probes.of_house(quiet)}["licence keys"]
    keys = await LicenceKey.filter(purpose="code", retired_at=None).values_list("id", flat=True)
    await LicenceKey.filter(id__in=keys).update(retired_at=clock.now())
    try:
        with pytest.raises(NotRightError, match="code"):
            await probe()
    finally:
        await LicenceKey.filter(id__in=keys).update(retired_at=None)


async def test_an_address_that_nobody_answers_is_found() -> None:
    """With the host, and how it failed."""
    with pytest.raises(NotRightError, match=r"127\.0\.0\.1 is not reached"):
        await probes.reach("http://127.0.0.1:1")


def test_a_year_whose_working_days_nobody_knows_is_found() -> None:
    """This year's must be known; next year's are asked for from December on."""
    with clock.travel(timedelta(days=50 * 365)), pytest.raises(NotRightError, match="are not known"):
        probes.calendar()
