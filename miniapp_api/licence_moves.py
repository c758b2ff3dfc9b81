"""The history of a licence, as its holder and its issuer see it."""

from app.kit import clock
from app.licences.models import LicenceMove
from miniapp_api.routing import Schema


class MoveView(Schema):
    """A change of what a licence is worth: who made it, why and when."""

    cause: str
    before: str
    after: str
    reason: str
    office: str
    case_no: str | None
    at: str

    @classmethod
    def of(cls, move: LicenceMove) -> "MoveView":
        """The view of a move."""
        return cls(
            cause=move.cause.value,
            before=move.before.value,
            after=move.after.value,
            reason=move.reason,
            office=move.office,
            case_no=move.case_no,
            at=clock.in_city(move.at),
        )
