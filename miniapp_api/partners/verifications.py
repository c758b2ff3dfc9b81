"""Systems verify codes and licences in batches."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from app.kit.errors import NotFoundError
from app.licences.errors import PurposeUnknownError, RequestReplayedError, VerificationKeyReusedError
from app.licences.verifying.batch import Named, verify_batch
from miniapp_api.routing import Actor, Call, Routes, Schema
from miniapp_api.staff.verifications import VerificationAnswer

routes = Routes()

_MOST = 100
Proof = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]


class NamedLicence(Schema):
    """A licence by type and number; ``holder_proof`` is the HMAC-SHA256 of its holder's number or code, in hex."""

    licence_type: str = Field(min_length=1, max_length=64)
    number: str = Field(min_length=1, max_length=64)
    holder_proof: Proof


class BatchEntry(Schema):
    """Either the text inside a QR, or a licence by its number."""

    code: str | None = Field(default=None, min_length=1, max_length=4096)
    licence: NamedLicence | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "BatchEntry":
        if (self.code is None) == (self.licence is None):
            raise ValueError("either a code or a licence")
        return self

    @property
    def meant(self) -> str | Named:
        """What is to be verified."""
        if self.licence:
            return Named(self.licence.licence_type, self.licence.number, self.licence.holder_proof)
        return self.code or ""


class BatchRequest(Schema):
    """What to verify, and for which of the system's purposes."""

    purpose: str = Field(min_length=1, max_length=32)
    entries: list[BatchEntry] = Field(min_length=1, max_length=_MOST)


class BatchAnswer(Schema):
    """The answers in the order of the entries."""

    items: list[VerificationAnswer]


@routes.add(
    "POST",
    "/partners/v1/verifications",
    actor=Actor.RELYING_SYSTEM,
    limit="partner",
    headers=("Idempotency-Key",),
    errors=(PurposeUnknownError, RequestReplayedError, VerificationKeyReusedError, NotFoundError),
)
async def verify_batch_of_system(call: Call, body: BatchRequest) -> BatchAnswer:
    """Verify codes and licences for a purpose; holders see each. The same Idempotency-Key answers the same."""
    found = await verify_batch(
        call.house.code_signer,
        call.relying,
        body.purpose,
        [entry.meant for entry in body.entries],
        nonce=call.caller.nonce,
        idempotency_key=call.idempotency_key or call.caller.nonce,
    )
    return BatchAnswer(items=[VerificationAnswer.of(checked) for checked in found])
