"""The ORM's PostgreSQL client, with a transaction that leaves nothing behind when it could not begin.

Tortoise ORM finds it by this module's name (``engine`` of a connection) and its ``client_class``.
"""

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContextPooled
from tortoise.connection import get_connection, get_connections


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


class PostgresClient(AsyncpgDBClient):
    """Tortoise's client of asyncpg, with our transaction."""

    def _in_transaction(self) -> TransactionContextPooled:
        return _Transaction(TransactionWrapper(self), self._pool_init_lock)


client_class = PostgresClient
