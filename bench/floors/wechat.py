"""Sends alone: httpx' client, fifty at once, nothing claimed and nothing recorded."""

import asyncio
import json
import sys
import time

import asyncpg
import httpx
import uvloop


async def _send_all(database_url: str, base_url: str, appid: str, secret: str, at_once: int) -> None:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("SELECT openid, template_id, page, data FROM peer_sends")
    await connection.close()
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(base_url=base_url, limits=limits, timeout=30) as client:
        asked = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        token = (await client.get("/cgi-bin/token", params=asked)).json()["access_token"]
        left = iter(rows)

        async def send() -> int:
            sent = 0
            for row in left:
                data = {key: {"value": value} for key, value in json.loads(row["data"]).items()}
                body = {"touser": row["openid"], "template_id": row["template_id"], "page": row["page"], "data": data}
                answer = await client.post(
                    "/cgi-bin/message/subscribe/send", params={"access_token": token}, content=json.dumps(body)
                )
                sent += answer.json()["errcode"] == 0
            return sent

        wall, processor = time.perf_counter(), time.process_time()
        sent = sum(await asyncio.gather(*(send() for _ in range(at_once))))
        figures = {"sent": sent, "wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    print(json.dumps(figures))  # noqa: T201  # its answer


if __name__ == "__main__":
    uvloop.run(_send_all(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])))
