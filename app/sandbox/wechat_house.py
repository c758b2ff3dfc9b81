"""All of WeChat's stand-in, put together."""

from typing import Any

from sanic import Sanic

from app.sandbox import (
    wechat,
    wechat_content,
    wechat_control,
    wechat_face,
    wechat_links,
    wechat_menus,
    wechat_oauth,
    wechat_push_control,
    wechat_sends,
    wechat_users,
    wechat_work,
)
from app.sandbox.faults import Faults
from app.sandbox.wechat_apps import Apps
from app.sandbox.wechat_desk import Desk
from app.sandbox.wechat_events import Events
from app.sandbox.wechat_push import Pusher
from app.sandbox.wechat_push_control import People
from app.sandbox.wechat_state import WeChatState
from config.settings import Settings


def add_to(
    app: Sanic[Any, Any], settings: Settings, callback_base_url: str, state: WeChatState, faults: Faults
) -> None:
    """Add WeChat and WeCom to the stand-ins' application; pushes go to ``callback_base_url``."""
    desk = Desk(Apps(settings.wechat), state.tokens, faults)
    events = Events()
    app.blueprint(wechat.blueprint(desk, state.tokens))
    app.blueprint(wechat_sends.blueprint(desk, state, events))
    app.blueprint(wechat_oauth.blueprint(settings, desk))
    app.blueprint(wechat_face.blueprint(desk, state.faces))
    app.blueprint(wechat_face.control(state.faces))
    app.blueprint(wechat_content.blueprint(desk, events))
    app.blueprint(wechat_users.blueprint(desk, state))
    app.blueprint(wechat_menus.blueprint(desk, state.menus))
    app.blueprint(wechat_links.blueprint(desk, state.codes))
    app.blueprint(wechat_control.blueprint(desk, state))
    app.blueprint(wechat_control.messages_blueprint(state))
    pusher = Pusher(callback_base_url)
    app.blueprint(wechat_push_control.blueprint(People(desk.apps, state, events, pusher), events))
    if settings.work is not None:
        app.blueprint(wechat_work.blueprint(settings.work, state.tokens, faults))

    async def start(_app: Sanic[Any, Any]) -> None:
        events.start(pusher)

    async def stop(_app: Sanic[Any, Any]) -> None:
        await events.stop()
        await pusher.close()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "after_server_stop")
