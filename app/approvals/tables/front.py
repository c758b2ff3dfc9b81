"""The front database: transactions there, and which of a port's three errors their failure is."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from importlib.resources import files

import asyncpg

from app.kit.db import AWAY
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError

_VALUES_REFUSED = ("22", "23")
"""Classes of SQLSTATE that say the values themselves are refused: data exceptions, violated constraints."""


async def make_tables(url: str) -> None:
    """Make the exchange tables in the database at an address where they are missing."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(files(__package__).joinpath("schema.sql").read_text(encoding="utf-8"))
    finally:
        await connection.close()


class FrontDatabase:
    """A pool of connections that is filled when it is needed: whoever never asks connects never."""

    def __init__(self, pool: asyncpg.Pool, seconds: float) -> None:
        self._pool, self._seconds = pool, seconds

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, seconds: float, connections: int) -> AsyncIterator["FrontDatabase"]:
        """The database at an address; whatever takes longer than ``seconds`` has failed."""
        pool = asyncpg.create_pool(
            url, min_size=0, max_size=connections, timeout=seconds, command_timeout=seconds, init=_read_json
        )
        async with pool:
            yield cls(pool, seconds)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction, committed at the end.

        Raises TryLaterError where it certainly is not committed, RefusedError where the database refuses a value, and
        AmbiguousError where the answer to the commit is missing.
        """
        async with self._connection() as connection:
            transaction = connection.transaction()
            with _not_committed():
                await transaction.start()
                try:
                    yield connection
                except BaseException:
                    with suppress(*AWAY, asyncpg.PostgresError):
                        await transaction.rollback()
                    raise
            try:
                await transaction.commit()
            except AWAY as error:
                raise AmbiguousError("no_answer") from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that sees one moment. Raises TryLaterError."""
        async with self._connection() as connection:
            with _not_committed():
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            connection = await self._pool.acquire(timeout=self._seconds)
        except (*AWAY, asyncpg.PostgresError) as error:
            raise TryLaterError("unreachable") from error
        try:
            yield connection
        finally:
            with suppress(*AWAY):
                await self._pool.release(connection)


@contextmanager
def _not_committed() -> Iterator[None]:
    try:
        yield
    except AWAY as error:
        raise TryLaterError("cut_off") from error
    except asyncpg.PostgresError as error:
        state = str(error.sqlstate)
        refused = state.startswith(_VALUES_REFUSED)
        raise (RefusedError if refused else TryLaterError)(f"sqlstate_{state}") from error


async def _read_json(connection: asyncpg.Connection) -> None:
    dumps = partial(json.dumps, ensure_ascii=False)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=dumps, decoder=json.loads)
