"""What a complaint is about: an item, a hall, or a case of one's own."""

from dataclasses import dataclass
from uuid import UUID

from app.applications.models import Application
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.models import Hall
from app.catalogue.queries import get_item
from app.complaints.errors import ComplaintSubjectUnknownError
from app.complaints.models import About


@dataclass(frozen=True, slots=True)
class Subject:
    """What a complaint is about: the code of an item or hall, or the id of one's own case."""

    about: About
    code: str


async def describe(citizen_id: UUID, subject: Subject) -> tuple[str, str]:
    """The name and the region of what a citizen writes about. Raises ComplaintSubjectUnknownError."""
    if subject.about is About.HALL:
        hall = await Hall.get_or_none(code=subject.code)
        if hall is None:
            raise ComplaintSubjectUnknownError
        return hall.name, hall.region
    item_code, version = subject.code, None
    if subject.about is About.CASE:
        case = await _own_case(citizen_id, subject.code)
        item_code, version = case.item_code, case.item_version
    try:
        guide = (await get_item(item_code, version)).guide
    except ItemNotFoundError as error:
        raise ComplaintSubjectUnknownError from error
    return guide.name, guide.region


async def _own_case(citizen_id: UUID, id_: str) -> Application:
    try:
        found = await Application.get_or_none(id=UUID(id_), citizen_id=citizen_id)
    except ValueError as error:
        raise ComplaintSubjectUnknownError from error
    if found is None:
        raise ComplaintSubjectUnknownError
    return found
