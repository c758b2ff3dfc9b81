"""The columns of a table of licences: the metadata of GB/T 36903, and the fields of the types by their titles."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import texts
from app.upkeep.tables.cells import Cell, Odd
from app.upkeep.tables.problems import TablesError, excerpt

METADATA = (
    "name",
    "type",
    "number",
    "identifier",
    "issuer",
    "issuer_code",
    "issued_on",
    "valid_from",
    "valid_until",
    "holder",
    "holder_code",
    "holder_kind",
    "region",
    "state",
    "state_changed_on",
)
"""The columns that every type has; their headings stand in ``config/texts`` under ``licence_columns``."""

REQUIRED = ("number", "issuer", "issuer_code", "issued_on", "holder", "holder_code", "region")


def heading(column: str) -> str:
    """The heading of a column of the metadata."""
    return texts.text("licence_columns", column)


@dataclass(frozen=True, slots=True)
class Heads:
    """Where the columns of a sheet are: those of the metadata by name, others by their titles.

    ``width`` is the number of columns up to the last that has a title, ``gaps`` those before it that have none.
    """

    metadata: dict[str, int]
    titles: dict[str, int]
    width: int
    gaps: tuple[int, ...]


def read_heads(sheet: str, row: int, head: list[Cell], types: Iterable[LicenceTypeDefinition], *, named: bool) -> Heads:
    """Find the columns in the first row of a sheet. ``named`` says that the type of all rows is known already.

    Raises TablesError where a column is unknown, there twice, or missing.
    """
    titles = [cell.text if isinstance(cell, Odd) else cell.strip() for cell in head]
    ours = {heading(column): column for column in METADATA}
    known = ours.keys() | {field.title for definition in types for field in definition.fields}
    for title in titles:
        if title and title not in known:
            raise TablesError("column_unknown", sheet, row, excerpt(title))
        if title and titles.count(title) > 1:
            raise TablesError("column_twice", sheet, row, title)
    places = {title: place for place, title in enumerate(titles) if title}
    for column in REQUIRED:
        if heading(column) not in places:
            raise TablesError("column_missing", sheet, row, heading(column))
    if not named and not places.keys() & {heading("type"), heading("name")}:
        raise TablesError("column_missing", sheet, row, heading("type"))
    width = max(places.values()) + 1
    return Heads(
        metadata={column: places[title] for title, column in ours.items() if title in places},
        titles=places,
        width=width,
        gaps=tuple(place for place in range(width) if not titles[place]),
    )
