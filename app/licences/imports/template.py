"""An empty table of licences of one type, to be filled in."""

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import texts
from app.licences.imports.columns import METADATA, REQUIRED, heading

_WIDTH, _NOTE_WIDTH = 20, 80


def headings_of(definition: LicenceTypeDefinition) -> list[str]:
    """The headings of a table of one type: the metadata, then the type's own fields that are none of it."""
    metadata = [heading(column) for column in METADATA]
    return metadata + [field.title for field in definition.fields if field.title not in metadata]


def write_template(definition: LicenceTypeDefinition, path: Path) -> None:
    """Write a workbook with the headings, its columns as text, and a sheet that says what goes where."""
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(texts.text("licence_import", "template_sheet"))
    required = {heading(column) for column in REQUIRED}
    for place, title in enumerate(headings_of(definition), 1):
        letter = get_column_letter(place)
        # Numbers of eighteen digits lose their last ones unless the column is text before they are typed.
        sheet.column_dimensions[letter].number_format = "@"
        sheet.column_dimensions[letter].width = _WIDTH
        cell = sheet.cell(row=1, column=place, value=title)
        cell.font = Font(bold=True, underline="single" if title in required else None)
    sheet.freeze_panes = "A2"
    notes = book.create_sheet(texts.text("table_sheets", "notes"))
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = _WIDTH, _NOTE_WIDTH
    meanings = {heading(column): texts.text("licence_column_notes", column) for column in METADATA}
    meanings = {field.title: field.meaning for field in definition.fields} | meanings
    for title in headings_of(definition):
        notes.append([title, meanings[title]])
        notes.cell(row=notes.max_row, column=2).alignment = Alignment(wrap_text=True)
    book.save(path)
