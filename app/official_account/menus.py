"""The city's menus at WeChat: how they differ from the city's data, and putting the data there."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.official_account.counter import Counter
from app.official_account.definitions import Bar, Button, definitions
from app.official_account.staff import Tags, tag_id
from wechat.official import Menu

Buttons = list[dict[str, Any]]
EVERYBODY = "everybody"


class MenuKeeper(Tags, Protocol):
    """WeChat's menus; raises the errors of ``wechat.errors``."""

    async def menu(self) -> Menu | None:
        """All menus that were made through the API, None where none was."""

    async def create_menu(self, buttons: Sequence[Mapping[str, Any]]) -> None:
        """Put this in place of everybody's."""

    async def add_conditional_menu(self, buttons: Sequence[Mapping[str, Any]], rule: Mapping[str, str]) -> str:
        """Add one for some."""

    async def delete_conditional_menu(self, menu_id: str) -> None:
        """Take one for some away."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """WeChat's menus beside ours: the lines of the difference, none where they are alike."""

    lines: list[str]
    everybody_differs: bool
    surplus: list[str]
    staff_missing: bool


def buttons_of(bars: Sequence[Bar], counter: Counter) -> Buttons:
    """Ours as WeChat writes a menu."""
    return [{"name": bar.name, "sub_button": [_button(one, counter) for one in bar.buttons]} for bar in bars]


def _button(button: Button, counter: Counter) -> dict[str, Any]:
    if button.answer is not None:
        return {"type": "click", "name": button.name, "key": button.answer.value}
    if button.path is not None:
        return {"type": "view", "name": button.name, "url": f"{counter.public_url}{button.path}"}
    return {
        "type": "miniprogram",
        "name": button.name,
        # What clients open that know no mini-programs.
        "url": f"{counter.public_url}/h5/sign-in",
        "appid": counter.mini_program,
        "pagepath": button.page,
    }


async def compare(wechat: MenuKeeper, counter: Counter) -> Comparison:
    """How WeChat's menus differ from ours; changes nothing."""
    data, there = definitions(), await wechat.menu()
    tag = {one.name: str(one.id) for one in await wechat.tags()}.get(data.staff_menu.tag)
    ours, staff = buttons_of(data.menu, counter), buttons_of(data.staff_menu.buttons, counter)
    staff_name = f"those tagged {data.staff_menu.tag}"
    names = {tag: staff_name} if tag else {}
    kept, surplus = False, []
    found = list(_lines(EVERYBODY, there.buttons if there else []))
    for one in there.conditional if there else []:
        rule = {key: str(value) for key, value in one.rule.items() if value not in (None, "")}
        wanted = not kept and tag is not None and rule == {"tag_id": tag} and _plain(one.buttons) == _plain(staff)
        kept = kept or wanted
        surplus += [] if wanted else [one.menu_id]
        found += _lines(names.get(rule.get("tag_id", ""), f"menu {one.menu_id}"), one.buttons)
    wanted_lines = [*_lines(EVERYBODY, ours), *_lines(staff_name, staff)]
    told = difflib.unified_diff(found, wanted_lines, "WeChat", "city", lineterm="", n=0)
    lines = [line for line in told if not line.startswith("@@")]
    differs = there is None or _plain(there.buttons) != _plain(ours)
    return Comparison(lines, differs, surplus, staff_missing=not kept)


async def push(wechat: MenuKeeper, counter: Counter) -> Comparison:
    """Put our menus there; returns what differed before. What is there already is left as it is.

    A menu for staff is added before another of them is taken away, so that they are never without.
    """
    before, data = await compare(wechat, counter), definitions()
    now = before
    if before.everybody_differs:
        await wechat.create_menu(buttons_of(data.menu, counter))
        # It is not told whether menus for some outlive this.
        now = await compare(wechat, counter)
    if now.staff_missing:
        rule = {"tag_id": str(await tag_id(wechat))}
        await wechat.add_conditional_menu(buttons_of(data.staff_menu.buttons, counter), rule)
    for menu_id in now.surplus:
        await wechat.delete_conditional_menu(menu_id)
    return before


_OURS = ("type", "name", "key", "url", "appid", "pagepath")


def _plain(buttons: Sequence[Mapping[str, Any]]) -> Buttons:
    """Buttons by what we set alone: WeChat adds empty lists and what it fills in itself."""
    return [
        {name: button[name] for name in _OURS if button.get(name)}
        | ({"sub_button": _plain(button["sub_button"])} if button.get("sub_button") else {})
        for button in buttons
    ]


def _lines(whose: str, buttons: Sequence[Mapping[str, Any]], above: str = "") -> Iterator[str]:
    for button in _plain(buttons):
        title = f"{above}{button['name']}" if "name" in button else above
        below = button.get("sub_button")
        if below:
            yield from _lines(whose, below, f"{title} › ")
        else:
            does = " ".join(str(button[name]) for name in ("type", "key", "appid", "pagepath", "url") if name in button)
            yield f"{whose}: {title} → {does}"
