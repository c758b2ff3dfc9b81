"""The audit's chains: whole, or broken where somebody touched them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app.audit.models import AuditRecord
from app.audit.service import first_broken, record
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit.db import transaction

pytestmark = pytest.mark.usefixtures("house")


@pytest.fixture
async def chain(house: House) -> str:
    """A chain of five records."""
    del house
    name = f"test:{uuid4()}"
    for number in range(5):
        async with transaction():
            await record(name, "system", "counted", number=number, text="数")
    return name


async def test_an_untouched_chain_is_whole(chain: str) -> None:
    """Also one that does not exist."""
    assert await first_broken(chain) is None
    assert await first_broken("nothing") is None


async def _swap(chain: str) -> None:
    await AuditRecord.filter(chain=chain, position=3).update(position=99)
    await AuditRecord.filter(chain=chain, position=4).update(position=3)
    await AuditRecord.filter(chain=chain, position=99).update(position=4)


TAMPERING: dict[str, Callable[[str], Awaitable[object]]] = {
    "actor": lambda chain: AuditRecord.filter(chain=chain, position=3).update(actor="nobody"),
    "action": lambda chain: AuditRecord.filter(chain=chain, position=3).update(action="forgot"),
    "details": lambda chain: AuditRecord.filter(chain=chain, position=3).update(details={"number": 7}),
    "time": lambda chain: AuditRecord.filter(chain=chain, position=3).update(at=datetime(2020, 1, 1, tzinfo=UTC)),
    "hash": lambda chain: AuditRecord.filter(chain=chain, position=3).update(digest=bytes(32)),
    "hash before": lambda chain: AuditRecord.filter(chain=chain, position=3).update(previous=bytes(32)),
    "removed": lambda chain: AuditRecord.filter(chain=chain, position=3).delete(),
    "swapped": _swap,
}


@pytest.mark.parametrize("name", TAMPERING)
async def test_whatever_is_touched_is_named(chain: str, name: str) -> None:
    """The first record that does not follow."""
    await TAMPERING[name](chain)
    assert await first_broken(chain) == 3


async def test_records_at_once_stand_in_one_line(house: House) -> None:
    """Under the lock of their subject."""
    del house
    citizen = await Citizen.create(created_at=datetime.now(UTC))
    name = f"citizen:{citizen.id}"

    async def write(number: int) -> None:
        async with transaction():
            await Citizen.select_for_update().get(id=citizen.id)
            await record(name, "system", "counted", number=number)

    await asyncio.gather(*(write(number) for number in range(20)))
    assert await AuditRecord.filter(chain=name).count() == 20
    assert await first_broken(name) is None
