"""A request that does nothing."""

from typing import Any

import httpx

from bench.town import Town


async def see(town: Town, client: httpx.AsyncClient) -> dict[str, Any]:
    """What a side answers."""
    del town
    answer = await client.get("/health/live")
    return {"alive": (answer.status_code, answer.json())}
