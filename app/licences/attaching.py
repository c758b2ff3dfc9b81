"""Licences that were brought here before their holder came go to them, once it is proven who they are.

A person proves it by their face (or the guardians of a child by theirs): whoever knows a name and a number would take
somebody's licences. The name must be the same as well, since a number in an old register may be somebody else's.
"""

import re
import unicodedata
from uuid import UUID

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.identity.rules import Level
from app.identity.service import lock_citizen
from app.kit import db
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.licences.models import HOLDER, HolderKind, Licence
from app.licences.telling import tell
from app.mandates.models import Company

SLICE = 500
# An import looks for the accounts of its holders and writes: whoever is proven in between, and looked for what waited
# before it was there, would get nothing. Those who attach do not wait for each other.
_ONE_BRINGS = "SELECT pg_advisory_xact_lock(7201311436)"
_NONE_BRINGS = "SELECT pg_advisory_xact_lock_shared(7201311436)"
_SPACES = re.compile(r"\s+")
_DOTS = str.maketrans(dict.fromkeys("•‧∙・．.", "·"))


async def bring_alone() -> None:
    """Let nobody else bring licences here, or attach any, until the end of the caller's transaction."""
    await db.rows(_ONE_BRINGS)


async def attach_to_person(citizen_id: str) -> None:
    """Give a citizen the licences that wait for them. Where they are not proven, or gone, none."""
    async with transaction():
        await db.rows(_NONE_BRINGS)
        try:
            citizen = await lock_citizen(UUID(citizen_id))
        except NotFoundError:
            return
        if citizen.id_number is None or not (citizen.ward or citizen.level >= Level.FACE):
            return
        waiting = await _waiting(HolderKind.PERSON, citizen.id_number)
        theirs = [licence for licence in waiting if same_name(licence.holder, citizen.name or "")]
        await _attach(theirs, citizen_id=citizen.id)


async def attach_to_company(company_id: str) -> None:
    """Give a company, of which somebody is confirmed as the representative, the licences that wait for it."""
    company = await Company.get(id=company_id)
    while True:
        async with transaction():
            await db.rows(_NONE_BRINGS)
            waiting = await _waiting(HolderKind.COMPANY, company.uscc)
            await _attach(waiting, company_id=company.id)
        if len(waiting) < SLICE:
            return


def same_name(one: str, other: str) -> bool:
    """Whether two writings are one name: width, spaces and the dot within a name do not count."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return _SPACES.sub("", unicodedata.normalize("NFKC", name)).translate(_DOTS).casefold()


async def _waiting(kind: HolderKind, code: str) -> list[Licence]:
    hashes = keyring().lookups(code, HOLDER)
    nobodys = Licence.filter(citizen_id=None, company_id=None, holder_kind=kind, holder_hash__in=hashes)
    return await nobodys.order_by("id").limit(SLICE).select_for_update(no_key=True)


async def _attach(licences: list[Licence], **owner: UUID) -> None:
    """Make locked licences somebody's, and tell them of each type once."""
    told: set[str] = set()
    for licence in licences:
        licence.update_from_dict({**owner})
        await licence.save(update_fields=list(owner))
        await audit.record(f"licence:{licence.id}", "system", "licence_attached")
        if licence.type_code not in told:
            told.add(licence.type_code)
            definition = await catalogue.get_licence_type(licence.type_code)
            await tell(licence, "licence_attached", str(licence.id), None, definition)
