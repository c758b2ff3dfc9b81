"""The other way to send what is due: wechatpy's client in threads, as its users write it.

Each thread claims a row, spends a grant, sends and records, with psycopg's pool; the client shares a session of
requests whose pool has a connection for each thread. Fairness: rows, statements and answers are those of our side;
wechatpy keeps its token in memory, which costs it nothing; neither side writes a log line for a send.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatException

_CLAIM = """
UPDATE peer_sends SET state = 'sending', attempts = attempts + 1, updated_at = now()
WHERE id = (SELECT id FROM peer_sends WHERE state = 'waiting' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, citizen_id, openid, template_id, page, data
"""
_SPEND = """
UPDATE peer_grants SET remaining = remaining - 1, updated_at = now()
WHERE citizen_id = %s AND template_id = %s AND remaining > 0
"""
_RECORD = "UPDATE peer_sends SET state = %s, reason = %s, updated_at = now() WHERE id = %s"


def _client(base_url: str, appid: str, secret: str, threads: int) -> WeChatClient:
    # Its own fetch of a token knows WeChat's address alone.
    asked = {"grant_type": "client_credential", "appid": appid, "secret": secret}
    token = requests.get(f"{base_url}/cgi-bin/token", params=asked, timeout=15).json()["access_token"]
    client = WeChatClient(appid, secret, access_token=token, timeout=15)
    client.wxa.API_BASE_URL = f"{base_url}/"
    client._http.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=threads))
    return client


def _send_all(pool: ConnectionPool, client: WeChatClient) -> int:
    sent = 0
    while True:
        with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(_CLAIM).fetchone()
            if row is None:
                return sent
            if not cursor.execute(_SPEND, (row["citizen_id"], row["template_id"])).rowcount:
                cursor.execute(_RECORD, ("failed", "no_grant", row["id"]))
                continue
        data = {key: {"value": value} for key, value in row["data"].items()}
        try:
            client.wxa.send_subscribe_message(row["openid"], row["template_id"], data, row["page"])
        except WeChatException as error:
            result: tuple[str, str | None] = "failed", str(error.errcode)
        else:
            result = "sent", None
            sent += 1
        with pool.connection() as connection:
            connection.execute(_RECORD, (*result, row["id"]))


def main(database_url: str, base_url: str, appid: str, secret: str, threads: int) -> None:
    """Send all that waits; prints how many, in how many seconds, at how many of the processor's."""
    client = _client(base_url, appid, secret, threads)
    with ConnectionPool(database_url, min_size=20, max_size=20) as pool, ThreadPoolExecutor(threads) as executor:
        pool.wait()
        wall, processor = time.perf_counter(), time.process_time()
        sent = sum(executor.map(lambda _: _send_all(pool, client), range(threads)))
        figures = {"sent": sent, "wall": time.perf_counter() - wall, "cpu": time.process_time() - processor}
    print(json.dumps(figures))  # noqa: T201  # its answer


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
