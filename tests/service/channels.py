"""Channels as ports that count what comes and answer as they are told, and a courier that carries through them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from app.bootstrap import House
from app.followers.models import Follower
from app.identity.models import Citizen, WeChatAccount
from app.kit import clock
from app.kit.db import transaction
from app.notifications.carrying import Carrier
from app.notifications.courier import Courier
from app.notifications.models import Message, Send, SendState
from app.notifications.service import notify
from app.worker import appids_of
from wechat.limits import Limits


@dataclass
class Channel:
    """One way to people. ``failure`` is raised while it is set; ``calls`` are the addresses that were sent to,
    ``taken`` says of each whether its call was counted before.
    """

    failure: Exception | None = None
    calls: list[str] = field(default_factory=list)
    on_call: Callable[[], Awaitable[None]] | None = None
    limits: Limits | None = None
    taken: list[bool] = field(default_factory=list)

    async def _take(self, address: str) -> str:
        self.calls.append(address)
        if self.on_call:
            await self.on_call()
        if self.failure:
            raise self.failure
        return f"id-{uuid4().hex}"

    async def send_subscribe_message(self, openid: str, template_id: str, *rest: object, **options: object) -> str:
        """Take one message of the mini-program's."""
        del template_id, rest
        self.taken.append(bool(options["taken"]))
        return await self._take(openid)

    async def send_template(self, openid: str, template_id: str, *rest: object, **options: object) -> str:
        """Take one message of the official account's."""
        del template_id, rest, options
        return await self._take(openid)

    async def send(self, phone: str, template_id: str, values: list[str]) -> str:
        """Take one short message."""
        del template_id, values
        return await self._take(phone)


@dataclass
class Ways:
    """The three channels of a courier."""

    house: House
    mini: Channel = field(default_factory=Channel)
    official: Channel = field(default_factory=Channel)
    sms: Channel | None = field(default_factory=Channel)
    seconds: float = 20.0

    @property
    def courier(self) -> Courier:
        """A courier that carries through them."""
        return Courier(Carrier(self.mini, self.official, self.sms, appids_of(self.house)), self.seconds)

    async def carry(self) -> None:
        """Carry until nothing is due."""
        while await self.courier.carry_slice():
            pass


async def tell(citizen: Citizen, kind: str, occasion: str | None = None) -> Message:
    """Tell a citizen something about a case, as a room does."""
    occasion = occasion or uuid4().hex
    async with transaction():
        await notify(citizen.id, kind, occasion, item="食品经营许可", case_no="1" * 43, licence="营业执照")
    return await Message.get(key=f"{kind}:{occasion}:{citizen.id}")


async def stands(message: Message) -> tuple[str, str | None, str | None]:
    """A message's state, the channel that brought it, and why none did."""
    await message.refresh_from_db()
    return message.state.value, message.channel.value if message.channel else None, message.reason


async def ways_tried(message_id: UUID) -> list[tuple[str, str, str | None]]:
    """The sends of a message in order: channel, state, reason."""
    rows = await Send.filter(message_id=message_id).order_by("id")
    return [(row.channel.value, row.state.value, row.reason) for row in rows]


async def lapse() -> None:
    """Let every claim be over, as if its worker had been silent for so long."""
    await Send.filter(state=SendState.SENDING).update(claimed_until=clock.now() - timedelta(seconds=1))


async def follow(house: House, citizen: Citizen) -> str:
    """Bind an account that follows the official account to a citizen; returns its openid."""
    openid, appid = f"o-{uuid4().hex}", appids_of(house)[1]
    await WeChatAccount.create(citizen=citizen, appid=appid, openid=openid, created_at=clock.now())
    await Follower.create(appid=appid, openid=openid, subscribed=True, changed_at=clock.now())
    return openid


async def give_phone(citizen: Citizen) -> str:
    """Bind a phone number to a citizen."""
    citizen.phone = f"139{uuid4().int % 10**8:08d}"
    await citizen.save(update_fields=["phone"])
    return citizen.phone
