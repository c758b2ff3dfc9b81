"""Use cases of consents: given, withdrawn, required.

Whoever speaks is the citizen or the guardian of a child; ``actor`` is how the audit names them.
"""

from uuid import UUID

from app.audit import service as audit
from app.consents import rules
from app.consents.definitions import asked, purposes
from app.consents.errors import ConsentMissingError, ConsentPurposeUnknownError, ConsentVersionOutdatedError
from app.consents.models import PURPOSE_LENGTH, Act, Consent
from app.identity.queries import lock_present
from app.kit import clock
from app.kit.db import transaction


async def give_consent(
    citizen_id: UUID, purpose: str, version: int, *, actor: str, session_id: UUID | None, mandate_id: UUID | None = None
) -> None:
    """Consent to the present version of a purpose; again, it changes nothing.

    Raises ConsentPurposeUnknownError, ConsentVersionOutdatedError or SessionEndedError.
    """
    current = asked(purpose).version
    if version != current:
        raise ConsentVersionOutdatedError(purpose=purpose, version=current)
    async with transaction():
        await lock_present(citizen_id)
        if not rules.counts(await _history(citizen_id, purpose), version):
            await _say(Act.GIVEN, citizen_id, purpose, version, actor, session_id, mandate_id)


async def withdraw_consent(
    citizen_id: UUID, purpose: str, *, actor: str, session_id: UUID | None, mandate_id: UUID | None = None
) -> None:
    """Withdraw a consent, also one for a purpose that is asked no more; what was done before stays lawful (article 15).

    Where there is none, it changes nothing. Raises ConsentPurposeUnknownError or SessionEndedError.
    """
    if len(purpose) > PURPOSE_LENGTH:
        raise ConsentPurposeUnknownError
    async with transaction():
        await lock_present(citizen_id)
        history = await _history(citizen_id, purpose)
        if not history:
            asked(purpose)
        given = rules.standing(history)
        if given is not None:
            await _say(Act.WITHDRAWN, citizen_id, purpose, given, actor, session_id, mandate_id)


async def withdraw_all(citizen_id: UUID, *, actor: str, mandate_id: UUID | None) -> None:
    """Withdraw every consent within the caller's transaction, which holds the citizen."""
    said = await Consent.filter(citizen_id=citizen_id).distinct().values_list("purpose", flat=True)
    for purpose in sorted(str(name) for name in said):
        given = rules.standing(await _history(citizen_id, purpose))
        if given is not None:
            await _say(Act.WITHDRAWN, citizen_id, purpose, given, actor, None, mandate_id)


async def require_consent(citizen_id: UUID, purpose: str) -> None:
    """Raise ConsentMissingError unless the citizen consents to the present version of a purpose.

    A purpose that is not asked for at all is a mistake of ours: ConsentPurposeUnknownError.
    """
    definition = purposes().get(purpose)
    if definition is None:
        raise ConsentPurposeUnknownError
    if not rules.counts(await _history(citizen_id, purpose), definition.version):
        raise ConsentMissingError(purpose=purpose, version=definition.version)


async def respect_withdrawal(citizen_id: UUID, purpose: str) -> None:
    """Raise ConsentMissingError where the citizen withdrew their consent to a purpose and gave none since.

    For what the city may do by its statutory duty (PIPL, articles 13 and 34): it asks beforehand, and whoever answers
    to nothing is served; whoever said no is not.
    """
    definition, history = asked(purpose), await _history(citizen_id, purpose)
    if history and rules.standing(history) is None:
        raise ConsentMissingError(purpose=purpose, version=definition.version)


async def _history(citizen_id: UUID, purpose: str) -> list[Consent]:
    return await Consent.filter(citizen_id=citizen_id, purpose=purpose).order_by("id")


async def _say(
    act: Act, citizen_id: UUID, purpose: str, version: int, actor: str, session_id: UUID | None, mandate_id: UUID | None
) -> None:
    await Consent.create(
        citizen_id=citizen_id,
        purpose=purpose,
        version=version,
        act=act,
        session_id=session_id,
        mandate_id=mandate_id,
        at=clock.now(),
    )
    await audit.record(f"citizen:{citizen_id}", actor, f"consent_{act}", purpose=purpose, version=version)
