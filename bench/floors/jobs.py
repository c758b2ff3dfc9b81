"""Procrastinate alone: a worker, as the product starts it, for a job that does nothing."""

import asyncio
import sys

import procrastinate

from config.settings import load_settings

EMPTY = "empty"


async def _work(database_url: str) -> None:
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url))

    @queue.task(name=EMPTY)
    async def do_nothing(case_no: str) -> None:
        del case_no

    async with queue.open_async():
        await queue.run_worker_async(
            concurrency=load_settings().worker.concurrency, fetch_job_polling_interval=1.0, delete_jobs="successful"
        )


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1]))
