"""Complaints for tests, made by the services themselves."""

from app.complaints.models import Complaint, ComplaintKind
from app.complaints.service import write_complaint
from app.complaints.subjects import Subject
from app.identity.models import Citizen


async def a_complaint(
    citizen: Citizen, text: str = "等了很久", subject: Subject | None = None, *, named: bool = True
) -> Complaint:
    """A complaint of a citizen's, about nothing in particular unless said."""
    return await write_complaint(citizen.id, ComplaintKind.COMPLAINT, text, subject, named=named)
