"""What the tables look like: sheets, their columns and what a cell of each holds.

Names are those of the guide's fields; the Chinese titles stand in ``config/texts`` under ``table_sheets`` and
``table_columns``. docs/catalogue-tables.md tells both to those who edit them.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from app.kit import texts

Kind = Literal["code", "text", "integer", "decimal", "flag", "word", "words", "list", "conditions", "json"]
"""What a cell holds.

code: letters and digits, never a number · text: as it is · integer, decimal: a number · flag: 是 or 否 · word, words:
one of ``choices``, or several · list: one on each line · conditions: ``question=value,value`` on each line · json
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``name`` is the field within its row's object, with dots where that lies deeper.

    ``optional`` lets the cell be empty, which then is None; an empty text or list needs no permission.
    """

    name: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet, or a CSV file of the same name. The first column is the item's code."""

    name: str
    columns: tuple[Column, ...]

    @property
    def title(self) -> str:
        """The sheet's Chinese name."""
        return texts.text("table_sheets", self.name)

    def titles(self) -> list[str]:
        """The Chinese headings, in the columns' order."""
        return [self.heading(column.name) for column in self.columns]

    def heading(self, column: str) -> str:
        """A column's Chinese heading."""
        return texts.text("table_columns", f"{self.name}.{column}")


_CODE = Column("item_code", "code")
_SCHEMA_TYPES = ("string", "integer", "number", "boolean", "array", "object")

SHEETS = (
    Sheet(
        "items",
        (
            _CODE,
            Column("basic_code", "code"),
            Column("name"),
            Column("short_name"),
            Column("task_type", "code"),
            Column("department", "code"),
            Column("region", "code"),
            Column("level", "word", ("city", "county", "township", "village")),
            Column("audience", "words", ("person", "company")),
            Column("themes", "list"),
            Column("handling", "word", ("promised", "immediate")),
            Column("statutory_days", "integer"),
            Column("promised_days", "integer"),
            Column("online_depth", "integer"),
            Column("visits", "integer"),
            Column("assurance_level", "integer"),
            Column("licence_type", "code", optional=True),
            Column("keywords", "list"),
            Column("fees.charged", "flag"),
            Column("fees.description"),
            Column("fees.basis"),
            Column("consultation_phone"),
            Column("complaint_phone"),
            Column("form_schema", "json", optional=True),
        ),
    ),
    Sheet("conditions", (_CODE, Column("text"))),
    Sheet(
        "materials",
        (
            _CODE,
            Column("id", "code"),
            Column("name"),
            Column("required", "flag"),
            Column("copies", "integer"),
            Column("obtained_from"),
            Column("form", "word", ("electronic", "paper")),
            Column("replaced_by.kind", "word", ("licence", "shared_data", "statement"), optional=True),
            Column("replaced_by.source"),
            Column("replaced_by.title"),
            Column("note"),
        ),
    ),
    Sheet("steps", (_CODE, Column("name"), Column("days", "integer"), Column("description"))),
    Sheet("legal_basis", (_CODE, Column("title"), Column("article"), Column("summary"))),
    Sheet("questions", (_CODE, Column("question"), Column("answer"))),
    Sheet(
        "windows",
        (
            _CODE,
            Column("name"),
            Column("address"),
            Column("hours"),
            Column("phone"),
            Column("hall", "code", optional=True),
            Column("position.longitude", "decimal", optional=True),
            Column("position.latitude", "decimal", optional=True),
        ),
    ),
    Sheet("links", (_CODE, Column("title"), Column("url"))),
    Sheet(
        "guidance_questions",
        (_CODE, Column("id", "code"), Column("question"), Column("help"), Column("when", "conditions")),
    ),
    Sheet("guidance_options", (_CODE, Column("question", "code"), Column("value", "code"), Column("label"))),
    Sheet(
        "guidance_variants",
        (
            _CODE,
            Column("id", "code"),
            Column("name"),
            Column("when", "conditions"),
            Column("materials", "list"),
            Column("omit_fields", "list"),
            Column("required_fields", "list"),
            Column("note"),
        ),
    ),
    Sheet(
        "form_fields",
        (
            _CODE,
            Column("field"),
            Column("title"),
            Column("type", "code", _SCHEMA_TYPES),
            Column("required", "flag"),
            Column("minLength", "integer", optional=True),
            Column("maxLength", "integer", optional=True),
            Column("format"),
            Column("pattern"),
            Column("enum", "list"),
            Column("x-prefill"),
            Column("x-widget"),
            Column("description"),
            Column("readOnly", "flag", optional=True),
            Column("other", "json", optional=True),
        ),
    ),
    Sheet("form_example", (_CODE, Column("field"), Column("text"), Column("json", "json", optional=True))),
)
"""All sheets, in the order in which they are written."""


@cache
def numbers() -> dict[str, int]:
    """The place of each sheet in ``SHEETS`` by its name."""
    return {sheet.name: number for number, sheet in enumerate(SHEETS)}


@cache
def words(choices: tuple[str, ...]) -> dict[str, str]:
    """What the choices of a column are called, by their codes; where a choice has no Chinese word, it is its code."""
    named = texts.keys("table_words")
    return {code: texts.text("table_words", code) if code in named else code for code in choices}
