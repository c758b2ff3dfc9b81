"""The evidence of one case: its audit, for the party whose case it is."""

from uuid import UUID

from app.applications.drafts import owned
from app.audit.evidence import Reader, evidence_pack
from app.kit.record_signing import RecordSigner
from app.mandates.held import acting_names
from app.mandates.party import Party

# Codes, states and names of fields. What is not named here may be another person's id and stays a commitment.
_DETAILS = frozenset(
    {
        *("item", "before", "after", "event", "sequence"),
        *("fields", "questions", "material", "queried", "away", "stage"),
    }
)


async def read_evidence(party: Party, application_id: UUID, signer: RecordSigner) -> bytes:
    """A ZIP that proves what was done with the party's own case, when and in which order.

    Of who acted it names the citizen who asks, and systems; of others the kind alone. Raises ApplicationNotFoundError,
    MatterNotCoveredError, and what ``evidence_pack`` raises.
    """
    application = await owned(party, application_id)
    reader = Reader(await acting_names(party.actor_id), _DETAILS)
    return await evidence_pack(f"application:{application.id}", reader, signer)
