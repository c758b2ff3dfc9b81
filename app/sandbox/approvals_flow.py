"""What happens to a case next: by itself, by a control action, and in which order its events are pushed. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.sandbox.answers import BEIJING
from app.sandbox.approvals_case import Case, Event, Kind, Word

Draft = tuple[Kind, dict[str, Any]]
_DECIDED = {Kind.APPROVED, Kind.REFUSED}
_MATTER_OF_SUPPLEMENT = "请补充或者更正申请材料。"
_RESULT = {
    "method": "pick_up",
    "place": "佳木斯市政务服务中心综合窗口",
    "note": "请携带身份证到政务服务中心综合窗口领取",
}
_REASONS = {
    Kind.NOT_ACCEPTED: "申请事项依法不属于本机关职权范围。",
    Kind.REFUSED: "经审查，不符合法定条件。",
    Kind.SPECIAL_PROCEDURE: "需要现场核查，核查期间不计入办理时限。",
    Kind.EXPIRED: "申请人未在规定期限内补正。",
    Kind.LICENCE_REVOKED: "被许可人以欺骗手段取得许可。",
    Kind.LICENCE_SUSPENDED: "需要停业整改，整改期间暂扣证照。",
    Kind.LICENCE_RESUMED: "整改完毕，恢复证照效力。",
    Kind.LICENCE_CANCELLED: "被许可人申请注销。",
}


class Action(StrEnum):
    """What /control may do to a case."""

    HOLD = "hold"
    RESUME = "resume"
    SUPPLEMENT = "supplement"
    PRE_REVIEW = "pre_review"
    ACCEPT = "accept"
    REVIEW = "review"
    EXPIRE = "expire"
    READY = "ready"
    APPROVE = "approve"
    REFUSE = "refuse"
    REVOKE = "revoke"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    CANCEL = "cancel"


_LICENSED = frozenset({Kind.COMPLETED, Kind.LICENCE_SUSPENDED})
_STANDING = {
    Action.EXPIRE: ({Kind.SUPPLEMENT_REQUESTED}, Kind.EXPIRED, "该件没有等待补正。"),
    Action.READY: ({Kind.COMPLETED}, Kind.RESULT_READY, "该件尚未办结。"),
    Action.REVOKE: (_LICENSED, Kind.LICENCE_REVOKED, "该件没有有效的许可，不能吊销。"),
    Action.SUSPEND: ({Kind.COMPLETED}, Kind.LICENCE_SUSPENDED, "该件没有有效的许可，不能暂扣。"),
    Action.REINSTATE: ({Kind.LICENCE_SUSPENDED}, Kind.LICENCE_RESUMED, "该件的许可没有被暂扣。"),
    Action.CANCEL: (_LICENSED, Kind.LICENCE_CANCELLED, "该件没有有效的许可，不能注销。"),
}
_OF_LICENCE = {Action.REVOKE, Action.SUSPEND, Action.REINSTATE, Action.CANCEL}


class ImpossibleError(Exception):
    """A case in this state cannot take this action; the text is Chinese and meant to be shown."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the stand-in takes, in seconds, to look at a new case and to decide an accepted one."""

    accept_after: float
    approve_after: float


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to a case by itself, and after how many seconds."""

    delay: float
    drafts: list[Draft]


def _reasoned(kind: Kind, note: str = "") -> Draft:
    return kind, {"reason": note or _REASONS[kind]}


def _approved(case: Case, licence: dict[str, Any] | None = None) -> list[Draft]:
    today = datetime.now(BEIJING).date()
    decision: dict[str, Any] = {
        "decision_no": f"佳审许字〔{today.year}〕{case.case_no}号",
        "valid_from": today.isoformat(),
        **({"licence": licence} if licence else {}),
    }
    return [(Kind.APPROVED, decision), (Kind.COMPLETED, {})]


def _supplement(note: str, materials: list[str]) -> Draft:
    return Kind.SUPPLEMENT_REQUESTED, {"note": note or _MATTER_OF_SUPPLEMENT, "materials": materials}


def _first_look(case: Case) -> Draft:
    if Word.STEPWISE in case.words and Kind.PRE_REVIEW not in case.kinds:
        return Kind.PRE_REVIEW, {}
    if Word.NOT_ACCEPT in case.words:
        return _reasoned(Kind.NOT_ACCEPTED)
    if Word.SUPPLEMENT in case.words and Kind.SUPPLEMENT_REQUESTED not in case.kinds:
        return _supplement("", [material.material_id for material in case.materials[:1]])
    return Kind.ACCEPTED, {}


def _decision(case: Case) -> list[Draft]:
    if Word.STEPWISE in case.words and Kind.UNDER_REVIEW not in case.kinds:
        return [(Kind.UNDER_REVIEW, {})]
    if Word.PAUSE in case.words and Kind.SPECIAL_PROCEDURE not in case.kinds:
        return [_reasoned(Kind.SPECIAL_PROCEDURE)]
    if Word.REFUSE in case.words:
        return [_reasoned(Kind.REFUSED)]
    return _approved(case)


def next_step(case: Case, pace: Pace) -> Step | None:
    """What the case does by itself next; None while it is held, withdrawn, waits for the citizen, or is done."""
    if case.held:
        return None
    match case.state:
        case Kind.RECEIVED | Kind.PRE_REVIEW:
            return Step(pace.accept_after, [_first_look(case)])
        case Kind.ACCEPTED | Kind.UNDER_REVIEW:
            return Step(pace.approve_after, _decision(case))
        case Kind.SPECIAL_PROCEDURE:
            return Step(pace.approve_after, [(Kind.RESUMED, {})])
        case _:
            return None


def _up_to_decision(case: Case) -> list[Draft]:
    """The events that still lie before a decision."""
    match case.state:
        case Kind.RECEIVED | Kind.PRE_REVIEW:
            return [(Kind.ACCEPTED, {})]
        case Kind.SPECIAL_PROCEDURE:
            return [(Kind.RESUMED, {})]
        case Kind.ACCEPTED | Kind.UNDER_REVIEW:
            return []
        case Kind.SUPPLEMENT_REQUESTED:
            raise ImpossibleError("正在等待申请人补正，收到补正材料后才能继续办理。")
        case "withdrawn":
            raise ImpossibleError("申请人已撤回申请。")
        case _:
            raise ImpossibleError("该件已经办结。")


def plan(
    case: Case, action: Action, note: str, materials: list[str], licence: dict[str, Any] | None = None
) -> list[Draft]:
    """The events a control action makes, with what is needed before them; ``licence`` goes with an approval.

    A supplement may be asked for until the decision: such systems do so while they review, too. Raises ImpossibleError.
    """
    if action in _STANDING:
        return _from_standing(case, action, note)
    before = _up_to_decision(case)
    match action:
        case Action.APPROVE:
            return [*before, *_approved(case, licence)]
        case Action.REFUSE:
            return [*before, _reasoned(Kind.REFUSED, note)]
        case Action.SUPPLEMENT:
            return [_supplement(note, materials)]
        case Action.REVIEW:
            return [*before, (Kind.UNDER_REVIEW, {})]
    if case.state not in {Kind.RECEIVED, Kind.PRE_REVIEW}:
        raise ImpossibleError("该件已经受理。")
    return [(Kind.PRE_REVIEW, {})] if action is Action.PRE_REVIEW else before


def _from_standing(case: Case, action: Action, note: str) -> list[Draft]:
    """The events of an action that one standing of the case alone allows."""
    states, kind, refusal = _STANDING[action]
    if case.state not in states or (action in _OF_LICENCE and Kind.APPROVED not in case.kinds):
        raise ImpossibleError(refusal)
    return [(kind, _RESULT) if action is Action.READY else _reasoned(kind, note)]


def is_settled(case: Case, event: Event) -> bool:
    """Whether nothing is left to push of an event."""
    twice = event.kind is Kind.RECEIVED and Word.SCRAMBLE in case.words
    return event.given_up or event.deliveries >= (2 if twice else 1)


def next_push(case: Case) -> Event | None:
    """The event to push now: the oldest unsettled one.

    Under 乱序 an acceptance waits until a decision was pushed, so that it arrives too late.
    """
    waits = Word.SCRAMBLE in case.words and not case.withdrawn
    decided = any(event.kind in _DECIDED and is_settled(case, event) for event in case.events)
    for event in case.events:
        if is_settled(case, event) or (waits and not decided and event.kind is Kind.ACCEPTED):
            continue
        return event
    return None
