"""Administrators keep the accounts of staff within their region and department."""

from uuid import UUID

from pydantic import Field

from app.identity import errors, staff_accounts
from app.identity.models import Staff
from app.identity.rules import Duty
from app.identity.staff_accounts import Account, Credentials, Scope
from app.kit import clock
from app.kit.errors import InvalidCursorError, NotFoundError
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class AccountBody(Schema):
    """An account as it is to be. ``department`` ``*`` is every one, ``region`` null the whole city."""

    name: str | None = Field(default=None, max_length=64)
    office: str = Field(min_length=1, max_length=128)
    department: str = Field(pattern=r"^(\*|[a-z0-9_]{1,31})$")
    region: str | None = Field(default=None, pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")
    duties: list[Duty] = Field(max_length=8, strict=False)
    work_user_id: str | None = Field(default=None, min_length=1, max_length=64)

    def account(self) -> Account:
        """What the service takes."""
        return Account(
            office=self.office,
            department=self.department,
            region=self.region,
            duties=tuple(self.duties),
            name=self.name,
            work_user_id=self.work_user_id,
        )


class NewAccountRequest(AccountBody):
    """A new account and its user name."""

    username: str = Field(pattern=r"^[a-z][a-z0-9._-]{2,63}$")


class ChangedAccountRequest(AccountBody):
    """All of an account anew; one that is not active cannot sign in."""

    active: bool


class AccountView(Schema):
    """An account as its administrators see it."""

    id: UUID
    username: str
    name: str | None
    office: str
    department: str
    region: str | None
    duties: list[str]
    work_user_id: str | None
    active: bool
    second_factor: bool
    created_at: str

    @classmethod
    def of(cls, member: Staff) -> "AccountView":
        """The view of an account."""
        return cls(
            id=member.id,
            username=member.username,
            name=member.name,
            office=member.office,
            department=member.department,
            region=member.region,
            duties=member.duties,
            work_user_id=member.work_user_id,
            active=member.active,
            second_factor=member.otp_secret is not None,
            created_at=clock.in_city(member.created_at),
        )


class AccountPage(Schema):
    """A page of accounts."""

    items: list[AccountView]
    next_cursor: str | None


class CredentialsAnswer(Schema):
    """Shown once: the password, which must be changed first of all, and the second factor."""

    account: AccountView
    password: str
    otp_secret: str = Field(description="base32, RFC 6238: six digits, 30 seconds, SHA-1")
    otp_uri: str = Field(description="otpauth address for an authenticator app")

    @classmethod
    def of(cls, given: Credentials) -> "CredentialsAnswer":
        """The answer for what was made."""
        return cls(
            account=AccountView.of(given.member),
            password=given.password,
            otp_secret=given.otp_secret,
            otp_uri=given.otp_uri,
        )


@routes.add(
    "GET",
    "/staff/v1/accounts",
    actor=Actor.STAFF,
    duty=Duty.ADMINISTER,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_accounts(call: Call, query: PageQuery) -> AccountPage:
    """The accounts that I administer, the newest first."""
    page = await staff_accounts.list_accounts(Scope.of(call.staff), query.cursor)
    return AccountPage(items=[AccountView.of(member) for member in page.items], next_cursor=page.next_cursor)


@routes.add(
    "POST",
    "/staff/v1/accounts",
    actor=Actor.STAFF,
    duty=Duty.ADMINISTER,
    limit="write",
    status=201,
    errors=(errors.UsernameTakenError, errors.OutsideOwnScopeError),
)
async def create_account(call: Call, body: NewAccountRequest) -> CredentialsAnswer:
    """Make an account; hand over in person what is shown."""
    given = await staff_accounts.create_account(Scope.of(call.staff), body.username, body.account())
    return CredentialsAnswer.of(given)


@routes.add(
    "PUT",
    "/staff/v1/accounts/<staff_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.ADMINISTER,
    limit="write",
    errors=(
        errors.StaffNotFoundError,
        errors.OutsideOwnScopeError,
        errors.OwnAccountError,
        errors.UsernameTakenError,
        NotFoundError,
    ),
)
async def change_account(call: Call, staff_id: UUID, body: ChangedAccountRequest) -> AccountView:
    """Set all of an account anew; it counts from the next request on."""
    member = await staff_accounts.change_account(Scope.of(call.staff), staff_id, body.account(), active=body.active)
    return AccountView.of(member)


@routes.add(
    "POST",
    "/staff/v1/accounts/<staff_id:uuid>/credentials",
    actor=Actor.STAFF,
    duty=Duty.ADMINISTER,
    limit="write",
    status=201,
    errors=(errors.StaffNotFoundError, errors.OwnAccountError, NotFoundError),
)
async def reset_credentials(call: Call, staff_id: UUID) -> CredentialsAnswer:
    """Give an account a new password and second factor, and sign it out everywhere."""
    return CredentialsAnswer.of(await staff_accounts.reset_credentials(Scope.of(call.staff), staff_id))
