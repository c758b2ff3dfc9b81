"""The real-name authority over signed HTTP."""

from typing import Any

from app.kit.ports import AmbiguousError
from app.kit.signed_http import SignedHttp


class HttpAuthority:
    """The authority for real names, and for who represents whom by law (``app.mandates.ports``)."""

    def __init__(self, http: SignedHttp) -> None:
        self._http = http

    async def matches(self, name: str, id_number: str) -> bool:
        """``POST /real-name-checks``. Raises the errors of ``app.kit.ports``."""
        return await self._match("/real-name-checks", {"name": name, "id_number": id_number})

    async def company_matches(self, uscc: str, name: str, legal_name: str, legal_id_number: str) -> bool:
        """``POST /company-checks``. Raises the errors of ``app.kit.ports``."""
        person = {"name": legal_name, "id_number": legal_id_number}
        return await self._match("/company-checks", {"uscc": uscc, "name": name, "legal_representative": person})

    async def is_guardian(self, guardian_id_number: str, minor_name: str, minor_id_number: str) -> bool:
        """``POST /guardianship-checks``. Raises the errors of ``app.kit.ports``."""
        minor = {"name": minor_name, "id_number": minor_id_number}
        body = {"guardian_id_number": guardian_id_number, "minor": minor}
        return await self._match("/guardianship-checks", body)

    async def _match(self, path: str, body: dict[str, Any]) -> bool:
        answer = await self._http.request("POST", path, body, expected=frozenset({200}))
        match = answer.body.get("match") if isinstance(answer.body, dict) else None
        if not isinstance(match, bool):
            raise AmbiguousError("unreadable_answer")
        return match
