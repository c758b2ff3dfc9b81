"""All of WeChat's stand-in, put together."""

from typing import Any

from sanic import Sanic

from app.sandbox.faults import Faults
from app.sandbox.wechat import (
    content,
    control,
    entry,
    face,
    links,
    menus,
    oauth,
    people,
    sends,
    users,
    work,
)
from app.sandbox.wechat.apps import Apps
from app.sandbox.wechat.desk import Desk
from app.sandbox.wechat.events import Events
from app.sandbox.wechat.push import Pusher
from app.sandbox.wechat.state import WeChatState
from config.settings import Settings


def add_to(
    app: Sanic[Any, Any], settings: Settings, callback_base_url: str, state: WeChatState, faults: Faults
) -> None:
    """Add WeChat and WeCom to the stand-ins' application; pushes go to ``callback_base_url``."""
    desk = Desk(Apps(settings.wechat), state.tokens, faults)
    events = Events()
    app.blueprint(entry.blueprint(desk, state.tokens))
    app.blueprint(sends.blueprint(desk, state, events))
    app.blueprint(oauth.blueprint(settings, desk))
    app.blueprint(face.blueprint(desk, state.faces))
    app.blueprint(face.control(state.faces))
    app.blueprint(content.blueprint(desk, events))
    app.blueprint(users.blueprint(desk, state))
    app.blueprint(menus.blueprint(desk, state.menus))
    app.blueprint(links.blueprint(desk, state.codes))
    app.blueprint(control.blueprint(desk, state))
    app.blueprint(control.messages_blueprint(state))
    pusher = Pusher(callback_base_url)
    app.blueprint(people.blueprint(people.People(desk.apps, state, events, pusher), events))
    if settings.work is not None:
        app.blueprint(work.blueprint(settings.work, state.tokens, faults))

    async def start(_app: Sanic[Any, Any]) -> None:
        events.start(pusher)

    async def stop(_app: Sanic[Any, Any]) -> None:
        await events.stop()
        await pusher.close()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "after_server_stop")
