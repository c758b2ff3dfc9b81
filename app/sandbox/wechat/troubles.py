"""What a test lets WeChat's stand-in answer in place of the truth, and how slowly. In memory only."""

import time
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

Moment = Literal["before", "after"]


class Trouble(BaseModel):
    """One order: the wrong answer, where it happens and how often or how long; once where neither is said.

    ``api`` None is every API. ``before``: nothing was done; ``after``: it was done and its answer is lost. Only
    each ``every``-th call meets it.
    """

    api: str | None = None
    errcode: int | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    timeout: bool = False
    moment: Moment = "before"
    every: int = Field(default=1, ge=1)
    times: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _is_one_answer(self) -> Self:
        if (self.errcode is not None) + (self.status is not None) + self.timeout != 1:
            raise ValueError("one of errcode, status and timeout")
        return self


@dataclass(slots=True)
class _Set:
    order: Trouble
    left: int | None
    until: float | None
    calls: int = 0
    met: int = 0


class Troubles:
    """The orders in force, one an API, and the delays."""

    def __init__(self) -> None:
        self._set: dict[str | None, _Set] = {}
        self._delays: dict[str | None, float] = {}

    def order(self, trouble: Trouble) -> None:
        """Take an order in place of the API's earlier one."""
        once = trouble.times is None and trouble.seconds is None
        until = time.monotonic() + trouble.seconds if trouble.seconds is not None else None
        self._set[trouble.api] = _Set(trouble, 1 if once else trouble.times, until)

    def clear(self) -> None:
        """Forget all orders and delays."""
        self._set.clear()
        self._delays.clear()

    def meet(self, api: str, moment: Moment) -> Trouble | None:
        """The order that a call meets now, spent once; an API's own goes before that for all."""
        if not self._set:
            return None
        for name in (api, None):
            one = self._set.get(name)
            if one is not None and one.order.moment == moment and _is_in_force(one):
                one.calls += 1
                if one.calls % one.order.every:
                    continue
                one.met += 1
                if one.left is not None:
                    one.left -= 1
                return one.order
        return None

    def set_delay(self, api: str | None, seconds: float) -> None:
        """Answer an API, or every one that has no delay of its own, so much later."""
        self._delays[api] = seconds

    def delay(self, api: str) -> float:
        """The seconds an API's answer waits."""
        delays = self._delays
        return delays.get(api, delays.get(None, 0.0)) if delays else 0.0

    def listing(self) -> list[dict[str, Any]]:
        """The orders and how many calls met each."""
        return [
            {**one.order.model_dump(exclude_none=True), "met": one.met, "in_force": _is_in_force(one)}
            for one in self._set.values()
        ]


def _is_in_force(one: _Set) -> bool:
    return one.left != 0 and (one.until is None or time.monotonic() < one.until)
