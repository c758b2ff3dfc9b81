"""What can be wrong with a guide, and what a check knows of the city."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.kit import texts


class Severity(StrEnum):
    """An error bars a guide from being published; a warning is told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a place of a guide: names and positions joined by dots, such as ``materials.0.copies``.

    ``message`` says it in Chinese and repeats no value of the guide.
    """

    path: str
    code: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Known:
    """The city as a check sees it.

    ``departments`` are codes with their USCC (GB 32100), ``regions`` codes with their level, ``licence_types`` codes
    with the names of their fields; the others are codes.
    """

    departments: Mapping[str, str]
    regions: Mapping[str, str]
    themes: Set[str]
    halls: Set[str]
    licence_types: Mapping[str, Set[str]]
    code_lists: Set[str]


def error(path: str, code: str, **values: Any) -> Problem:
    """A problem that bars publication; ``values`` fill its sentence."""
    return Problem(path, code, Severity.ERROR, texts.text("problem", code, **values))


def warning(path: str, code: str, **values: Any) -> Problem:
    """A problem that is told and bars nothing."""
    return Problem(path, code, Severity.WARNING, texts.text("problem", code, **values))
