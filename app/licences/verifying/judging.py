"""What a code that was spent is worth to who scanned it: the licence behind it, its holder, the duty."""

from datetime import datetime

from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.consents.errors import ConsentMissingError
from app.consents.service import respect_withdrawal
from app.kit import clock
from app.kit.errors import NotFoundError
from app.licences.codes import CodeKind
from app.licences.models import PRESENTING, Licence, LicenceMove, LicenceState, Presentation
from app.licences.verifying import verdicts
from app.licences.verifying.verdicts import Reason
from app.licences.verifying.verifier import Verifier
from app.mandates.models import Mandate
from app.mandates.party import Party
from app.mandates.queries import level_of


async def judge_presented(
    verifier: Verifier,
    presentation: Presentation,
    definition: LicenceTypeDefinition,
    at: datetime,
    state: LicenceState,
) -> Reason:
    """What a spent code is worth: to this verifier, by its licence's ``state``, its holder's level, its kind."""
    if verifier.fields_for(definition) is None:
        return Reason.OUTSIDE_DUTY
    licence = presentation.licence
    of_licence = verdicts.judge_licence(
        state, licence.valid_from, licence.valid_until, at.astimezone(clock.CITY_TIME).date()
    )
    if of_licence is not Reason.VALID:
        return of_licence
    if not await _level_suffices(presentation, definition):
        return Reason.LEVEL_TOO_LOW
    return verdicts.OF_KIND[CodeKind(presentation.kind)]


async def state_at(licence: Licence, at: datetime) -> LicenceState:
    """A licence's state at a moment that is past, by its history."""
    following = await LicenceMove.filter(licence=licence, at__gt=at).order_by("at", "id").first()
    return following.before if following else licence.state


async def is_consented(presentation: Presentation) -> bool:
    """Whether whose licence it is has not withdrawn their consent to showing it, be it a delegate who shows it.

    Paper is asked for at a window each time, and a company's licence is nobody's personal data.
    """
    licence = presentation.licence
    owner, company = licence.citizen_id, licence.company_id  # type: ignore[attr-defined]  # Tortoise adds them
    if presentation.kind == CodeKind.PAPER or company or owner is None:
        return True
    try:
        await respect_withdrawal(owner, PRESENTING)
    except ConsentMissingError:
        return False
    return True


def may_show(verifier: Verifier, presentation: Presentation, definition: LicenceTypeDefinition) -> list[str]:
    """The fields that are shown: those that the verifier may see, of what the holder chose to show."""
    chosen = set(definition.preset_fields(Preset(presentation.preset)))
    return [name for name in verifier.fields_for(definition) or [] if name in chosen]


async def _level_suffices(presentation: Presentation, definition: LicenceTypeDefinition) -> bool:
    """Whether who shows the licence still has the level that its type needs; a window looked at papers itself."""
    if presentation.kind == CodeKind.PAPER:
        return True
    licence = presentation.licence
    owner, company = licence.citizen_id, licence.company_id  # type: ignore[attr-defined]  # Tortoise adds them
    actor = owner
    if presentation.mandate_id:
        mandate = await Mandate.get_or_none(id=presentation.mandate_id)
        actor = mandate.delegate_id if mandate else None  # type: ignore[attr-defined]  # Tortoise adds it
    if actor is None:
        return False
    try:
        level = await level_of(Party(actor, None if company else owner, company, presentation.mandate_id))
    except NotFoundError:
        return False
    return level >= definition.assurance_level
