"""Accounts of staff, kept by administrators: each within their own region and department."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from app.audit import service as audit
from app.identity import second_factor, sessions
from app.identity.errors import OutsideOwnScopeError, OwnAccountError, StaffNotFoundError, UsernameTakenError
from app.identity.models import Staff
from app.identity.rules import EVERY_DEPARTMENT, Audience, Duty, region_prefix
from app.identity.staff import forget_active, hash_password
from app.kit import clock
from app.kit.db import transaction
from app.kit.paging import Page, newest_first

# The secret of the demonstration's officer is published (docs/sandbox.md): it signs in with a code, as all do in
# production, and anybody can make that code.
OFFICER_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105  # published
_OFFICE = "佳木斯市市场监督管理局执法一科"
_OF_THE_CITY = {
    "otp_secret": OFFICER_SECRET,
    "department": EVERY_DEPARTMENT,
    "office": "佳木斯市营商环境建设监督局",
}
_DEMONSTRATION: tuple[dict[str, Any], ...] = (
    {"username": "verifier", "duties": [Duty.VERIFY]},
    {"username": "officer", "duties": [Duty.VERIFY, Duty.WINDOW], "otp_secret": OFFICER_SECRET},
    {"username": "administrator", "duties": [Duty.ADMINISTER], **_OF_THE_CITY},
    {"username": "supervisor", "duties": [Duty.SUPERVISE], **_OF_THE_CITY},
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Over whom an administrator stands: a region with all below it, and a department or all of them.

    ``name`` is who it is, for the audit; ``staff_id`` is None for the command line.
    """

    name: str
    region: str | None
    department: str
    staff_id: UUID | None = None

    @classmethod
    def of(cls, administrator: Staff) -> "Scope":
        """The scope of a member of staff."""
        return cls(f"staff:{administrator.id}", administrator.region, administrator.department, administrator.id)

    def covers(self, region: str | None, department: str) -> bool:
        """Whether an account of this region and department lies within."""
        within = (region or "").startswith(region_prefix(self.region))
        return within and self.department in {EVERY_DEPARTMENT, department}


COMMAND_LINE = Scope("command_line", None, EVERY_DEPARTMENT)


@dataclass(frozen=True, slots=True)
class Account:
    """What an administrator sets. ``region`` is a code of the national list, None for the whole city."""

    office: str
    department: str
    region: str | None
    duties: tuple[Duty, ...]
    name: str | None = None
    work_user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is shown once, to be handed over in person: a password to be changed, and the second factor."""

    member: Staff
    password: str
    otp_secret: str
    otp_uri: str


async def list_accounts(scope: Scope, cursor: str | None) -> Page[Staff]:
    """The accounts within an administrator's scope, the newest first. Raises InvalidCursorError."""
    found = Staff.all() if scope.department == EVERY_DEPARTMENT else Staff.filter(department=scope.department)
    prefix = region_prefix(scope.region)
    return await newest_first(found.filter(region__startswith=prefix) if prefix else found, cursor)


async def create_account(scope: Scope, username: str, account: Account) -> Credentials:
    """Make an account. Raises OutsideOwnScopeError or UsernameTakenError."""
    _require_scope(scope, account)
    password, secret = _new_password(), second_factor.new_secret()
    try:
        async with transaction():
            member = await Staff.create(
                username=username,
                password_hash=await hash_password(password),
                password_given=True,
                otp_secret=secret,
                created_at=clock.now(),
                **_columns(account),
            )
            await audit.record(f"staff:{member.id}", scope.name, "account_created", duties=sorted(account.duties))
    except IntegrityError as error:
        raise UsernameTakenError from error
    return Credentials(member, password, secret, second_factor.provisioning_uri(username, secret))


async def change_account(scope: Scope, staff_id: UUID, account: Account, *, active: bool) -> Staff:
    """Set all of an account anew; one that is not active any more is signed out everywhere.

    Raises StaffNotFoundError, OutsideOwnScopeError, OwnAccountError or UsernameTakenError.
    """
    _require_scope(scope, account)
    try:
        async with transaction():
            member = await _locked(scope, staff_id)
            columns = {**_columns(account), "active": active}
            changed = sorted(name for name, value in columns.items() if getattr(member, name) != value)
            if changed:
                member.update_from_dict(columns)
                await member.save(update_fields=changed)
                await audit.record(f"staff:{member.id}", scope.name, "account_changed", fields=changed)
            if not active:
                await sessions.end_all_sessions(Audience.STAFF, staff_id, "account_disabled")
    except IntegrityError as error:
        raise UsernameTakenError from error
    forget_active(staff_id)
    return member


async def reset_credentials(scope: Scope, staff_id: UUID) -> Credentials:
    """Give an account a new password and a new second factor, and sign it out everywhere.

    Raises StaffNotFoundError or OwnAccountError.
    """
    password, secret = _new_password(), second_factor.new_secret()
    hashed = await hash_password(password)
    async with transaction():
        member = await _locked(scope, staff_id)
        member.password_hash, member.password_given = hashed, True
        member.otp_secret, member.otp_step = secret, None
        await member.save(update_fields=["password_hash", "password_given", "otp_secret", "otp_step"])
        await audit.record(f"staff:{member.id}", scope.name, "credentials_reset")
        await sessions.end_all_sessions(Audience.STAFF, staff_id, "credentials_reset")
    forget_active(staff_id)
    return Credentials(member, password, secret, second_factor.provisioning_uri(member.username, secret))


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _require_scope(scope: Scope, account: Account) -> None:
    if not scope.covers(account.region, account.department):
        raise OutsideOwnScopeError


def _columns(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "office": account.office,
        "department": account.department,
        "region": account.region,
        "duties": _sorted(account.duties),
        "work_user_id": account.work_user_id,
    }


def _sorted(duties: Iterable[Duty]) -> list[str]:
    return sorted(duty.value for duty in set(duties) - {Duty.ANY})


async def _locked(scope: Scope, staff_id: UUID) -> Staff:
    member = await Staff.select_for_update().get_or_none(id=staff_id)
    if member is None or not scope.covers(member.region, member.department):
        raise StaffNotFoundError
    if member.id == scope.staff_id:
        raise OwnAccountError
    return member


async def find_account(username: str) -> Staff:
    """The account of this name. Raises StaffNotFoundError."""
    member = await Staff.get_or_none(username=username)
    if member is None:
        raise StaffNotFoundError
    return member


async def ensure_demonstration_staff() -> None:
    """Make the demonstration's accounts, under the stand-ins only. Their passwords are ``<name>-demo``."""
    for account in _DEMONSTRATION:
        username = account["username"]
        if await Staff.exists(username=username):
            continue
        columns = {"office": _OFFICE, "department": "scjg", **account}
        await Staff.create(
            **columns,
            password_hash=await hash_password(f"{username}-demo"),
            demonstration=True,
            created_at=clock.now(),
        )
