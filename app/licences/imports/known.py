"""What is here already of the licences and the holders that rows name."""

from dataclasses import dataclass
from uuid import UUID

from app.identity.rules import Level
from app.kit import db
from app.kit.crypto import keyring
from app.licences.imports.rows import ImportedLicence
from app.licences.models import HolderKind, Licence

# Whatever precedes or follows a licence that is named, by its number and type or by its identifier, is of it.
_NAMED = """
WITH RECURSIVE chained AS (
    SELECT id, previous_id FROM licences WHERE number = ANY($1::text[]) OR identifier = ANY($2::text[])
    UNION
    SELECT licence.id, licence.previous_id FROM licences AS licence
    JOIN chained ON licence.previous_id = chained.id OR licence.id = chained.previous_id
) SELECT id FROM chained
"""
# A name and a number are known to many: only a face proves whose they are (decision 16). A child has no account to
# prove one with; its guardian was confirmed.
_PEOPLE = """
SELECT id, id_number_hash FROM citizens
WHERE id_number_hash = ANY($1::text[]) AND (level >= $2 OR ward) AND deleted_at IS NULL AND joined_into IS NULL
"""
_COMPANIES = "SELECT id, uscc FROM companies WHERE uscc = ANY($1::text[])"


class Chains:
    """The versions that are here of licences, found by what a row says of one."""

    def __init__(self, licences: list[Licence]) -> None:
        earlier = {licence.id: licence for licence in licences}
        self._root: dict[UUID, UUID] = {}
        self._chains: dict[UUID, list[Licence]] = {}
        for licence in sorted(licences, key=lambda one: (one.version, one.id)):
            before = earlier.get(licence.previous_id)  # type: ignore[attr-defined]  # Tortoise adds it
            root = self._root.get(before.id, before.id) if before else licence.id
            self._root[licence.id] = root
            self._chains.setdefault(root, []).append(licence)
        self._by_identifier = {licence.identifier: self._root[licence.id] for licence in licences}
        self._by_key = {
            (licence.type_code, licence.issuer_code, licence.number): self._root[licence.id] for licence in licences
        }

    def of(self, row: ImportedLicence) -> list[Licence] | None:
        """The versions, oldest first, of the licence that a row names; None where it names two, or another type's."""
        roots = {self._by_key.get(row.key), self._by_identifier.get(row.identifier or "")} - {None}
        if not roots:
            return []
        chain = self._chains[next(root for root in roots if root)]
        return chain if len(roots) == 1 and chain[-1].type_code == row.type_code else None


async def lock_chains(rows: list[ImportedLicence]) -> Chains:
    """The versions that are here of the licences that rows name, locked for the caller's transaction."""
    numbers = [row.number for row in rows]
    identifiers = [row.identifier for row in rows if row.identifier]
    ids = [found["id"] for found in await db.rows(_NAMED, numbers, identifiers)]
    if not ids:
        return Chains([])
    return Chains(await Licence.select_for_update(no_key=True).filter(id__in=ids).order_by("id"))


@dataclass(frozen=True, slots=True)
class Owners:
    """The accounts of holders, by their codes."""

    citizens: dict[str, UUID]
    companies: dict[str, UUID]


async def find_owners(rows: list[ImportedLicence]) -> Owners:
    """Whose accounts the holders of these licences have, a company's by its code, a person's where a face proved it."""
    ring = keyring()
    people = {row.holder_code for row in rows if row.holder_kind is HolderKind.PERSON}
    hashes = {form: code for code in people for form in ring.lookups(code, "id_number")}
    companies = {row.holder_code for row in rows if row.holder_kind is HolderKind.COMPANY}
    citizens = await db.rows(_PEOPLE, list(hashes), Level.FACE) if hashes else []
    found = await db.rows(_COMPANIES, list(companies)) if companies else []
    return Owners(
        {hashes[citizen["id_number_hash"]]: citizen["id"] for citizen in citizens},
        {company["uscc"]: company["id"] for company in found},
    )
