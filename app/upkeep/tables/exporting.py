"""Exporting the whole catalogue as tables."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from app.kit import db
from app.kit.db import transaction
from app.upkeep.tables.newest import count_newest, newest_guides
from app.upkeep.tables.problems import TablesError
from app.upkeep.tables.rows import rows_of
from app.upkeep.tables.writing import CsvWriter, Writer
from app.upkeep.tables.xlsx_writing import XlsxWriter

_WRITERS: dict[str, type[CsvWriter] | type[XlsxWriter]] = {".xlsx": XlsxWriter, ".zip": CsvWriter}


async def export_tables(path: Path, progress: Callable[[int, int], None]) -> int:
    """Write the newest published version of every item that has not ended; returns how many items.

    ``progress`` hears how many items of how many are written. Raises TablesError where the file's name ends neither in
    .xlsx nor in .zip, or a cell would be too long.
    """
    with closing(writer_for(path)) as writer:
        items = await _write(writer, progress)
        save(writer, path)
    return items


def writer_for(path: Path) -> Writer:
    """What writes a file of this name. Raises TablesError where it ends neither in .xlsx nor in .zip."""
    kind = _WRITERS.get(path.suffix.lower())
    if kind is None:
        raise TablesError("suffix_unknown")
    return kind()


def save(writer: Writer, path: Path) -> None:
    """Write the file, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            writer.save(file)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


async def _write(writer: Writer, progress: Callable[[int, int], None]) -> int:
    items = 0
    async with transaction():
        # One look at the catalogue, however long it takes.
        await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        total = await count_newest()
        async for guides in newest_guides():
            for guide in guides:
                for sheet, values in rows_of(guide):
                    writer.add(sheet, values)
            items += len(guides)
            progress(min(items, total), total)
    progress(total, total)
    return items
