"""A shared token over several stores, of which any may go away and come back empty."""

import asyncio

import pytest

from wechat.sharing import Held, SharedToken, StoreAwayError


class Store:
    """A store of this process, which may be away."""

    def __init__(self) -> None:
        self.away = False
        self.held: Held | None = None
        self.owner: str | None = None

    def _reach(self) -> None:
        if self.away:
            raise StoreAwayError("switched off")

    async def read(self) -> Held | None:
        """What it holds."""
        self._reach()
        return self.held

    async def write(self, token: str, seconds: float) -> None:
        """Hold a token."""
        self._reach()
        self.held = Held(token, seconds)

    async def try_lock(self, owner: str) -> bool:
        """The lock, unless somebody has it."""
        self._reach()
        if self.owner is not None:
            return False
        self.owner = owner
        return True

    async def unlock(self, owner: str) -> None:
        """Free again."""
        self._reach()
        if self.owner == owner:
            self.owner = None


class Clock:
    """Seconds that move when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class Token(SharedToken):
    """A token that WeChat numbers."""

    fetched = 0

    async def fetch(self, stale: str | None) -> tuple[str, float]:
        """The next one."""
        del stale
        type(self).fetched += 1
        await asyncio.sleep(0)
        return f"token-{self.fetched}", 6900.0


@pytest.fixture(autouse=True)
def count() -> None:
    """Count from the beginning."""
    Token.fetched = 0


async def test_what_is_fetched_stands_in_every_store() -> None:
    quick, lasting = Store(), Store()
    assert await Token([quick, lasting]).get() == "token-1"
    assert quick.held == lasting.held == Held("token-1", 6900)
    assert quick.owner is None


async def test_a_store_that_lost_everything_is_filled_from_the_next_without_a_fetch() -> None:
    quick, lasting = Store(), Store()
    lasting.held = Held("kept", 1000)
    assert await Token([quick, lasting]).get() == "kept"
    assert quick.held == Held("kept", 1000)
    assert Token.fetched == 0


async def test_while_the_first_store_is_away_the_second_has_the_lock() -> None:
    quick, lasting = Store(), Store()
    quick.away = True
    tokens = [Token([quick, lasting]) for _ in range(20)]
    assert set(await asyncio.gather(*(one.get() for one in tokens))) == {"token-1"}
    assert Token.fetched == 1
    assert lasting.owner is None


async def test_a_second_store_that_is_away_is_in_nobodys_way() -> None:
    quick, lasting = Store(), Store()
    lasting.away = True
    assert await Token([quick, lasting]).get() == "token-1"
    assert quick.held == Held("token-1", 6900)


async def test_a_refused_token_is_not_taken_from_the_next_store_either() -> None:
    quick, lasting = Store(), Store()
    token = Token([quick, lasting])
    stale = await token.get()
    assert await token.refresh(stale) == "token-2"
    assert lasting.held == Held("token-2", 6900)


async def test_a_process_looks_at_the_shared_token_often_but_keeps_one_that_nobody_shares() -> None:
    clock, quick, lasting = Clock(), Store(), Store()
    token = Token([quick, lasting], clock=clock)
    await token.get()
    lasting.held = quick.held = Held("replaced", 1000)
    clock.now = 10
    assert await token.get() == "replaced"
    quick.away = lasting.away = True
    clock.now = 20
    assert await token.get() == "token-2"
    quick.away = lasting.away = False
    clock.now = 6900
    assert await token.get() == "token-2"


async def test_a_token_that_no_store_took_is_kept_until_it_ends() -> None:
    clock, quick = Clock(), Store()

    class Failing(Token):
        async def fetch(self, stale: str | None) -> tuple[str, float]:
            quick.away = True
            return await super().fetch(stale)

    token = Failing([quick], clock=clock)
    assert await token.get() == "token-1"
    quick.away = False
    clock.now = 6899
    assert await token.get() == "token-1"
