"""WeChat waits five seconds for what is said to a push, and comes three times in all: what we do within them.

A push is kept first. Where the database is away or slow, what would be lost with it (who follows, what was decided or
delivered) is refused as unavailable, so that WeChat comes again; whoever asks a question is told in words to ask again
in a moment, since after three refusals WeChat tells them that the account is out of order, and nothing else is lost.
An answer that is not ready in time follows as a message of its own, from the worker.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from app.kit.db import AWAY
from app.kit.errors import TemporarilyUnavailableError
from app.official_account.answers import Reply, answer
from app.official_account.counter import Counter, say
from app.official_account.definitions import definitions
from app.official_account.inbox import Kept, keep_push, owe_answer
from app.official_account.rules import Asked, asked_by
from wechat.message import Message

# Together with a second for a Redis that hangs they end before WeChat's five.
KEEP_SECONDS = 1.2
ANSWER_SECONDS = 2.3
OWE_SECONDS = 0.4

MOST_AT_ONCE = 500
"""Pieces of work under way; while the database hangs, more would only pile up."""

_LASTING = frozenset({"subscribe", "scan"})
_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_working: set[asyncio.Task[Any]] = set()


async def receive(message: Message, counter: Counter) -> Reply | None:
    """Keep a push to the official account; what is said to it at once, None for nothing.

    Raises TemporarilyUnavailableError where WeChat is to come again.
    """
    asked = asked_by(message, definitions())
    try:
        kept = await within(KEEP_SECONDS, keep_push(message, counter.appid))
    except AWAY as error:
        _log.warning("push_not_kept", extra={"kind": message.event or message.kind, "error": type(error).__name__})
        if asked is None or message.event in _LASTING:
            raise TemporarilyUnavailableError from error
        return Reply(say("busy"))
    if asked is None or kept.late is not None:
        return None
    return await _answered(message, asked, kept, counter)


async def receive_silently(message: Message, appid: str) -> None:
    """Keep a push to which nothing is said. Raises TemporarilyUnavailableError where WeChat is to come again."""
    try:
        await within(KEEP_SECONDS, keep_push(message, appid))
    except AWAY as error:
        _log.warning("push_not_kept", extra={"kind": message.event or message.kind, "error": type(error).__name__})
        raise TemporarilyUnavailableError from error


async def _answered(message: Message, asked: Asked, kept: Kept, counter: Counter) -> Reply | None:
    try:
        return await within(ANSWER_SECONDS, answer(asked, message.sender, counter))
    except TimeoutError:
        _log.warning("answer_late", extra={"answer": asked.answer})
    except Exception:  # a fault of ours is no reason to tell a citizen that the account is out of order
        _log.exception("answer_failed", extra={"answer": asked.answer})
        return Reply(say("busy"))
    try:
        await within(OWE_SECONDS, owe_answer(kept.id, message))
    except AWAY:
        return Reply(say("busy"))
    return None


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """What some work gives. Raises TimeoutError where it takes longer, and then goes on by itself; or where too much is
    under way, and then is not begun.

    It is not cancelled: what waits for a database that hangs may hang in its cancellation too, and what was begun to be
    kept may still be kept.
    """
    if len(_working) >= MOST_AT_ONCE:
        work.close()
        raise TimeoutError
    task = asyncio.create_task(work)
    _working.add(task)
    task.add_done_callback(_ended)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        raise TimeoutError
    return task.result()


def _ended(task: asyncio.Task[Any]) -> None:
    _working.discard(task)
    if not task.cancelled():
        task.exception()  # it was seen, by whoever waited or by nobody
