"""Model fields of ours: values that are sealed on their way into the database and opened on their way out.

What is sealed or hashed is declared by its field and by nothing else: from the fields ``app/kit/rotation.py`` knows
everything that a change of keys concerns.
"""

import json
from typing import Any, Literal, overload

from tortoise import Model, fields, models

from app.kit.crypto import keyring
from app.kit.lookups import LENGTH

# The ORM parses the source of every model for comments that would describe columns: none of ours has one, and it takes
# a tenth of every process's start.
models._get_comments = lambda cls: {}


class SealedField(fields.BinaryField[Any]):
    """Bytes at rest, text in Python. The seal is bound to the table and column."""

    @property
    def place(self) -> str:
        """What the seal is bound to."""
        return f"{self.model._meta.db_table}.{self.model_field_name}"

    def _encode(self, value: Any) -> bytes:
        return str(value).encode()

    def _decode(self, plain: bytes) -> Any:
        return plain.decode()

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> bytes | None:
        """Seal. A value that is sealed already cannot be given here."""
        del instance
        return None if value is None else keyring().seal(self._encode(value), self.place)

    def to_python_value(self, value: Any) -> Any:
        """Open what came from the database; what the program itself set is left as it is."""
        if isinstance(value, bytes | memoryview):
            return self._decode(keyring().open(bytes(value), self.place))
        return value


class SealedJsonField(SealedField):
    """Like SealedField, for a value that JSON can write."""

    def _encode(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def _decode(self, plain: bytes) -> Any:
        return json.loads(plain)


class LtreeField(fields.TextField):
    """A place in a tree (PostgreSQL's ltree): labels of letters and digits joined by dots."""

    SQL_TYPE = "LTREE"


class LookupField(fields.CharField[Any]):
    """The keyed hash of the sealed text in the field ``source`` of the same row: ``keyring().lookup(…, purpose)``.

    Rows are sought by ``keyring().lookups(…, purpose)``. A hash never stands without its source, from which a
    change of keys makes it anew.
    """

    def __init__(self, source: str, purpose: str, max_length: int = LENGTH, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)
        self.source, self.purpose = source, purpose


class BlobKeyField(fields.CharField[Any]):
    """The key of a blob whose content is sealed for the place of that name, put once and never changed."""


@overload
def sealed_text() -> fields.Field[str]: ...
@overload
def sealed_text(*, null: Literal[True]) -> fields.Field[str | None]: ...
def sealed_text(*, null: bool = False) -> Any:
    """A column of sealed text."""
    return SealedField(null=True) if null else SealedField()


@overload
def sealed_json() -> fields.Field[dict[str, Any]]: ...
@overload
def sealed_json(*, null: Literal[True]) -> fields.Field[dict[str, Any] | None]: ...
def sealed_json(*, null: bool = False) -> Any:
    """A column of a sealed JSON object."""
    return SealedJsonField(null=True) if null else SealedJsonField()


def lookup_hash(source: str, purpose: str) -> fields.Field[str | None]:
    """An indexed column of the keyed hash of another column."""
    return LookupField(source, purpose, null=True, db_index=True)


@overload
def sealed_blob_key(*, unique: bool = False) -> fields.Field[str]: ...
@overload
def sealed_blob_key(*, null: Literal[True]) -> fields.Field[str | None]: ...
def sealed_blob_key(*, unique: bool = False, null: bool = False) -> Any:
    """A column of the key of a sealed blob."""
    return BlobKeyField(max_length=128, unique=unique, null=True) if null else BlobKeyField(128, unique=unique)
