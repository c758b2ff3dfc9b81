"""What is here already of the licences and the holders that rows name."""

from dataclasses import dataclass
from uuid import UUID

from app.identity.models import Citizen
from app.identity.rules import Level
from app.kit import db
from app.kit.crypto import keyring
from app.licences.attaching import same_name
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
# prove one with; its guardian was confirmed. An account that is being joined with another is waited for.
_PEOPLE = """
SELECT id FROM citizens
WHERE id_number_hash = ANY($1::text[]) AND (level >= $2 OR ward) AND deleted_at IS NULL AND joined_into IS NULL
ORDER BY id FOR KEY SHARE
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

    people: dict[str, Citizen]
    companies: dict[str, UUID]

    def citizen_of(self, row: ImportedLicence) -> UUID | None:
        """The person who gets a licence: whose number and name it says, as with one that waited."""
        person = self.people.get(row.holder_code) if row.holder_kind is HolderKind.PERSON else None
        return person.id if person and same_name(row.holder, person.name or "") else None

    def company_of(self, row: ImportedLicence) -> UUID | None:
        """The company that gets a licence."""
        return self.companies.get(row.holder_code) if row.holder_kind is HolderKind.COMPANY else None


async def find_owners(rows: list[ImportedLicence]) -> Owners:
    """The accounts of these licences' holders, a company's by its code, a person's where a face proved it."""
    ring = keyring()
    people = {row.holder_code for row in rows if row.holder_kind is HolderKind.PERSON}
    hashes = {form: code for code in people for form in ring.lookups(code, "id_number")}
    companies = {row.holder_code for row in rows if row.holder_kind is HolderKind.COMPANY}
    proven = [row["id"] for row in await db.rows(_PEOPLE, list(hashes), Level.FACE)] if hashes else []
    citizens = await Citizen.filter(id__in=proven).only("id", "name", "id_number_hash") if proven else []
    found = await db.rows(_COMPANIES, list(companies)) if companies else []
    return Owners(
        {hashes[citizen.id_number_hash]: citizen for citizen in citizens if citizen.id_number_hash},
        {company["uscc"]: company["id"] for company in found},
    )
