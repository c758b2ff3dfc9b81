"""What mandates need from outside."""

from typing import Protocol


class LegalAuthority(Protocol):
    """The authority that knows who represents whom by law; raises the errors of ``app.kit.ports``."""

    async def company_matches(self, uscc: str, name: str, legal_name: str, legal_id_number: str) -> bool:
        """Whether this company bears this name and is represented in law by this person."""

    async def is_guardian(self, guardian_id_number: str, minor_name: str, minor_id_number: str) -> bool:
        """Whether the first person is a guardian of the second."""
