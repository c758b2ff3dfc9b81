"""At most so many requests in a minute, counted in Redis."""

import time
from uuid import UUID

from fastapi import HTTPException, status

from bench.peers.fastapi_house.database import redis

_SECONDS = 60


async def limit(name: str, caller: UUID, most: int) -> None:
    """Count a request of a caller. Raises HTTPException with 429."""
    key = f"bench:{name}:{caller}:{int(time.time()) // _SECONDS}"
    async with redis.pipeline(transaction=False) as pipe:
        pipe.incr(key)
        pipe.expire(key, _SECONDS)
        count, _ = await pipe.execute()
    if count > most:
        raise HTTPException(status.HTTP_429_TOO_MANY_REQUESTS, headers={"Retry-After": str(_SECONDS)})
