"""Other systems that rely on licences: who they are, and what for they may ask about which."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.kit.limits import LimitRule
from app.kit.signing import Signer
from app.licences.errors import PurposeUnknownError


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a system may ask for: by the code of a licence type, the names of the fields that it is told.

    ``title`` is what the holder reads.
    """

    title: str
    licence_types: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class RelyingSystem:
    """A system (用证系统) that verifies licences; ``title`` is what holders are told of it."""

    name: str
    title: str
    signer: Signer
    per_minute: int
    purposes: Mapping[str, Purpose]

    @property
    def rate(self) -> LimitRule:
        """How many requests it may make."""
        return LimitRule(f"relying:{self.name}", self.per_minute, 60, "account", guards=True)

    def purpose(self, code: str) -> Purpose:
        """One of its purposes. Raises PurposeUnknownError."""
        if code not in self.purposes:
            raise PurposeUnknownError
        return self.purposes[code]


class RelyingSystems:
    """Those that the settings name."""

    def __init__(self, systems: Iterable[RelyingSystem]) -> None:
        self._by_client = {one.signer.client_id: one for one in systems}

    def __iter__(self) -> Iterator[RelyingSystem]:
        return iter(self._by_client.values())

    def of_client(self, client_id: str) -> RelyingSystem | None:
        """The system that signs with this client id."""
        return self._by_client.get(client_id)
