"""What identity needs from outside."""

from dataclasses import dataclass, field
from typing import Protocol

from wechat.client import LoginSession, PhoneNumber
from wechat.face import FaceTicket
from wechat.official import OAuthIdentity


class WeChatLogin(Protocol):
    """WeChat's side of a login; raises the errors of ``wechat.errors``."""

    async def code_to_session(self, code: str) -> LoginSession:
        """Exchange a login code, which works once."""

    async def phone_number(self, code: str) -> PhoneNumber:
        """Exchange a phone code, which works once."""


class RealNameAuthority(Protocol):
    """The authority that knows who carries which identity number; raises the errors of ``app.kit.ports``."""

    async def matches(self, name: str, id_number: str) -> bool:
        """Whether this person carries this number."""


class WeChatPages(Protocol):
    """WeChat's side of a page of the official account; raises the errors of ``wechat.errors``."""

    async def oauth_identity(self, code: str) -> OAuthIdentity:
        """Exchange the code that a page came back with, which works once."""


class FaceComparison(Protocol):
    """WeChat's comparison of a face with an identity card; raises the errors of ``wechat.errors``."""

    async def get_verify_id(self, *, out_seq_no: str, name: str, id_number: str, openid: str) -> FaceTicket:
        """Begin a comparison."""

    async def query_verify_info(
        self, *, verify_id: str, out_seq_no: str, name: str, id_number: str, openid: str
    ) -> bool:
        """Whether a comparison has passed."""


@dataclass(frozen=True, slots=True)
class ProvincialIdentity:
    """Who signed in at the province.

    ``subject`` is the province's own id of the account and never changes; ``id_number`` has 18 characters, X in upper
    case; ``level`` is an assurance level, ``rules.Level.REAL_NAME`` or ``FACE``.
    """

    subject: str = field(repr=False)
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    level: int


class ProvincialIdentityProvider(Protocol):
    """The provincial identity platform; raises the errors of ``app.kit.ports``."""

    async def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where a citizen's browser goes to sign in. ``state``, ``nonce`` and ``verifier`` are new for each sign-in."""

    async def finish(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> ProvincialIdentity:
        """Redeem the code that the citizen came back with, which works once."""


class StaffPages(Protocol):
    """企业微信's side of a page that staff open there; raises the errors of ``wechat.errors``."""

    async def user_id(self, code: str) -> str:
        """Exchange the code that a page came back with, which works once."""
