"""``jiaban staff``: the accounts of staff, for whoever holds the server."""

import argparse
import asyncio
from collections.abc import Awaitable
from typing import Any

from rich.console import Console
from rich.table import Table

from app.bootstrap import open_house
from app.identity import staff_accounts
from app.identity.errors import OwnAccountError, StaffNotFoundError, UsernameTakenError
from app.identity.models import Staff
from app.identity.rules import EVERY_DEPARTMENT, Duty
from app.identity.staff_accounts import COMMAND_LINE, Account, Credentials
from app.kit import texts
from config.settings import load_settings

_console = Console(highlight=False)


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``staff`` can do."""
    group = command.add_subparsers(required=True, metavar="command")

    add = group.add_parser("add", help="make an account and print its first password and second factor")
    add.add_argument("username")
    add.add_argument("--office", required=True, help="what citizens read about who scanned their licence")
    add.add_argument("--department", required=True, help=f"its code, {EVERY_DEPARTMENT} for every one")
    add.add_argument("--region", help="its code in the national list; the whole city unless given")
    add.add_argument("--name")
    add.add_argument("--work-user-id", help="who this is in 企业微信")
    duties = [duty.value for duty in Duty if duty is not Duty.ANY]
    add.add_argument("--duty", action="append", default=[], choices=duties, help="may be given several times")
    add.set_defaults(function=_run(_add))

    group.add_parser("list", help="all accounts").set_defaults(function=_run(_list))
    for name, function, what in (
        ("disable", _disable, "sign an account out everywhere and bar it"),
        ("enable", _enable, "let an account sign in again"),
        ("reset", _reset, "give an account a new password and second factor"),
    ):
        one = group.add_parser(name, help=what)
        one.add_argument("username")
        one.set_defaults(function=_run(function))


def _run(function: Any) -> Any:
    def run(arguments: argparse.Namespace) -> int:
        async def within_the_house() -> None:
            async with open_house(load_settings()):
                done: Awaitable[None] = function(arguments)
                await done

        try:
            asyncio.run(within_the_house())
        except (StaffNotFoundError, UsernameTakenError, OwnAccountError) as error:
            _console.print(f"{error.code}: {texts.text('errors', error.code)}")
            return 1
        return 0

    return run


async def _add(arguments: argparse.Namespace) -> None:
    account = Account(
        office=arguments.office,
        department=arguments.department,
        region=arguments.region,
        duties=tuple(Duty(duty) for duty in arguments.duty),
        name=arguments.name,
        work_user_id=arguments.work_user_id,
    )
    _show(await staff_accounts.create_account(COMMAND_LINE, arguments.username, account))


async def _reset(arguments: argparse.Namespace) -> None:
    member = await staff_accounts.find_account(arguments.username)
    _show(await staff_accounts.reset_credentials(COMMAND_LINE, member.id))


def _show(given: Credentials) -> None:
    _console.print("Shown once. Hand it over in person; the password must be changed at the first sign-in.")
    for title, value in (
        ("username", given.member.username),
        ("password", given.password),
        ("second factor", given.otp_secret),
        ("for the authenticator", given.otp_uri),
    ):
        _console.print(f"  {title:22} {value}", soft_wrap=True, markup=False)


async def _list(arguments: argparse.Namespace) -> None:
    del arguments
    table = Table(box=None, pad_edge=False)
    for title in ("username", "department", "region", "duties", "second factor", "active"):
        table.add_column(title)
    for member in await Staff.all().order_by("username"):
        table.add_row(
            member.username,
            member.department,
            member.region or "-",
            " ".join(member.duties) or "-",
            "yes" if member.otp_secret else "no",
            "yes" if member.active else "no",
        )
    _console.print(table)


async def _disable(arguments: argparse.Namespace) -> None:
    await _set_active(arguments.username, active=False)


async def _enable(arguments: argparse.Namespace) -> None:
    await _set_active(arguments.username, active=True)


async def _set_active(username: str, *, active: bool) -> None:
    member = await staff_accounts.find_account(username)
    account = Account(
        office=member.office,
        department=member.department,
        region=member.region,
        duties=tuple(Duty(duty) for duty in member.duties),
        name=member.name,
        work_user_id=member.work_user_id,
    )
    await staff_accounts.change_account(COMMAND_LINE, member.id, account, active=active)
    _console.print(f"{username}: {'active' if active else 'not active'}")
