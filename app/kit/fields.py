"""Model fields of ours: values that are sealed on their way into the database and opened on their way out."""

import json
from typing import Any, Literal, overload

from tortoise import Model, fields

from app.kit.crypto import keyring


class SealedField(fields.BinaryField[Any]):
    """Bytes at rest, text in Python. The seal is bound to the table and column."""

    def _place(self) -> str:
        return f"{self.model._meta.db_table}.{self.model_field_name}"

    def _encode(self, value: Any) -> bytes:
        return str(value).encode()

    def _decode(self, plain: bytes) -> Any:
        return plain.decode()

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> bytes | None:
        """Seal. A value that is sealed already cannot be given here."""
        del instance
        return None if value is None else keyring().seal(self._encode(value), self._place())

    def to_python_value(self, value: Any) -> Any:
        """Open what came from the database; what the program itself set is left as it is."""
        if isinstance(value, bytes | memoryview):
            return self._decode(keyring().open(bytes(value), self._place()))
        return value


class SealedJsonField(SealedField):
    """Like SealedField, for a value that JSON can write."""

    def _encode(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def _decode(self, plain: bytes) -> Any:
        return json.loads(plain)


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
