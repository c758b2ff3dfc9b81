"""The official account's menu, and menus for some of its followers.

A menu is WeChat's own JSON (``button`` with at most three, ``sub_button`` with at most five; a click's ``key`` of at
most 128 bytes), since whoever keeps one as data compares it with what WeChat holds.
Source: WeChat's documentation of the custom menu and of personalized menus.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wechat.errors import WeChatRefusedError
from wechat.official.subject import Subject
from wechat.reading import objects, part, whole

_CREATE = "/cgi-bin/menu/create"
_GET = "/cgi-bin/menu/get"
_DELETE = "/cgi-bin/menu/delete"
_ADD = "/cgi-bin/menu/addconditional"
_REMOVE = "/cgi-bin/menu/delconditional"
_NO_MENU = 46003

Button = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ConditionalMenu:
    """A menu for the followers that ``rule`` names, such as ``{"tag_id": "2"}``."""

    menu_id: str
    buttons: list[dict[str, Any]]
    rule: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Menu:
    """What WeChat holds: everybody's buttons, and the menus for some."""

    buttons: list[dict[str, Any]]
    conditional: list[ConditionalMenu]


class Menus(Subject):
    """The menu of one official account."""

    async def menu(self) -> Menu | None:
        """The menu that was made through the API, or None."""
        try:
            answer = await self._account.get(_GET)
        except WeChatRefusedError as refused:
            if refused.code == _NO_MENU:
                return None
            raise
        more = objects(answer, "conditionalmenu", api=_GET) if answer.get("conditionalmenu") else []
        return Menu(objects(part(answer, "menu", api=_GET), "button", api=_GET), [_conditional(one) for one in more])

    async def create_menu(self, buttons: Sequence[Button]) -> None:
        """Put this menu in place of everybody's. Followers see it within a day, or when they come anew."""
        await self._account.post(_CREATE, {"button": list(buttons)})

    async def delete_menu(self) -> None:
        """Take away the menu, and all menus for some."""
        await self._account.get(_DELETE)

    async def add_conditional_menu(self, buttons: Sequence[Button], rule: Mapping[str, str]) -> str:
        """Add a menu for the followers that ``rule`` names; its id. The last one added that fits is shown."""
        answer = await self._account.post(_ADD, {"button": list(buttons), "matchrule": dict(rule)})
        return str(whole(answer, "menuid", api=_ADD))

    async def delete_conditional_menu(self, menu_id: str) -> None:
        """Take away one menu for some."""
        await self._account.post(_REMOVE, {"menuid": menu_id})


def _conditional(one: Mapping[str, Any]) -> ConditionalMenu:
    return ConditionalMenu(
        str(whole(one, "menuid", api=_GET)), objects(one, "button", api=_GET), part(one, "matchrule", api=_GET)
    )
