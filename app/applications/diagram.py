"""The state machine of a case as a picture: Mermaid text made from the table itself."""

from collections import defaultdict

from app.applications.models import State
from app.applications.rules import CITIZEN_CAUSES, TABLE

_ENDS = (State.NOT_ACCEPTED, State.REFUSED, State.COMPLETED)


def state_diagram() -> str:
    """A Mermaid state diagram; moves of the citizen's are marked so, all others are the approval system's."""
    moves: dict[tuple[State, State], list[str]] = defaultdict(list)
    for cause, table in TABLE.items():
        for before, after in table.items():
            moves[before, after].append(f"{cause} (citizen)" if cause in CITIZEN_CAUSES else cause.value)
    lines = ["stateDiagram-v2", f"    [*] --> {State.DRAFT}"]
    lines += [f"    {before} --> {after}: {', '.join(causes)}" for (before, after), causes in moves.items()]
    lines += [f"    {end} --> [*]" for end in _ENDS]
    return "\n".join(lines)
