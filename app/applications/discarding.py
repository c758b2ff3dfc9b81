"""Discarding drafts that nobody wants any more."""

from uuid import UUID

from app.applications.drafts import owned
from app.applications.errors import NotADraftError
from app.applications.forgetting import delete_applications
from app.audit import service as audit
from app.kit.db import transaction
from app.mandates.party import Party


async def discard_draft(party: Party, application_id: UUID) -> None:
    """Delete a draft, lapsed ones too, with all that belongs to it. Its audit stays.

    Raises NotADraftError, ApplicationNotFoundError or MatterNotCoveredError.
    """
    async with transaction():
        application = await owned(party, application_id, lock=True)
        if application.case_no is not None:
            raise NotADraftError
        await audit.record(f"application:{application.id}", party.name, "draft_discarded")
        await delete_applications([application.id])
