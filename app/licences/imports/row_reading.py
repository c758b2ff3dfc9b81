"""Reading a row of a table of licences. Pure."""

from datetime import date
from typing import Any

from app.catalogue.licence_type import LicenceField, LicenceTypeDefinition
from app.identity.errors import IdNumberInvalidError
from app.identity.rules import parse_id_number
from app.licences import identifiers
from app.licences.imports import cells, states
from app.licences.imports.columns import Heads, heading
from app.licences.imports.rows import ImportedLicence, Types
from app.licences.models import HolderKind
from app.mandates.errors import CreditCodeInvalidError
from app.mandates.rules import parse_credit_code
from app.upkeep.tables.cells import Cell, Odd
from app.upkeep.tables.problems import CellError

_LONGEST = {"number": 64, "identifier": 128, "issuer": 128, "holder": 200}
_SHORT = 32
_REGION_LENGTHS = (6, 9, 12)
_ENDLESS = ("长期", "长期有效", "永久", "9999-12-31")
_LAST = date(9999, 12, 31)
_KINDS = {
    "": None,
    "111": HolderKind.PERSON,
    "公民身份号码": HolderKind.PERSON,
    "001": HolderKind.COMPANY,
    "1": HolderKind.COMPANY,
    "统一社会信用代码": HolderKind.COMPANY,
}
# What a person's own licence says of its holder needs no second column.
_OF_PERSON = {"applicant_name": "holder", "applicant_id_number": "holder_code"}


class RowReader:
    """Reads the rows of a sheet."""

    def __init__(self, heads: Heads, types: Types, *, today: date, from_1904: bool) -> None:
        self._heads, self._types, self._today, self._from_1904 = heads, types, today, from_1904
        self._foreign: dict[str, list[tuple[str, int]]] = {}
        self._problems: list[tuple[str, str]] = []

    def read(self, row: list[Cell]) -> tuple[ImportedLicence | None, list[tuple[str, str]]]:
        """The licence that a row is; None where something is wrong, told as headings and codes."""
        self._problems = []
        licence = self._read(row)
        return (None if self._problems else licence), self._problems

    def _read(self, row: list[Cell]) -> ImportedLicence | None:
        if any(row[self._heads.width :]) or any(row[place] for place in self._heads.gaps):
            self._tell("", "column_untitled")
        definition = self._definition(row)
        number, issuer, holder = (self._text(row, column, required=True) for column in ("number", "issuer", "holder"))
        issuer_code = self._code(row, "issuer_code", self._credit_code)
        region = self._code(row, "region", self._region)
        kind, holder_code = self._holder(row)
        issued_on, valid_from = self._past(row, "issued_on", required=True), self._day(row, "valid_from")
        identifier, elsewhere = self._identifier(row), self._state(row)
        changed_on = self._past(row, "state_changed_on")
        if definition is None:
            return None
        start = valid_from or issued_on
        end, values = self._end(row, definition, start), self._values(row, definition)
        if self._problems or not (issued_on and start and kind and elsewhere):
            return None
        if kind is HolderKind.PERSON:
            known = {"holder": holder, "holder_code": holder_code}
            for field in definition.fields:
                if field.from_form in _OF_PERSON:
                    values.setdefault(field.name, known[_OF_PERSON[field.from_form]])
        return ImportedLicence(
            type_code=definition.code,
            number=number,
            identifier=identifier,
            issuer=issuer,
            issuer_code=issuer_code,
            region=region,
            issued_on=issued_on,
            valid_from=start,
            valid_until=end,
            holder=holder,
            holder_kind=kind,
            holder_code=holder_code,
            values=values,
            elsewhere=elsewhere,
            state_changed_on=changed_on,
        )

    def _tell(self, column: str, code: str) -> None:
        self._problems.append((heading(column) if column else "", code))

    def _cell(self, row: list[Cell], column: str) -> Cell:
        place = self._heads.metadata.get(column)
        return "" if place is None else row[place]

    def _text(self, row: list[Cell], column: str, *, required: bool = False, digits: int = 0) -> str:
        """A column's text; a number is taken for a code of so many ``digits``, of which Excel drops the first zero."""
        cell = self._cell(row, column)
        if digits and isinstance(cell, Odd) and cell.kind == "number" and cell.text.isdigit():
            cell = cell.text.zfill(digits)
        try:
            text = cells.read_text(cell, _LONGEST.get(column, _SHORT))
        except CellError as error:
            self._tell(column, error.code)
            return ""
        if required and not text:
            self._tell(column, "cell_empty")
        return text

    def _day(self, row: list[Cell], column: str) -> date | None:
        try:
            return cells.read_day(self._cell(row, column), from_1904=self._from_1904)
        except CellError as error:
            self._tell(column, error.code)
            return None

    def _past(self, row: list[Cell], column: str, *, required: bool = False) -> date | None:
        before = len(self._problems)
        day = self._day(row, column)
        if day and day > self._today:
            self._tell(column, "day_to_come")
        elif required and day is None and len(self._problems) == before:
            self._tell(column, "cell_empty")
        return day

    def _identifier(self, row: list[Cell]) -> str | None:
        text = self._text(row, "identifier")
        if text and not _is_identifier(text):
            self._tell("identifier", "identifier_wrong")
        return text or None

    def _state(self, row: list[Cell]) -> str | None:
        elsewhere = states.read_state(self._text(row, "state", digits=2))
        if elsewhere is None:
            self._tell("state", "state_unknown")
        return elsewhere

    def _code(self, row: list[Cell], column: str, parse: Any) -> str:
        text = self._text(row, column, required=True, digits=6 if column == "region" else 0)
        try:
            return str(parse(text)) if text else ""
        except CellError as error:
            self._tell(column, error.code)
            return ""

    @staticmethod
    def _company(text: str) -> tuple[str, bool]:
        try:
            return parse_credit_code(text)
        except CreditCodeInvalidError:
            return "", False

    def _credit_code(self, text: str) -> str:
        code, _ = self._company(text)
        if not code:
            raise CellError("credit_code_wrong")
        return code

    @staticmethod
    def _region(text: str) -> str:
        if not (text.isascii() and text.isdigit() and len(text) in _REGION_LENGTHS):
            raise CellError("region_wrong")
        return text

    def _definition(self, row: list[Cell]) -> LicenceTypeDefinition | None:
        code, name = self._text(row, "type"), self._text(row, "name")
        try:
            return self._types.find(code, name)
        except CellError as error:
            self._tell("type" if code or "name" not in self._heads.metadata else "name", error.code)
            return None

    def _holder(self, row: list[Cell]) -> tuple[HolderKind | None, str]:
        written = self._text(row, "holder_code", required=True)
        named = self._text(row, "holder_kind", digits=3)
        if named not in _KINDS:
            self._tell("holder_kind", "holder_kind_unknown")
            return None, ""
        if not written:
            return None, ""
        kind = _KINDS[named]
        if kind is not HolderKind.COMPANY:
            try:
                return HolderKind.PERSON, parse_id_number(written, today=self._today)
            except IdNumberInvalidError:
                if kind is HolderKind.PERSON:
                    self._tell("holder_code", "id_number_wrong")
                    return None, ""
        code, right = self._company(written)
        # Where nobody says what it is, a mistyped identity number must not pass for a company's code.
        if not code or (kind is None and not right):
            self._tell("holder_code", "credit_code_wrong" if kind else "holder_code_wrong")
            return None, ""
        return HolderKind.COMPANY, code

    def _end(self, row: list[Cell], definition: LicenceTypeDefinition, start: date | None) -> date | None:
        cell = self._cell(row, "valid_until")
        endless = isinstance(cell, str) and cell.strip() in _ENDLESS
        before = len(self._problems)
        end = None if endless else self._day(row, "valid_until")
        if len(self._problems) > before:
            return None
        if end is None or end == _LAST:
            if not (definition.validity.endless or definition.validity.from_form):
                self._tell("valid_until", "end_missing")
            return None
        if start and end < start:
            self._tell("valid_until", "end_before_start")
        return end

    def _values(self, row: list[Cell], definition: LicenceTypeDefinition) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field in definition.fields:
            place = self._heads.titles.get(field.title)
            if place is not None and row[place] and (text := self._field(field, row[place])):
                values[field.name] = text
        for title, place in self._columns_of_others(definition):
            if row[place]:
                self._problems.append((title, "column_of_other_type"))
        return values

    def _field(self, field: LicenceField, cell: Cell) -> str:
        try:
            return cells.read_field(field.title, cell, digits=field.number or field.masked, from_1904=self._from_1904)
        except CellError as error:
            self._problems.append((field.title, error.code))
            return ""

    def _columns_of_others(self, definition: LicenceTypeDefinition) -> list[tuple[str, int]]:
        if definition.code not in self._foreign:
            own = {field.title for field in definition.fields}
            ours = set(self._heads.metadata.values())
            self._foreign[definition.code] = [
                (title, place) for title, place in self._heads.titles.items() if place not in ours and title not in own
            ]
        return self._foreign[definition.code]


def _is_identifier(text: str) -> bool:
    try:
        identifiers.parse(text)
    except ValueError:
        return False
    return True
