"""The engine, its sessions, and Redis."""

import os
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.bootstrap import install_keyring
from config.settings import load_settings

settings = load_settings()
install_keyring(settings)
_address = settings.database_url.get_secret_value().replace("postgresql://", "postgresql+asyncpg://")
engine = create_async_engine(_address, pool_size=int(os.environ["BENCH_POOL"]), max_overflow=0)
new_session = async_sessionmaker(engine, expire_on_commit=False)
redis = Redis.from_url(settings.redis_url.get_secret_value())


async def _open() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


Database = Annotated[AsyncSession, Depends(_open)]
