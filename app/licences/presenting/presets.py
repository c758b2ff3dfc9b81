"""Pure rules of what a holder chooses to show: a code says no more than that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.identity.rules import born_on
from app.licences.errors import PresetNotMetError, PresetNotOfferedError
from app.licences.models import HolderKind, Licence

_AGE = 60
"""老年人 are who has reached 60 years: 中华人民共和国老年人权益保障法, article 2."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a code says beside the masked name: see ``Claims``."""

    licence_type: str | None
    valid_until: date | None
    facts: Mapping[str, bool]


def said_by(preset: Preset, licence: Licence, definition: LicenceTypeDefinition, today: date) -> Said:
    """What a preset lets a code say. An age says neither which licence proves it nor until when that runs.

    Raises PresetNotOfferedError, or PresetNotMetError where it would not be true.
    """
    if preset not in definition.presets:
        raise PresetNotOfferedError
    if preset is not Preset.AGE_60:
        return Said(licence.type_code, licence.valid_until, MappingProxyType({}))
    if not _has_age(licence, today):
        raise PresetNotMetError
    return Said(None, None, MappingProxyType({"over_60": True}))


def _has_age(licence: Licence, today: date) -> bool:
    if licence.holder_kind is not HolderKind.PERSON or not licence.holder_code:
        return False
    born = born_on(licence.holder_code)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) >= _AGE
