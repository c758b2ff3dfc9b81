"""What a row of a table says of a licence, and of which type it may be."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from app.catalogue.licence_type import LicenceTypeDefinition
from app.licences.imports import states
from app.licences.models import HolderKind, LicenceState
from app.upkeep.tables.problems import CellError


@dataclass(frozen=True, slots=True)
class ImportedLicence:
    """What a row says of a licence. ``elsewhere`` is its state there, a key of ``states.STATES``."""

    type_code: str
    number: str
    identifier: str | None
    issuer: str
    issuer_code: str
    region: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    holder: str
    holder_kind: HolderKind
    holder_code: str
    values: dict[str, Any]
    elsewhere: str
    state_changed_on: date | None

    @property
    def key(self) -> tuple[str, str, str]:
        """By what the same licence is known in every file: type, issuer and number."""
        return self.type_code, self.issuer_code, self.number

    def state(self, today: date) -> LicenceState:
        """What it is worth; what has run out is expired, though its list may call it valid."""
        state = states.STATES[self.elsewhere]
        over = self.valid_until is not None and self.valid_until < today
        return LicenceState.EXPIRED if over and state is LicenceState.VALID else state


class Types:
    """The licence types that a table may be of: all, or the ``chosen`` one."""

    def __init__(self, every: list[LicenceTypeDefinition], chosen: str = "") -> None:
        self.chosen = next((definition for definition in every if definition.code == chosen), None)
        self._by_code = {definition.code: definition for definition in every} | {
            definition.type_code: definition for definition in every
        }
        self._by_name = {definition.name: definition for definition in every}
        self.offered = [self.chosen] if self.chosen else every

    def find(self, code: str, name: str) -> LicenceTypeDefinition:
        """The type that a row is of: as was chosen, else as its code says, else its name. Raises CellError."""
        told = self._by_code.get(code) if code else self._by_name.get(name)
        if self.chosen:
            named = self._by_name.get(name)
            if any(one and one is not self.chosen for one in (told, named)):
                raise CellError("type_other")
            return self.chosen
        if told is None:
            raise CellError("type_unknown" if code or name else "cell_empty")
        return told
