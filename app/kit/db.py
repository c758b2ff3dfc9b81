"""The database: one connection pool per process, transactions, and SQL where SQL says it best."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from tortoise import Model, Tortoise
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, get_current_context
from tortoise.exceptions import DBConnectionError
from tortoise.transactions import in_transaction

from app.kit import postgres
from app.kit.quick import Quick

M = TypeVar("M", bound=Model)

MODEL_MODULES = (
    "app.kit.models",
    "app.audit.models",
    "app.identity.models",
    "app.consents.models",
    "app.catalogue.models",
    "app.finding.models",
    "app.followers.models",
    "app.notifications.models",
    "app.broadcasts.models",
    "app.mandates.models",
    "app.licences.models",
    "app.licences.imports.models",
    "app.licences.keys.models",
    "app.licences.status.models",
    "app.licences.verifying.models",
    "app.licences.requests.models",
    "app.applications.models",
    "app.applications.materials.models",
    "app.approvals.models",
    "app.reviews.models",
    "app.complaints.models",
    "app.official_account.models",
    "app.privacy.models",
)


# What the driver raises while the database is away, starting, ending or out of connections.
AWAY: tuple[type[Exception], ...] = (
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    # What was the primary, and is not any more.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    # A statement on a connection that PostgreSQL has just said farewell on, before its end is noticed.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


def tortoise_config(url: str, *, max_connections: int = 10) -> dict[str, Any]:
    """What Tortoise ORM is initialised with, from an address like ``postgresql://user:password@host:port/name``."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgresql", "postgres", "asyncpg"}:
        raise ValueError("the database address begins with postgresql://")
    default = expand_db_url(f"asyncpg://{rest}?minsize=1&maxsize={max_connections}") | {"engine": postgres.__name__}
    return {
        "connections": {"default": default},
        "apps": {"jiaban": {"models": list(MODEL_MODULES), "migrations": "app.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def database(url: str) -> AsyncIterator[None]:
    """Open the pool for this process and close it at the end."""
    global _opened  # noqa: PLW0603  # a context may be opened again, for another database
    context = await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    _opened = None
    try:
        yield
    finally:
        await context.close_connections()
        _opened = None


def transaction() -> Any:
    """``async with transaction():`` — all of it happens, or none. Never start tasks inside it."""
    return in_transaction()


def connection() -> BaseDBAsyncClient:
    """The present connection: the open transaction's inside one, the pool's outside."""
    return get_connection("default")


def quick() -> Quick:
    """What runs single statements on hot paths, outside any transaction that is open."""
    return _client().quick


_opened: tuple[tuple[TortoiseContext | None, asyncio.AbstractEventLoop], postgres.PostgresClient] | None = None


def _client() -> postgres.PostgresClient:
    global _opened  # noqa: PLW0603  # a process has one database, which is asked for several times by each request
    where, found = (get_current_context(), asyncio.get_running_loop()), _opened
    if found is None or found[0] != where:
        found = _opened = where, _found_client()
    return found[1]


def _found_client() -> postgres.PostgresClient:
    client = connection()
    while isinstance(client, TransactionWrapper):
        client = client._parent
    if not isinstance(client, postgres.PostgresClient):
        raise TypeError("the database is not opened by this module")
    return client


def has_connection_to_spare() -> bool:
    """Whether the pool of this process has a connection that nobody uses, or may open one."""
    pool = get_connection("default")._pool
    return pool is None or pool.get_idle_size() > 0 or pool.get_size() < pool.get_max_size()


def has_place_to_spare() -> bool:
    """Whether neither a transaction nor a single statement would have to wait for a connection of this process."""
    return quick().has_place_to_spare and has_connection_to_spare()


async def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    """All rows that a statement answers."""
    return list(await connection().execute_query_dict(sql, list(values)))


async def row(sql: str, *values: Any) -> dict[str, Any] | None:
    """The first row that a statement answers, or None."""
    found: Sequence[dict[str, Any]] = await rows(sql, *values)
    return found[0] if found else None


def instance(model: type[M], found: Mapping[str, Any]) -> M:
    """The object that a row is which has every column of its model's table; what else it has is left out.

    As the ORM makes it, without taking the row apart first. Raises KeyError where a column is missing.
    """
    meta, made = model._meta, model.__new__(model)
    values = made.__dict__
    values["_partial"], values["_saved_in_db"], values["_await_when_save"] = False, True, {}
    values["_custom_generated_pk"] = meta.db_pk_column not in meta.generated_db_fields
    for column, name, _ in meta.db_native_fields:
        values[name] = found[column]
    for column, name, field in meta.db_default_fields:
        value = found[column]
        values[name] = value if value is None else field.field_type(value)
    for column, name, field in meta.db_complex_fields:
        values[name] = field.to_python_value(found[column])
    return made


async def execute(sql: str, *values: Any) -> int:
    """Run an UPDATE or DELETE and return how many rows it changed; of an INSERT the driver tells no number."""
    changed, _ = await connection().execute_query(sql, list(values))
    return int(changed)
