"""What the WeChat stand-in knows of face verifications: to whom each belongs and how it ended.

Names and identity numbers are not kept, only the hash that a query brings again.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.sandbox.answers import RefusedError
from app.sandbox.journal import Change
from app.sandbox.wechat.answers import PlatformError

LIFETIME = 3600
# From WeChat's page on queryVerifyInfo; that an unfinished one is 10300 is not confirmed.
PASSED = 10000
NO_MATCH = 10004
NOT_FINISHED = 10300
# No errcodes of these calls were found: 84001 is what the older face verification said, 40097 a general one.
NOT_YOURS = 84001
WRONG = 40097


@dataclass(frozen=True, slots=True)
class Session:
    """What a verification belongs to: our sequence number, the openid and the hash of name and number."""

    out_seq_no: str
    openid: str
    cert_hash: str


@dataclass(slots=True)
class _Face:
    session: Session
    expires_at: float
    passed: bool | None = None


class Faces:
    """The verifications, by their ids. ``record`` journals changes, which come back through ``apply``."""

    KINDS = frozenset({"face_begun", "face_answered", "faces_expired"})

    def __init__(self, record: Callable[[Change], None]) -> None:
        self._record = record
        self._faces: dict[str, _Face] = {}
        self._used: set[str] = set()

    def apply(self, change: Change) -> None:
        """Take one journaled change."""
        match change["kind"]:
            case "face_begun":
                session = Session(change["out_seq_no"], change["openid"], change["cert_hash"])
                self._used.add(session.out_seq_no)
                self._faces[change["verify_id"]] = _Face(session, change["expires_at"])
            case "face_answered":
                self._faces[change["verify_id"]].passed = change["passed"]
            case "faces_expired":
                for face in self._faces.values():
                    face.expires_at = 0.0

    def begin(self, session: Session) -> str:
        """A new verification's id. Raises PlatformError 40097 where its sequence number was used before."""
        if session.out_seq_no in self._used:
            raise PlatformError(WRONG, "invalid args: out_seq_no is used")
        verify_id = secrets.token_urlsafe(48)
        self._record(
            {
                "kind": "face_begun",
                "verify_id": verify_id,
                "out_seq_no": session.out_seq_no,
                "openid": session.openid,
                "cert_hash": session.cert_hash,
                "expires_at": time.time() + LIFETIME,
            }
        )
        return verify_id

    def result(self, verify_id: str, session: Session) -> int:
        """``verify_ret``. Raises PlatformError 84001 where the id is unknown or belongs to anything else."""
        face = self._faces.get(verify_id)
        if face is None or face.session != session:
            raise PlatformError(NOT_YOURS, "invalid identify id")
        if face.passed is None:
            return NOT_FINISHED
        return PASSED if face.passed else NO_MATCH

    def answer(self, verify_id: str, *, passed: bool) -> None:
        """What the phone does, once and in time; raises RefusedError 404 ``unknown_face`` or 409 ``impossible``."""
        face = self._faces.get(verify_id)
        if face is None:
            raise RefusedError(404, "unknown_face", "没有这次人脸核身")
        if face.passed is not None:
            raise RefusedError(409, "impossible", "这次人脸核身已经完成")
        if face.expires_at <= time.time():
            raise RefusedError(409, "impossible", "这次人脸核身已经过期")
        self._record({"kind": "face_answered", "verify_id": verify_id, "passed": passed})

    def expire(self) -> None:
        """Let every verification begun so far expire; what the phone has answered stays answered."""
        self._record({"kind": "faces_expired"})
