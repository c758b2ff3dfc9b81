"""Other systems verify codes and licences in batches, each for a purpose of its own."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import clock, limits, nonces
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.licences.codes import CodeSigner
from app.licences.errors import RequestReplayedError
from app.licences.models import Licence
from app.licences.relying import RelyingSystem
from app.licences.verifying import verdicts
from app.licences.verifying.digests import digest_of
from app.licences.verifying.models import Verification
from app.licences.verifying.service import Checked, answered_before, checked, verify
from app.licences.verifying.verdicts import Reason
from app.licences.verifying.verifier import Verifier

_MOST_ALIKE = 20


@dataclass(frozen=True, slots=True)
class Named:
    """A licence that a system knows by type and number, with ``holder_proof`` that it knows whose it is too."""

    licence_type: str
    number: str
    holder_proof: str

    @property
    def text(self) -> str:
        """What a verification keeps the digest of."""
        return "\n".join((self.licence_type, self.number, self.holder_proof))


def holder_proof(secret: bytes, holder_code: str) -> str:
    """How a system shows that it knows a holder's number or credit code: its HMAC-SHA256 with the shared key, in hex.

    A bare hash of a number could be undone by trying all numbers.
    """
    return hmac.new(secret, holder_code.upper().encode(), hashlib.sha256).hexdigest()


async def verify_batch(
    signer: CodeSigner,
    system: RelyingSystem,
    purpose_code: str,
    entries: Sequence[str | Named],
    *,
    nonce: str,
    idempotency_key: str,
) -> list[Checked]:
    """Verify codes (``str``) and named licences for a purpose; the answers in the order of the entries.

    Each is recorded and told by itself. The same key with the same entries gives within ANSWERED_AGAIN the answers of
    before. Raises
    RateLimitedError, PurposeUnknownError, RequestReplayedError or
    VerificationKeyReusedError.
    """
    await limits.hold(system.rate, system.name)
    verifier = Verifier.of_system(system, system.purpose(purpose_code))
    if not await nonces.spend(system.signer.client_id, nonce):
        raise RequestReplayedError
    found = []
    for place, entry in enumerate(entries):
        key = f"{idempotency_key}:{place}"
        if isinstance(entry, Named):
            found.append(await _verify_named(verifier, entry, key))
        else:
            found.append(await verify(signer, verifier, entry, key))
    return found


async def _verify_named(verifier: Verifier, named: Named, key: str) -> Checked:
    digest = digest_of(named.text)
    before = await Verification.get_or_none(**verifier.itself, idempotency_key=key)
    if before:
        return await answered_before(before, digest)
    record = Verification(**verifier.columns, idempotency_key=key, code_digest=digest, shown=[], at=clock.now())
    try:
        async with transaction():
            return await _judge_and_record(verifier, named, record)
    except IntegrityError:
        return await answered_before(await Verification.get(**verifier.itself, idempotency_key=key), digest)


async def _judge_and_record(verifier: Verifier, named: Named, record: Verification) -> Checked:
    """Whoever does not know the holder learns nothing, not even that there is such a licence; its holder does."""
    found, definition = await _find(named)
    proven = [licence for licence in found if _proven(verifier, licence, named.holder_proof)]
    licence = next(iter(proven or found), None)
    if not proven or licence is None or definition is None:
        reason = Reason.NO_MATCH
    elif verifier.fields_for(definition) is None:
        reason = Reason.OUTSIDE_DUTY
    else:
        reason = verdicts.judge_licence(licence.state, licence.valid_from, licence.valid_until, clock.today())
        if reason is Reason.VALID:
            record.shown = verifier.fields_for(definition) or []
    record.licence, record.verdict, record.reason = licence, reason.verdict, reason
    record.untold = licence is not None
    await record.save(force_create=True)
    return await checked(record, licence)


async def _find(named: Named) -> tuple[list[Licence], LicenceTypeDefinition | None]:
    """The licences of a type and number, each in its newest version: several issuers may have given one number."""
    try:
        definition = await catalogue.get_licence_type(named.licence_type)
    except NotFoundError:
        return [], None
    found = Licence.filter(type_code=named.licence_type, number=named.number, next__id=None)
    return await found.order_by("-version", "id").limit(_MOST_ALIKE), definition


def _proven(verifier: Verifier, licence: Licence, proof: str) -> bool:
    if verifier.system is None or licence.holder_code is None:
        return False
    right = holder_proof(verifier.system.signer.secret, licence.holder_code)
    return hmac.compare_digest(right, proof.lower())
