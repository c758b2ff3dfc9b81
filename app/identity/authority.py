"""The real-name authority over signed HTTP."""

from app.kit.ports import AmbiguousError
from app.kit.signed_http import SignedHttp


class HttpAuthority:
    """RealNameAuthority over ``POST /real-name-checks``."""

    def __init__(self, http: SignedHttp) -> None:
        self._http = http

    async def matches(self, name: str, id_number: str) -> bool:
        """Ask the authority. Raises the errors of ``app.kit.ports``."""
        body = {"name": name, "id_number": id_number}
        answer = await self._http.request("POST", "/real-name-checks", body, expected=frozenset({200}))
        match = answer.body.get("match") if isinstance(answer.body, dict) else None
        if not isinstance(match, bool):
            raise AmbiguousError("unreadable_answer")
        return match
