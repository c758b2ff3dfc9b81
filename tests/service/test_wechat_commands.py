"""``jiaban wechat``: menus beside the city's, in the stand-in and in what WeChat may hold already; codes to scan."""

import subprocess
from typing import Any

import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.official_account import menus
from app.official_account.counter import Counter
from app.official_account.definitions import definitions
from tests.nursery import command
from wechat.official import Menu, Tag
from wechat.official.menus import ConditionalMenu


class Keeper:
    """WeChat's menus and tags, kept as WeChat keeps them; ``log`` is what was changed."""

    def __init__(self, menu: Menu | None = None, tags: list[Tag] | None = None) -> None:
        self.held, self.known, self.log = menu, tags or [], [""][:0]

    async def menu(self) -> Menu | None:
        """All menus."""
        return self.held

    async def create_menu(self, buttons: Any) -> None:
        """Everybody's; WeChat adds empty lists."""
        self.log.append("create")
        told = [{**bar, "sub_button": [{**one, "sub_button": []} for one in bar["sub_button"]]} for bar in buttons]
        self.held = Menu(told, self.held.conditional if self.held else [])

    async def add_conditional_menu(self, buttons: Any, rule: Any) -> str:
        """One for some."""
        assert self.held
        self.log.append("add")
        self.held.conditional.append(ConditionalMenu(f"m{len(self.log)}", list(buttons), {**rule, "language": ""}))
        return self.held.conditional[-1].menu_id

    async def delete_conditional_menu(self, menu_id: str) -> None:
        """Take it away."""
        assert self.held
        self.log.append("delete")
        self.held.conditional[:] = [one for one in self.held.conditional if one.menu_id != menu_id]

    async def tags(self) -> list[Tag]:
        """All tags."""
        return self.known

    async def create_tag(self, name: str) -> Tag:
        """Make one."""
        self.known.append(Tag(100 + len(self.known), name))
        return self.known[-1]

    async def tag_users(self, tag_id: int, openids: list[str]) -> None:
        """Nobody is tagged here."""

    async def untag_users(self, tag_id: int, openids: list[str]) -> None:
        """Nor untagged."""


COUNTER = Counter("wx-official", "wx-mini", "https://jiaban.example")


async def test_menus_are_put_there_once() -> None:
    """Everybody's and that of staff, under a tag that is made; once more changes nothing."""
    wechat = Keeper()
    first = await menus.compare(wechat, COUNTER)
    assert (first.everybody_differs, first.staff_missing, first.surplus) == (True, True, [])
    assert "+everybody: 办事 › 我的办件进度 → click progress" in first.lines
    await menus.push(wechat, COUNTER)
    assert wechat.log == ["create", "add"]
    again = await menus.push(wechat, COUNTER)
    assert (again.lines, wechat.log) == ([], ["create", "add"])
    assert wechat.held
    (staff,) = wechat.held.conditional
    assert staff.rule["tag_id"] == "100"
    assert wechat.known == [Tag(100, definitions().staff_menu.tag)]


async def test_what_differs_alone_is_put_right() -> None:
    """A button, a menu for staff of last year, a menu of nobody's."""
    wechat = Keeper()
    await menus.push(wechat, COUNTER)
    assert wechat.held
    wechat.held.buttons[0]["sub_button"][0]["name"] = "旧名"
    wechat.log.clear()
    found = await menus.push(wechat, COUNTER)
    assert found.lines[:2] == ["--- WeChat", "+++ city"]
    assert len(found.lines) == 4
    assert any(line.startswith("-everybody: 办事 › 旧名") for line in found.lines)
    assert wechat.log == ["create"]
    wechat.held.conditional[0].buttons[1]["name"] = "旧台"
    wechat.held.conditional.append(ConditionalMenu("m9", [{"name": "x", "type": "click", "key": "x"}], {"tag_id": "7"}))
    wechat.log.clear()
    found = await menus.push(wechat, COUNTER)
    assert any(line.startswith("-menu m9: x") for line in found.lines)
    assert wechat.log == ["add", "delete", "delete"]
    assert (await menus.compare(wechat, COUNTER)).lines == []


def jiaban(plan: Plan, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours on the running house."""
    return command("wechat", *arguments, JIABAN_CONFIG_FILE=str(plan.config_file))


def test_the_commands_tell_by_their_exit_codes(plan: Plan) -> None:
    """1 where they differ, 0 where they do not, whatever was pushed before."""
    differing = jiaban(plan, "menu", "diff")
    assert (differing.returncode, differing.stderr) == (1, "")
    assert "+everybody: 我的 › 人工服务 → click people" in differing.stdout
    pushed = jiaban(plan, "menu", "push")
    assert (pushed.returncode, pushed.stderr) == (0, "")
    assert "+everybody" in pushed.stdout
    alike = jiaban(plan, "menu", "diff")
    assert (alike.returncode, alike.stdout.strip()) == (0, "WeChat has the city's menus")
    assert "nothing to do" in jiaban(plan, "menu", "push").stdout


async def test_the_stand_in_takes_both_menus(house: House, plan: Plan) -> None:
    """Under its rules, which are WeChat's."""
    jiaban(plan, "menu", "push")
    held = await house.official.menu()
    assert held
    assert [bar["name"] for bar in held.buttons] == [bar.name for bar in definitions().menu]
    assert len(held.conditional) == 1


@pytest.mark.parametrize("group", [["menu", "diff"], ["menu", "push"], ["followers", "sync"]])
def test_wechat_away_is_one_sentence_and_another_exit_code(plan: Plan, group: list[str]) -> None:
    """Not the one for a difference."""
    told = {"JIABAN_CONFIG_FILE": str(plan.config_file), "JIABAN_WECHAT__BASE_URL": "http://127.0.0.1:9"}
    ran = command("wechat", *group, **told)
    assert ran.returncode == 2
    assert ran.stderr.startswith("WeChat: ")
    assert "Traceback" not in ran.stderr


def test_a_code_is_made_for_what_can_be_told(plan: Plan) -> None:
    """And for nothing else."""
    made = jiaban(plan, "code", "hall:city:12")
    assert (made.returncode, made.stderr) == (0, "")
    assert "佳木斯市政务服务中心12号窗口" in made.stdout
    assert "http" in made.stdout
    assert jiaban(plan, "code", "poster:heating", "--days", "30").returncode == 0
    unknown = jiaban(plan, "code", "hall:nowhere")
    assert (unknown.returncode, unknown.stdout) == (1, "")
