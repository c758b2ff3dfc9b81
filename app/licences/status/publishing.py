"""The worker makes the status lists that all web processes serve: each a CWT of draft-ietf-oauth-status-list-20."""

import asyncio
import hashlib
from datetime import timedelta

from app.kit import clock, db
from app.licences.keys.algorithms import Purpose
from app.licences.keys.cose import sign_cwt
from app.licences.keys.ring import SigningKeys
from app.licences.status.models import StatusList, StatusMark
from app.licences.status.packing import BITS, Status, packed

_EXPIRES_AFTER = timedelta(hours=12)
_TYPE_HEADER, _TYPE = 16, "application/statuslist+cwt"
_SUBJECT, _EXPIRES, _ISSUED, _LIST, _TTL = 2, 4, 6, 65533, 65534
PATH = "/.well-known/licence-status"

_WORTH = f"""
SELECT status, array_agg(status_index) AS places FROM (
    SELECT status_index, CASE state
        WHEN 'suspended' THEN {Status.SUSPENDED:d} WHEN 'expired' THEN {Status.EXPIRED:d} ELSE {Status.INVALID:d}
    END AS status FROM licences WHERE status_list = $1 AND state <> 'valid'
    UNION ALL
    SELECT status_index, {Status.EXPIRED:d} FROM licences
    WHERE status_list = $1 AND state = 'valid' AND valid_until < $2
    UNION ALL
    SELECT status_index, {Status.INVALID:d} FROM licence_ended_places WHERE status_list = $1
    UNION ALL
    SELECT paper_codes.status_index, CASE
        WHEN ended_at IS NOT NULL OR state NOT IN ('valid', 'suspended', 'expired') THEN {Status.INVALID:d}
        WHEN state = 'suspended' THEN {Status.SUSPENDED:d} ELSE {Status.EXPIRED:d}
    END FROM paper_codes JOIN licences ON licences.id = licence_id
    WHERE paper_codes.status_list = $1 AND (ended_at IS NOT NULL OR state <> 'valid' OR valid_until < $2)
) AS worth GROUP BY status
"""  # noqa: S608  # numbers of our own
# What was made later stays, from however many workers it came.
_PUBLISH = """
UPDATE licence_status_lists SET token = $2, digest = $3, made_at = $4
WHERE number = $1 AND (made_at IS NULL OR made_at < $4)
"""


async def publish(keys: SigningKeys, public_url: str, number: int, every: timedelta) -> None:
    """Make one list anew. Raises TemporarilyUnavailableError or TryLaterError where no key signs."""
    moment = clock.now()
    worth = {row["status"]: row["places"] for row in await db.rows(_WORTH, number, clock.today())}
    compressed = await asyncio.to_thread(packed, worth)
    claims = {
        _SUBJECT: f"{public_url}{PATH}/{number}",
        _ISSUED: int(moment.timestamp()),
        _EXPIRES: int((moment + _EXPIRES_AFTER).timestamp()),
        _TTL: int(every.total_seconds()),
        _LIST: {"bits": BITS, "lst": compressed, "aggregation_uri": f"{public_url}{PATH}"},
    }
    token = await sign_cwt(keys, Purpose.STATUS, claims, {_TYPE_HEADER: _TYPE})
    await db.execute(_PUBLISH, number, token, hashlib.sha256(token).hexdigest(), moment)


async def publish_marked(keys: SigningKeys, public_url: str, every: timedelta) -> None:
    """Make the lists anew in which something has changed: all changes until now at once."""
    marks = await StatusMark.all()
    for number in sorted({mark.status_list for mark in marks}):
        await publish(keys, public_url, number, every)
    # Those that came meanwhile stay for their own jobs.
    await StatusMark.filter(id__in=[mark.id for mark in marks]).delete()


async def publish_all(keys: SigningKeys, public_url: str, every: timedelta) -> None:
    """Make every list anew, so that those who verify can tell how old their knowledge is."""
    for one in await StatusList.all().order_by("number").only("id", "number"):
        await publish(keys, public_url, one.number, every)
