"""The audit's chains: whole, or broken where somebody touched them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from app.audit.chains import entry_of
from app.audit.digests import digest_of
from app.audit.models import AuditRecord
from app.audit.service import first_broken, record
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit.db import transaction

pytestmark = pytest.mark.usefixtures("house")


async def chain_of_five() -> str:
    """A new chain."""
    name = f"test:{uuid4()}"
    for number in range(5):
        async with transaction():
            await record(name, "system", "counted", number=number, text="数")
    return name


async def test_an_untouched_chain_is_whole() -> None:
    """Also one that does not exist."""
    assert await first_broken(await chain_of_five()) is None
    assert await first_broken("nothing") is None


def at(chain: str, position: int) -> QuerySet[AuditRecord]:
    """One record."""
    return AuditRecord.filter(chain=chain, position=position)


async def _swap(chain: str, position: int) -> None:
    await at(chain, position).update(position=99)
    await at(chain, position + 1).update(position=position)
    await at(chain, 99).update(position=position + 1)


async def _insert_before(chain: str, position: int) -> None:
    """A record slipped in with the hash of its neighbour, the others moved on."""
    for moved in range(5, position - 1, -1):
        await at(chain, moved).update(position=moved + 1)
    copied = await AuditRecord.get(chain=chain, position=position + 1)
    names = ("at", "actor", "details", "previous", "digest", "algorithm", "salt")
    values = {name: getattr(copied, name) for name in names}
    await AuditRecord.create(chain=chain, position=position, action="slipped_in", **values)


async def _rewrite(chain: str, position: int) -> None:
    """A change whose own hash is reckoned anew: the next record does not follow from it."""
    (row,) = await at(chain, position).values()
    digest = digest_of(entry_of({**row, "actor": "nobody"}))
    await at(chain, position).update(actor="nobody", digest=digest)


TAMPERING: dict[str, Callable[[str, int], Awaitable[object]]] = {
    "actor": lambda chain, position: at(chain, position).update(actor="nobody"),
    "action": lambda chain, position: at(chain, position).update(action="forgot"),
    "details": lambda chain, position: at(chain, position).update(details={"number": 7, "text": "数"}),
    "details' kind": lambda chain, position: at(chain, position).update(
        details={"number": str(position), "text": "数"}
    ),
    "time": lambda chain, position: at(chain, position).update(at=F("at") + timedelta(microseconds=1)),
    "position": lambda chain, position: at(chain, position).update(position=position + 90),
    "chain": lambda chain, position: at(chain, position).update(chain=f"test:{uuid4()}"),
    "hash": lambda chain, position: at(chain, position).update(digest=bytes(32)),
    "hash before": lambda chain, position: at(chain, position).update(previous=b"x" * 32),
    "algorithm": lambda chain, position: at(chain, position).update(algorithm="sm3"),
    "algorithm that is none": lambda chain, position: at(chain, position).update(algorithm="md5"),
    "salt": lambda chain, position: at(chain, position).update(salt=bytes(16)),
    "no salt": lambda chain, position: at(chain, position).update(salt=None),
    "removed": lambda chain, position: at(chain, position).delete(),
    "swapped": _swap,
    "slipped in": _insert_before,
}


# Of the last record a chain cannot tell that it was there; a swap needs a neighbour.
_NEEDS_A_NEXT = {"removed", "chain", "swapped"}


@pytest.mark.parametrize("name", TAMPERING)
async def test_whatever_is_touched_is_named(name: str) -> None:
    """The first record that does not follow, wherever it stands."""
    for position in range(1, 5 if name in _NEEDS_A_NEXT else 6):
        chain = await chain_of_five()
        await TAMPERING[name](chain, position)
        assert await first_broken(chain) == position


async def test_a_hash_reckoned_anew_breaks_the_next_record() -> None:
    """Whoever changes one must change all that follow."""
    chain = await chain_of_five()
    await _rewrite(chain, 2)
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
