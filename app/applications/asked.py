"""What an application asks for: its item's version, in the situation that the applicant's answers led to."""

from dataclasses import dataclass

from app.applications.models import Application
from app.catalogue.guidance import Asked, asked_for, next_question, variant_named
from app.catalogue.guide import Guide, GuidedQuestion, Variant
from app.catalogue.queries import get_item


@dataclass(frozen=True, slots=True)
class AskedApplication(Asked):
    """An application's guide, its variant, and what both ask for."""

    guide: Guide
    variant: Variant | None

    def next_question(self, application: Application) -> GuidedQuestion | None:
        """The guided question to put to the applicant next, None where none is open."""
        return next_question(self.guide, application.answers or {})


async def asked_of(application: Application) -> AskedApplication:
    """What an application asks for. Raises ItemNotFoundError."""
    guide = (await get_item(application.item_code, application.item_version)).guide
    variant = variant_named(guide, application.variant)
    asked = asked_for(guide, variant)
    return AskedApplication(asked.form_schema, asked.materials, guide, variant)
