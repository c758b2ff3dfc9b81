"""Evidence of what was done with a case, which its holder checks without us."""

from collections.abc import AsyncIterator
from uuid import UUID

from sanic.response.types import ResponseStream

from app.applications import errors
from app.applications.evidence import read_evidence
from app.audit.errors import EvidenceTooLargeError
from app.kit.errors import TemporarilyUnavailableError
from miniapp_api.answers import zip_answer
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/evidence",
    actor=Actor.CITIZEN,
    acting=True,
    limit="evidence",
    media_type="application/zip",
    errors=(errors.ApplicationNotFoundError, EvidenceTooLargeError, TemporarilyUnavailableError),
)
async def download_evidence(call: Call, application_id: UUID) -> ResponseStream:
    """My case's records with signed checkpoints, as a ZIP that says how it is checked."""
    pack = await read_evidence(call.party, application_id, call.house.record_signer)
    return zip_answer(_whole(pack), len(pack), f"jiaban-evidence-{application_id}.zip")
