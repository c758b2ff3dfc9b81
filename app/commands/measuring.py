"""The developers' commands that measure, each in databases of its own."""

import argparse
import asyncio
from pathlib import Path
from typing import Any


def _bench_search(arguments: argparse.Namespace) -> int:
    from app.commands.bench import bench_search

    asyncio.run(bench_search(arguments.items, arguments.database_url, arguments.best_of))
    return 0


def _bench_cases(arguments: argparse.Namespace) -> int:
    from app.commands.bench_cases import bench_cases

    asyncio.run(bench_cases(arguments.cases, arguments.submissions, arguments.database_url, arguments.json))
    return 0


def _bench_revocation(arguments: argparse.Namespace) -> int:
    from app.commands.bench_revocation import bench_revocation

    asyncio.run(bench_revocation(arguments.licences, arguments.rounds, arguments.database_url))
    return 0


def _bench_status(arguments: argparse.Namespace) -> int:
    from app.commands.bench_status import bench_status

    asyncio.run(bench_status(arguments.licences, arguments.revoked, arguments.database_url, arguments.rounds))
    return 0


def _bench_broadcasts(arguments: argparse.Namespace) -> int:
    from app.commands.bench_broadcasts import bench_broadcasts

    asyncio.run(bench_broadcasts(arguments.recipients, arguments.sends, arguments.database_url))
    return 0


def _bench_pages(arguments: argparse.Namespace) -> int:
    from app.commands.bench_pages import bench_pages

    asyncio.run(bench_pages(arguments.cases, arguments.requests, arguments.json))
    return 0


def add_developer_commands(dev: Any) -> None:
    """Add what measures to ``jiaban dev``."""
    bench = dev.add_parser("bench-search", help="measure searches among many items, in a database of its own")
    bench.add_argument("--items", type=int, default=100_000, help="how many items (100000)")
    bench.add_argument("--database-url", help="an empty database to fill; an engine of its own unless given")
    bench.add_argument("--best-of", type=int, default=1, help="times each call is made, the best one counts (1)")
    bench.set_defaults(function=_bench_search)
    cases = dev.add_parser("bench-cases", help="measure the way of a case, in databases of its own full of cases")
    cases.add_argument("--cases", type=int, nargs="+", default=[10_000], help="how many there are before (10000)")
    cases.add_argument("--submissions", type=int, default=60, help="how many are submitted and seen through (60)")
    cases.add_argument("--database-url", help="beside this database theirs are made; an engine of its own unless given")
    cases.add_argument("--json", type=Path, help="a file for all figures and plans")
    cases.set_defaults(function=_bench_cases)
    pages = dev.add_parser("bench-pages", help="measure every page of one citizen, on a house of its own")
    pages.add_argument("--cases", type=int, default=10_000, help="how many other cases there are (10000)")
    pages.add_argument("--requests", type=int, default=100, help="how often each page is asked for (100)")
    pages.add_argument("--json", type=Path, help="a file for all figures")
    pages.set_defaults(function=_bench_pages)
    status = dev.add_parser("bench-status", help="measure status lists of licences, in a database of its own")
    status.add_argument("--licences", type=int, default=1_000_000, help="how many (1000000)")
    status.add_argument("--revoked", type=float, default=0.01, help="the share that is revoked (0.01)")
    status.add_argument("--rounds", type=int, default=5, help="times each list is made (5)")
    status.add_argument("--database-url", help="an empty database to fill; an engine of its own unless given")
    status.set_defaults(function=_bench_status)
    many = dev.add_parser("bench-broadcasts", help="measure choosing recipients and sending, in a database of its own")
    many.add_argument("--recipients", type=int, default=1_000_000, help="how many are chosen (1000000)")
    many.add_argument("--sends", type=int, default=100_000, help="how many of them are sent to (100000)")
    many.add_argument("--database-url", help="an empty database to fill; an engine of its own unless given")
    many.set_defaults(function=_bench_broadcasts)
    revocation = dev.add_parser("bench-revocation", help="measure how soon scans see a revocation")
    revocation.add_argument("--licences", type=int, default=100_000, help="how many licences there are (100000)")
    revocation.add_argument("--rounds", type=int, default=200, help="how many are revoked (200)")
    revocation.add_argument(
        "--database-url", help="a server's database to make one beside; an engine of its own unless given"
    )
    revocation.set_defaults(function=_bench_revocation)
