"""The state machine of a rectification as a picture: Mermaid text made from the table itself."""

from collections import defaultdict

from app.reviews.models import RectificationState
from app.reviews.rectifying import CITIZEN_CAUSES, ENDED, TABLE, Cause


def rectification_diagram() -> str:
    """A Mermaid state diagram; moves of the citizen's and of the passing of time are marked so."""
    whose = {**dict.fromkeys(CITIZEN_CAUSES, " (citizen)"), Cause.LAPSE: " (time)"}
    moves: dict[tuple[RectificationState, RectificationState], list[str]] = defaultdict(list)
    for cause, table in TABLE.items():
        for before, after in table.items():
            moves[before, after].append(cause.value + whose.get(cause, ""))
    lines = ["stateDiagram-v2", f"    [*] --> {RectificationState.OPENED}"]
    lines += [f"    {before} --> {after}: {', '.join(causes)}" for (before, after), causes in moves.items()]
    lines += [f"    {state} --> [*]" for state in RectificationState if state in ENDED]
    return "\n".join(lines)
