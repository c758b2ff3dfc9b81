"""What is decided about broadcasts: what may be said, when it may be sent, and what an answer of WeChat's means."""

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from app.broadcasts.definitions import BroadcastKind, Night
from app.broadcasts.errors import BroadcastFieldsUnfitError, BroadcastLinkUnfitError, OwnBroadcastError
from app.broadcasts.models import Broadcast, BroadcastState, RecipientState
from app.identity.staff_accounts import Scope
from app.kit.clock import CITY_TIME
from wechat.codes import Advice
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatLimitedError, WeChatRefusedError
from wechat.templates import fit

_PAGE = re.compile(r"pages/[A-Za-z0-9_/-]{1,100}(\?[A-Za-z0-9_.=&%-]{1,100})?")
_HOST = re.compile(r"[a-z0-9.-]+")
_SHORTEST, _LONGEST, _JITTER = timedelta(seconds=1), timedelta(minutes=10), 0.25
_MINUTE = timedelta(minutes=1)
_DAY_QUOTA_USED = 45009
# What WeChat says of one recipient: a bad openid, somebody who does not follow (any more), or who refused the account.
_OF_RECIPIENT = {40003, 43004, 43019, 43101}
MAX_ATTEMPTS = 5


def covers(scope: Scope, region: str | None, department: str) -> bool:
    """Whether a broadcast lies within a scope; one that is not narrowed down to a region takes the whole city."""
    return (region is not None or scope.region is None) and scope.covers(region, department)


def require_second_person(author_id: UUID, reviewer_id: UUID | None) -> UUID:
    """The reviewer, who is known and another than the author. Raises OwnBroadcastError."""
    if reviewer_id is None or reviewer_id == author_id:
        raise OwnBroadcastError
    return reviewer_id


def fitted(kind: BroadcastKind, values: Mapping[str, str]) -> dict[str, str]:
    """The values of a kind's fields as its template shows them, texts shortened where they are too long.

    Raises BroadcastFieldsUnfitError, which names all keys that are wrong.
    """
    wrong = {"unknown": sorted(values.keys() - kind.fields), "missing": [k for k in kind.fields if k not in values]}
    shown, unfit = {}, []
    for key in kind.fields.keys() & values.keys():
        try:
            shown[key] = fit(key, values[key])
        except ValueError:
            unfit.append(key)
    wrong["unfit"] = sorted(unfit)
    if any(wrong.values()):
        raise BroadcastFieldsUnfitError(**{name: keys for name, keys in wrong.items() if keys})
    return {key: shown[key] for key in kind.fields}


def require_link(link: str, hosts: Collection[str]) -> None:
    """Raise BroadcastLinkUnfitError unless a link is a page of the mini-program or https at one of the hosts."""
    if _PAGE.fullmatch(link):
        return
    try:
        parts = urlsplit(link)
        host, plain = parts.hostname or "", parts.scheme == "https" and parts.port is None and "@" not in parts.netloc
    except ValueError as error:
        raise BroadcastLinkUnfitError from error
    ours = any(host == one or host.endswith(f".{one}") for one in hosts)
    if not (plain and ours and _HOST.fullmatch(host) and link.isascii() and link.isprintable() and " " not in link):
        raise BroadcastLinkUnfitError


def is_page(link: str) -> bool:
    """Whether a link that was let through opens the mini-program."""
    return not link.startswith("https:")


def rests_until(now: datetime, night: Night, *, urgent: bool) -> datetime | None:
    """The morning before which nothing may be sent; None while it may."""
    local = now.astimezone(CITY_TIME)
    if urgent or not _is_night(local, night):
        return None
    morning = local.replace(hour=night.ends.hour, minute=night.ends.minute, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)


def _is_night(local: datetime, night: Night) -> bool:
    at = local.time()
    if night.begins <= night.ends:
        return night.begins <= at < night.ends
    return at >= night.begins or at < night.ends


def sends_from(broadcast: Broadcast, now: datetime, night: Night) -> datetime | None:
    """When a broadcast that is being sent goes on, where it waits: for a quota, for WeChat, or for the morning."""
    if broadcast.state is not BroadcastState.SENDING:
        return None
    waits = broadcast.waits_until if broadcast.waits_until and broadcast.waits_until > now else None
    return rests_until(waits or now, night, urgent=broadcast.urgent) or waits


def next_day(now: datetime) -> datetime:
    """The beginning of the city's next day, when WeChat counts anew."""
    local = now.astimezone(CITY_TIME)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def back_off(failures: int) -> timedelta:
    """How long a broadcast rests after so many failures in a row: twice as long each time, spread by a quarter."""
    rest = min(_SHORTEST * 2 ** min(failures, 16), _LONGEST)
    spread: timedelta = rest * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # spreads load, guards nothing
    return spread


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an outcome means: for the recipient, and for the whole broadcast.

    ``hold`` is how long nothing may be sent, ``pause`` the reason for which a person must decide, ``failing`` that
    WeChat itself is in trouble.
    """

    state: RecipientState
    reason: str | None = None
    hold: timedelta | None = None
    pause: str | None = None
    failing: bool = False


DELIVERED = Verdict(RecipientState.DELIVERED)


def judge(error: WeChatError, api: str, now: datetime) -> Verdict:
    """What an error of a send through ``api`` means.

    Whoever certainly got nothing waits; a send without an answer is uncertain and not repeated.
    """
    if isinstance(error, WeChatAmbiguousError) and error.api == api:
        return Verdict(RecipientState.UNCERTAIN, "no_answer", failing=True)
    if isinstance(error, WeChatLimitedError):
        return Verdict(RecipientState.WAITING, hold=timedelta(seconds=error.retry_after))
    if isinstance(error, WeChatRefusedError):
        return _refused(error, now)
    return Verdict(RecipientState.WAITING, "unreachable", failing=True)


def _refused(error: WeChatRefusedError, now: datetime) -> Verdict:
    reason = f"wechat_{error.code}"
    if error.code in _OF_RECIPIENT:
        return Verdict(RecipientState.FAILED, reason)
    if error.code == _DAY_QUOTA_USED:
        return Verdict(RecipientState.WAITING, reason, hold=next_day(now) - now)
    if error.advice is Advice.QUOTA:
        return Verdict(RecipientState.WAITING, reason, hold=_MINUTE)
    if error.advice in {Advice.RETRY, Advice.REFRESH_TOKEN}:
        return Verdict(RecipientState.WAITING, reason, failing=True)
    # The template, the fields, the account: what the next million would be refused for too.
    return Verdict(RecipientState.WAITING, reason, pause=reason)


def reported(outcome: str) -> tuple[RecipientState, str | None]:
    """What WeChat's later word on a message means: ``success``, or the text of a failure such as ``failed:user block``.

    The text becomes a reason of ASCII letters.
    """
    if outcome == "success":
        return RecipientState.DELIVERED, None
    words = re.sub(r"[^a-z0-9]+", "_", outcome.lower().removeprefix("failed")).strip("_")[:40]
    return RecipientState.FAILED, f"event_{words or 'failed'}"
