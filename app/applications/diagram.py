"""The state machine of a case as a picture: Mermaid text made from the table itself."""

from collections import defaultdict

from app.applications.models import State
from app.applications.rules import ENDED, TABLE, By


def state_diagram() -> str:
    """A Mermaid state diagram; a move that the approval system does not cause names who does."""
    moves: dict[tuple[State, State], list[str]] = defaultdict(list)
    for cause, table in TABLE.items():
        label = cause.value if table.by is By.APPROVAL_SYSTEM else f"{cause} ({table.by})"
        for before, after in table.to.items():
            moves[before, after].append(label)
    lines = ["stateDiagram-v2", f"    [*] --> {State.DRAFT}"]
    lines += [f"    {before} --> {after}: {', '.join(causes)}" for (before, after), causes in moves.items()]
    lines += [f"    {end} --> [*]" for end in State if end in ENDED]
    return "\n".join(lines)


def cause_table() -> str:
    """A Markdown table of the causes: who may cause each, from which states, and where it leads."""
    lines = ["| Cause | By | From | To |", "|---|---|---|---|"]
    for cause, moves in TABLE.items():
        ends = dict.fromkeys(moves.to.values())
        stays = all(before is after for before, after in moves.to.items())
        to = "where it is" if stays else ", ".join(ends)
        lines.append(f"| `{cause}` | {moves.by} | {', '.join(moves.to)} | {to} |")
    return "\n".join(lines)
