"""Followers, broadcasts and a WeChat that does as it is told, for the tests of broadcasts."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from app.broadcasts import service
from app.broadcasts.models import (
    Broadcast,
    BroadcastDay,
    BroadcastRecipient,
    BroadcastSlice,
    BroadcastState,
    RecipientState,
)
from app.broadcasts.queries import ledger
from app.broadcasts.sender import Sender
from app.broadcasts.service import Notice
from app.followers.models import Follower
from app.identity.staff_accounts import Scope
from app.kit import clock, db
from wechat.errors import WeChatError, WeChatLimitedError, WeChatRefusedError
from wechat.official import TEMPLATE_SEND, MiniProgramPage

WORKS = {
    "thing1": "停水",
    "thing2": "向阳区西林街道",
    "time3": "2026年3月3日 08:00",
    "time4": "2026年3月3日 17:00",
    "phone_number5": "0454-12345",
}
_FOLLOW = """
INSERT INTO followers (id, appid, openid, subscribed, region, tag_ids, changed_at)
SELECT uuidv7(), $1, $2 || number, true, $3, $4::int[], $5 FROM generate_series(1, $6) AS number
"""


@dataclass
class Account:
    """An official account with followers of its own, so that tests stay apart. Its limits are what ``quota`` says."""

    appid: str = field(default_factory=lambda: f"wx{uuid4().hex[:16]}")
    sent: Counter[str] = field(default_factory=Counter)
    links: list[tuple[str | None, MiniProgramPage | None]] = field(default_factory=list)
    errors: "deque[WeChatError]" = field(default_factory=deque)
    always: WeChatError | None = None
    busy: set[str] = field(default_factory=set)
    quota: WeChatLimitedError | None = None
    fault: str = ""
    taken: int = 0
    on_send: Callable[[str], object] | None = None
    latency: float = 0.0

    @property
    def limits(self) -> "Account":
        """The account counts for itself."""
        return self

    async def take(self, api: str, many: int = 1) -> None:
        """Take from the quota."""
        assert api == TEMPLATE_SEND
        if self.quota is not None:
            raise self.quota
        if self.fault == "take":
            raise ValueError
        self.taken += many

    async def send_template(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        url: str | None = None,
        mini_program: MiniProgramPage | None = None,
        taken: bool = False,
    ) -> str:
        """Send as WeChat would; every call counts, whatever it is answered."""
        assert taken
        assert template_id.startswith("jiaban-broadcast-")
        assert data
        self.sent[openid] += 1
        self.links.append((url, mini_program))
        if self.fault == "send":
            raise ValueError
        if self.on_send is not None:
            self.on_send(openid)
        await asyncio.sleep(self.latency)
        error = self.errors.popleft() if self.errors else self.always
        if openid in self.busy:
            error = WeChatRefusedError(TEMPLATE_SEND, -1, "")
        if error is not None:
            raise error
        return f"{self.appid}-{openid}"[:32]

    async def follow(self, many: int, prefix: str = "o", region: str | None = None, tags: tuple[int, ...] = ()) -> None:
        """So many more follow; their openids are the prefix and a number."""
        await db.rows(_FOLLOW, self.appid, prefix, region, list(tags), clock.now(), many)

    def sender(self, silent_seconds: float = 20.0) -> Sender:
        """A worker's part in broadcasts."""
        return Sender(self, self.appid, "wxmini", silent_seconds)


def somebody(region: str | None = None, department: str = "*") -> Scope:
    """A member of staff whom no other is."""
    staff_id = uuid4()
    return Scope(f"staff:{staff_id}", region, department, staff_id)


async def prepared(region: str | None = None, tag: int | None = None, link: str | None = None) -> Broadcast:
    """A broadcast that waits for its second person."""
    author = somebody()
    assert author.staff_id
    return await service.prepare(author, author.staff_id, "slj", Notice("works", WORKS, link, region, tag))


async def approved(
    region: str | None = None, tag: int | None = None, link: str | None = None, *, urgent: bool = True
) -> Broadcast:
    """A broadcast that is being sent, by night as well."""
    broadcast = await prepared(region, tag, link)
    return await service.approve(somebody(), broadcast.id, urgent=urgent)


async def send_all(*senders: Sender) -> None:
    """Let workers send at once until none has anything to do."""

    async def one(sender: Sender) -> None:
        while await sender.step():
            pass

    await asyncio.gather(*(one(sender) for sender in senders))
    for sender in senders:
        await one(sender)


async def reached(appid: str, openid: str) -> Broadcast:
    """A broadcast that is over and reached one follower, who follows from here on."""
    follower, _ = await Follower.get_or_create(
        appid=appid, openid=openid, defaults={"subscribed": True, "changed_at": clock.now()}
    )
    broadcast = await approved()
    await Broadcast.filter(id=broadcast.id).update(state=BroadcastState.DONE, ended_at=clock.now())
    part = await BroadcastSlice.create(broadcast=broadcast, number=0, total=1, delivered=1, done=True)
    await BroadcastRecipient.create(
        slice_id=part.id, follower_id=follower.id, state=RecipientState.DELIVERED, msg_id="1", updated_at=clock.now()
    )
    return broadcast


async def states(broadcast_id: UUID) -> dict[str, int]:
    """How many recipients stand in each state; the counts of the slices say the same, and the ledger balances."""
    numbers = [part.id async for part in BroadcastSlice.filter(broadcast_id=broadcast_id)]
    found = Counter([str(one.state) async for one in BroadcastRecipient.filter(slice_id__in=numbers)])
    parts = await BroadcastSlice.filter(broadcast_id=broadcast_id)
    for state in ("open", "delivered", "failed", "uncertain", "skipped"):
        assert sum(getattr(part, state) for part in parts) == found[state], state
    assert sum(part.total for part in parts) == found.total()
    counts = await ledger()
    assert counts.pop("created") == sum(counts.values())
    return dict(found)


async def forget_broadcasts() -> None:
    """No broadcast is there."""
    await BroadcastRecipient.all().delete()
    await BroadcastSlice.all().delete()
    await Broadcast.all().delete()
    await BroadcastDay.all().delete()
