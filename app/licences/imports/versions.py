"""What a row of an import does to what is here already. Pure, but for opening what is sealed."""

from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from app.licences.imports.rows import ImportedLicence
from app.licences.models import Licence, LicenceCause, LicenceState, Origin
from app.licences.rules import next_state

_CAUSES = {
    LicenceState.SUSPENDED: LicenceCause.SUSPENDED,
    LicenceState.REVOKED: LicenceCause.REVOKED,
    LicenceState.CANCELLED: LicenceCause.CANCELLED,
    LicenceState.EXPIRED: LicenceCause.EXPIRED,
}
_ENDED = (LicenceState.REVOKED, LicenceState.CANCELLED)
_OPEN = (LicenceState.VALID, LicenceState.SUSPENDED)
_COMPARED = (
    "type_code",
    "number",
    "issuer",
    "issuer_code",
    "region",
    "issued_on",
    "valid_from",
    "valid_until",
    "holder",
    "holder_kind",
    "holder_code",
    "values",
)


class Effect(Enum):
    """A licence of its own, another version of one that is here, a change of what that is worth, or nothing."""

    ADD = auto()
    FOLLOW = auto()
    MOVE = auto()
    NOTHING = auto()
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a row: ``earlier`` is what is followed or moved, by ``cause``; ``code`` says why not."""

    effect: Effect
    earlier: Licence | None = None
    cause: LicenceCause | None = None
    code: str = ""


def decide(row: ImportedLicence, chain: list[Licence] | None, today: date) -> Decision:
    """What a row does to the versions, oldest first, of the licence that it names: none for one that is new here.

    None instead of a list says that its number and its identifier belong to two licences.

    What was issued here changes by its cases alone. An import lifts nothing that was ordered: what was suspended stays
    so, and what was revoked or cancelled is followed by none that is valid.
    """
    if chain is None:
        return Decision(Effect.REFUSE, code="identifier_taken")
    if not chain:
        return Decision(Effect.ADD)
    newest, state = chain[-1], row.state(today)
    brought = next((licence for licence in reversed(chain) if licence.origin is Origin.IMPORTED), None)
    if brought and _same(row, brought, {licence.identifier for licence in chain}):
        cause = _CAUSES.get(state)
        moves = newest is brought and cause and state is not newest.state and next_state(newest.state, cause)
        return Decision(Effect.MOVE, newest, cause) if moves else Decision(Effect.NOTHING)
    if newest is not brought:
        return Decision(Effect.REFUSE, code="issued_here")
    if newest.state in _ENDED and state in _OPEN:
        return Decision(Effect.REFUSE, code="ended_here")
    cause = LicenceCause.SUPERSEDED
    return Decision(Effect.FOLLOW, newest, cause if next_state(newest.state, cause) else None)


def _same(row: ImportedLicence, licence: Licence, identifiers: set[str]) -> bool:
    if row.identifier and row.identifier not in identifiers:
        return False
    return all(getattr(row, name) == getattr(licence, name) for name in _COMPARED)
