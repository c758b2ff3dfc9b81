"""Members of staff make themselves known at the official account, where they then see their menu."""

from app.identity.rules import Duty
from app.kit import clock
from app.official_account import staff
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class BindingCodeView(Schema):
    """What to send to the official account after 绑定工作人员, from one's own WeChat, before ``expires_at``."""

    code: str
    expires_at: str


class UnboundView(Schema):
    """Whether one was bound."""

    unbound: bool


@routes.add("POST", "/staff/v1/official-account/code", actor=Actor.STAFF, duty=Duty.ANY, limit="write", status=201)
async def give_binding_code(call: Call) -> BindingCodeView:
    """A code by which the official account knows me; the one before it is good no more."""
    given = await staff.give_code(call.staff, call.house.settings.wechat.official_account_appid)
    return BindingCodeView(code=given.code, expires_at=clock.in_city(given.expires_at))


@routes.add("DELETE", "/staff/v1/official-account", actor=Actor.STAFF, duty=Duty.ANY, limit="write")
async def leave_official_account(call: Call) -> UnboundView:
    """Be no member of staff to the official account any more."""
    return UnboundView(unbound=await staff.unbind(call.staff))
