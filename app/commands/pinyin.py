"""``jiaban dev make-pinyin``: the table that searches read (``app/finding/pinyin.py``), made at installation."""

import argparse
from typing import Any

from app.finding.pinyin import FILE, table


def add_developer_commands(dev: Any) -> None:
    """Add ``make-pinyin`` to ``jiaban dev``."""
    dev.add_parser("make-pinyin", help="write what pypinyin says as a table").set_defaults(function=_make)


def _make(arguments: argparse.Namespace) -> int:
    del arguments
    FILE.write_text(table(), "utf-8")
    return 0
