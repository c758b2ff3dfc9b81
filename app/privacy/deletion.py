"""Deletion of an account and of what is held about its citizen (PIPL, article 47).

What a law or an open question still needs stays for its time (``config/retention.yaml``) and is used for nothing else;
with it the name and number it belongs to. The audit stays whole, since it holds ids only.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.applications.forgetting import Standing, delete_applications, standing_of
from app.audit import service as audit
from app.broadcasts import held as broadcasts
from app.complaints import held as complaints
from app.consents import service as consents
from app.finding import held as finding
from app.identity import held as identity
from app.identity.models import Citizen
from app.identity.queries import lock_present
from app.identity.service import get_citizen
from app.kit import clock, retention, texts
from app.kit.blobs import doom
from app.kit.db import transaction
from app.kit.held import count_all
from app.licences.held import KeptLicence, kept_licences
from app.mandates.service import end_all
from app.notifications import held as notifications
from app.official_account import held as official_account
from app.privacy.archive import piece_key
from app.privacy.errors import DeletionBlockedError
from app.privacy.exports import prefix_of
from app.privacy.models import Export
from app.privacy.parts import PARTS
from app.reviews import held as reviews

_GOES = (
    *("wechat_accounts", "provincial_accounts", "face_verifications", "reviews", "complaints"),
    *("messages", "sends", "grants", "message_preferences", "staff_tasks"),
    *("broadcast_recipients", "exports", "wechat_pushes"),
    *("favourites", "recent_items", "recent_items_off"),
)
_STAYS = ("mandates", "consents", "sessions")
_COUNTED = [part for part in PARTS if part.name in {*_GOES, *_STAYS}]


@dataclass(frozen=True, slots=True)
class Going:
    """A kind of data that goes at once."""

    kind: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Staying:
    """A kind of data that stays: on what ground, and until when the last of it (None: as long as the ground lasts)."""

    kind: str
    title: str
    count: int
    basis: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a deletion would do; ``blocked_by`` are the numbers of cases under way, while which there is none."""

    blocked_by: list[str]
    goes: list[Going]
    stays: list[Staying]


async def outlook(citizen_id: UUID) -> Outlook:
    """What would be deleted at once, and what would stay, why, and until when. Raises NotFoundError."""
    standing, licences = await standing_of(citizen_id, lock=False), await kept_licences(citizen_id)
    citizen = await get_citizen(citizen_id)
    titles, counts = {part.name: part.title for part in _COUNTED}, await count_all(_COUNTED, citizen_id)
    goes = [Going(name, titles[name], counts[name]) for name in _GOES]
    goes += [Going("drafts", retention.terms()["drafts"].title, len(standing.drafts))]
    goes += [Going("phone", texts.text("privacy", "phone"), int(citizen.phone is not None))]
    if citizen.name and not _must_stay(standing, licences):
        goes.append(Going("identity", texts.text("privacy", "identity"), 1))
    return Outlook(standing.under_way, [entry for entry in goes if entry.count], _stays(standing, licences, counts))


def _must_stay(standing: Standing, licences: list[KeptLicence]) -> bool:
    return bool(standing.kept or standing.company_drafts or licences)


def _stays(standing: Standing, licences: list[KeptLicence], counts: dict[str, int]) -> list[Staying]:
    terms, moment = retention.terms(), clock.now()
    ends: dict[str, list[datetime | None]] = {
        "cases": [case.ended_at for case in standing.kept],
        "licences": [licence.ends_at for licence in licences],
        **{kind: [moment] * counts[kind] for kind in _STAYS},
    }
    found = [
        Staying(kind, terms[kind].title, len(moments), terms[kind].basis, _after(terms[kind], moments))
        for kind, moments in ends.items()
        if moments
    ]
    if _must_stay(standing, licences):
        until = [entry.until for entry in found if entry.until and entry.kind in {"cases", "licences"}]
        term = terms["deleted_accounts"]
        found.append(Staying("identity", texts.text("privacy", "identity"), 1, term.basis, max(until, default=None)))
    audit_basis = texts.text("privacy", "audit_basis")
    return [*found, Staying("audit", texts.text("privacy", "audit"), 1, audit_basis, None)]


def _after(term: retention.Term, ends: list[datetime | None]) -> datetime | None:
    """The day after which the last of some things goes; None where one has no end."""
    known = [end for end in ends if end]
    return term.after(max(known)) if len(known) == len(ends) else None


async def delete_account(citizen_id: UUID, *, by: UUID, actor: str, mandate_id: UUID | None) -> list[Staying]:
    """Delete an account at once, all of it or nothing; returns what stays.

    ``by`` is the citizen or a ward's guardian. Files are deleted by the worker afterwards. A draft that is being
    submitted at this moment is a case under way, or is gone before. Raises DeletionBlockedError or SessionEndedError.
    """
    async with transaction():
        await lock_present(citizen_id)
        standing, licences = await standing_of(citizen_id, lock=True), await kept_licences(citizen_id)
        if standing.under_way:
            raise DeletionBlockedError(case_numbers=standing.under_way)
        await end_all(citizen_id, by)
        await consents.withdraw_all(citizen_id, actor=actor, mandate_id=mandate_id)
        await delete_applications(standing.drafts)
        # Whoever was still telling them something has finished after this.
        await Citizen.select_for_update().get(id=citizen_id)
        await notifications.forget_all(citizen_id)
        await official_account.forget_all(citizen_id)
        await broadcasts.forget_all(citizen_id)
        await finding.forget_all(citizen_id)
        await reviews.forget_all(citizen_id)
        await complaints.forget_all(citizen_id)
        await _delete_exports(citizen_id)
        await identity.delete_account(citizen_id)
        must_stay = _must_stay(standing, licences)
        if not must_stay:
            await identity.anonymise([citizen_id])
        await audit.record(f"citizen:{citizen_id}", actor, "account_deleted", identity_kept=must_stay)
    return _stays(standing, licences, await count_all(_COUNTED, citizen_id))


async def _delete_exports(citizen_id: UUID) -> None:
    for export in await Export.filter(citizen_id=citizen_id):
        prefix = prefix_of(export.id, export.attempt)
        await doom([piece_key(prefix, number) for number in range(export.pieces)])
    await Export.filter(citizen_id=citizen_id).delete()
