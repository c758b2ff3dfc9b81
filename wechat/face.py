"""Face verification 2.0: WeChat compares the person in front of the phone with an identity card's holder.

The mini-program hands the ``verify_id`` to ``wx.requestFacialVerify``; what that says on the phone proves nothing, so
the server asks for the result itself. Mainland identity cards only.
Source: WeChat's documentation of getVerifyId and queryVerifyInfo. Not confirmed: their errcodes, which were not found.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field

from wechat.account import Account
from wechat.errors import WeChatAmbiguousError
from wechat.reading import lifetime, text

_BEGIN = "/cityservice/face/identify/getverifyid"
_RESULT = "/cityservice/face/identify/queryverifyinfo"
_CERT_TYPE = "IDENTITY_CARD"
_PASSED = 10000


@dataclass(frozen=True, slots=True)
class FaceTicket:
    """A verification to be carried out on the phone within ``expires_in`` seconds; an id of at most 256 characters."""

    verify_id: str = field(repr=False)
    expires_in: int


def cert_hash(name: str, id_number: str) -> str:
    """What stands for a name and an identity number in a query: SHA-256 in lower-case hexadecimal."""
    parts = {"cert_type": _CERT_TYPE, "cert_name": name, "cert_no": id_number}
    joined = "&".join(f"{key}={b64encode(value.encode()).decode()}" for key, value in parts.items())
    return hashlib.sha256(joined.encode()).hexdigest()


class FaceClient:
    """The face verification of one mini-program. Both methods raise the errors of ``wechat.account.Account``."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def get_verify_id(self, *, out_seq_no: str, name: str, id_number: str, openid: str) -> FaceTicket:
        """Begin a verification of the person logged in with ``openid``.

        ``out_seq_no`` is ours: 5 to 32 letters, digits, ``_`` or ``-``, used once. After WeChatAmbiguousError begin
        again with another one.
        """
        body = {
            "out_seq_no": out_seq_no,
            "cert_info": {"cert_type": _CERT_TYPE, "cert_name": name, "cert_no": id_number},
            "openid": openid,
        }
        answer = await self._account.post(_BEGIN, body)
        return FaceTicket(text(answer, "verify_id", api=_BEGIN), lifetime(answer, api=_BEGIN))

    async def query_verify_info(
        self, *, verify_id: str, out_seq_no: str, name: str, id_number: str, openid: str
    ) -> bool:
        """Whether the verification begun with exactly these values has passed; may be asked again.

        False where it failed, was broken off or is not finished. Values that do not belong together are refused.
        """
        body = {
            "verify_id": verify_id,
            "out_seq_no": out_seq_no,
            "cert_hash": cert_hash(name, id_number),
            "openid": openid,
        }
        answer = await self._account.post(_RESULT, body)
        result = answer.get("verify_ret")
        if not isinstance(result, int):
            raise WeChatAmbiguousError(_RESULT, "no verify_ret")
        return result == _PASSED
