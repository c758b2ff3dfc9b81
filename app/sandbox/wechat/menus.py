"""The official account's menus at WeChat's stand-in: the one for all, and those for people with a tag."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request

from app.sandbox.answers import read
from app.sandbox.journal import Change
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import WeChatApp
from app.sandbox.wechat.desk import OK, Answer, Desk
from app.sandbox.wechat.menu_rules import check_buttons

_FIRST_ID = 200_000_001
_MOST_CONDITIONAL = 20


class Menus:
    """The menus in force. ``record`` journals changes, which come back through ``apply``."""

    KINDS = frozenset({"menu_created", "menus_deleted", "conditional_menu_created", "conditional_menu_deleted"})

    def __init__(self, record: Callable[[Change], None]) -> None:
        self._record = record
        self._menu: dict[str, Any] | None = None
        self._conditional: dict[int, dict[str, Any]] = {}
        self._next_id = _FIRST_ID

    def apply(self, change: Change) -> None:
        """Take one journaled change."""
        match change["kind"]:
            case "menu_created":
                self._menu = self._numbered({"button": change["buttons"]})
            case "conditional_menu_created":
                menu = self._numbered({"button": change["buttons"], "matchrule": change["rule"]})
                self._conditional[menu["menuid"]] = menu
            case "conditional_menu_deleted":
                del self._conditional[change["menuid"]]
            case "menus_deleted":
                self._menu = None
                self._conditional.clear()

    def _numbered(self, menu: dict[str, Any]) -> dict[str, Any]:
        self._next_id += 1
        return {**menu, "menuid": self._next_id - 1}

    def create(self, buttons: list[dict[str, Any]]) -> None:
        """Show this menu to all."""
        self._record({"kind": "menu_created", "buttons": buttons})

    def create_conditional(self, buttons: list[dict[str, Any]], rule: dict[str, Any]) -> int:
        """Show this menu to whom the rule fits; raises PlatformError 65303, 65304 or 65305."""
        if self._menu is None:
            raise PlatformError(65303, "there is no selfmenu, please create selfmenu first")
        if not any(rule.values()):
            raise PlatformError(65304, "match rule empty")
        if len(self._conditional) >= _MOST_CONDITIONAL:
            raise PlatformError(65305, "product count limit")
        menuid = self._next_id
        self._record({"kind": "conditional_menu_created", "buttons": buttons, "rule": rule})
        return menuid

    def delete_conditional(self, menuid: int) -> None:
        """Delete one menu for some; raises PlatformError 65301."""
        if menuid not in self._conditional:
            raise PlatformError(65301, "not exist this menuid")
        self._record({"kind": "conditional_menu_deleted", "menuid": menuid})

    def delete(self) -> None:
        """Delete every menu."""
        self._record({"kind": "menus_deleted"})

    def listing(self) -> dict[str, Any]:
        """All menus as WeChat lists them; raises PlatformError 46003 where there is none."""
        if self._menu is None:
            raise PlatformError(46003, "menu no exist")
        conditional = list(self._conditional.values())
        return {"menu": self._menu, **({"conditionalmenu": conditional} if conditional else {})}


class _MenuBody(BaseModel):
    button: list[Any]


class _ConditionalBody(BaseModel):
    button: list[Any]
    matchrule: dict[str, Any]


class _MenuIdBody(BaseModel):
    menuid: int | str


def blueprint(desk: Desk, menus: Menus) -> Blueprint:
    """WeChat's own routes."""
    routes = Blueprint("wechat_menus")
    mini_appid = desk.apps.mini.appid

    def create(request: Request, _app: WeChatApp) -> Answer:
        buttons = read(_MenuBody, request).button
        check_buttons(buttons, mini_appid)
        menus.create(buttons)
        return OK

    def create_conditional(request: Request, _app: WeChatApp) -> Answer:
        body = read(_ConditionalBody, request)
        check_buttons(body.button, mini_appid)
        return {"menuid": str(menus.create_conditional(body.button, body.matchrule))}

    def delete_conditional(request: Request, _app: WeChatApp) -> Answer:
        menuid = str(read(_MenuIdBody, request).menuid)
        menus.delete_conditional(int(menuid) if menuid.isdecimal() else 0)
        return OK

    def delete(_request: Request, _app: WeChatApp) -> Answer:
        menus.delete()
        return OK

    def listing(_request: Request, _app: WeChatApp) -> Answer:
        return menus.listing()

    for method, path, work in (
        ("POST", "/cgi-bin/menu/create", create),
        ("GET", "/cgi-bin/menu/get", listing),
        ("GET", "/cgi-bin/menu/delete", delete),
        ("POST", "/cgi-bin/menu/addconditional", create_conditional),
        ("POST", "/cgi-bin/menu/delconditional", delete_conditional),
    ):
        desk.serve(routes, method, path, work, kinds=("official",))
    return routes
