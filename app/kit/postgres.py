"""The ORM's PostgreSQL client: a transaction that could not begin leaves nothing behind, nothing is asked in between.

Tortoise ORM finds it by this module's name (``engine`` of a connection) and its ``client_class``.
"""

from __future__ import annotations

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContextPooled
from tortoise.connection import get_connection, get_connections

from app.kit.quick import Quick


class _Transaction(TransactionContextPooled):
    """Gives the connection back and makes the pool the present connection again, whatever fails.

    Tortoise's own does so only at the end of a block that was entered. A BEGIN that fails or is cancelled would
    leave its task with a dead transaction as the present connection; a web server's task lives as long as a
    kept-alive connection, so each later request on that one would be refused.
    """

    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        try:
            return await super().__aenter__()
        except BaseException as error:
            if self._is_present():
                # Nothing to roll back here: the pool resets what it gets back.
                self.client._finalized = True
                await self.__aexit__(type(error), error, error.__traceback__)
            raise

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            await super().__aexit__(exc_type, exc_val, exc_tb)
        finally:
            if self._is_present():
                get_connections().reset(self.token)

    def _is_present(self) -> bool:
        return get_connection(self.connection_name) is self.client


async def _reset(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Leave a connection as it was found. Nothing here outlives its transaction, so there is mostly nothing to undo.

    asyncpg's own way is a statement after each use, which costs as much as a small one.
    """
    if connection.is_in_transaction():
        await connection.reset()


class PostgresClient(AsyncpgDBClient):
    """Tortoise's client of asyncpg, with our transaction, and ``quick`` for single statements on hot paths."""

    _quick: Quick | None = None

    @property
    def quick(self) -> Quick:
        """The connections of single statements, made when the first one is asked."""
        if self._quick is None:
            where = {"host": self.host, "port": self.port, "user": self.user, "database": self.database}
            self._quick = Quick(**where, password=self.password)
        return self._quick

    async def create_pool(self, **arguments: Any) -> asyncpg.Pool[asyncpg.Record]:
        """The ORM's pool."""
        return await asyncpg.create_pool(None, reset=_reset, **arguments)

    async def _close(self) -> None:
        if self._quick:
            await self._quick.close()
            self._quick = None
        await super()._close()

    def _in_transaction(self) -> TransactionContextPooled:
        return _Transaction(TransactionWrapper(self), self._pool_init_lock)


client_class = PostgresClient
