"""Who calls: officers who verify and citizens who hold a licence, signed in; and the codes that are shown."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.catalogue.licence_type import Preset
from app.catalogue.queries import get_licence_type
from app.identity.models import Session, Staff
from app.identity.rules import EVERY_DEPARTMENT, Audience, Duty
from app.kit import clock, db
from app.licences.codes import LONGEST, CodeKind, CodeSigner, SignedCode
from app.licences.models import Licence, Presentation
from app.licences.presenting.making import Wanted, make_code, row_of, text_of
from bench.town import Town

OFFICERS = 1_000
_HELD = """
SELECT licences.id, licences.citizen_id, sessions.id AS session_id, applications.id AS case_id
FROM licences JOIN applications USING (case_no) JOIN sessions ON sessions.citizen_id = licences.citizen_id
WHERE licences.state = 'valid' AND licences.company_id IS NULL AND sessions.ended_at IS NULL
ORDER BY licences.id DESC LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is signed in; ``bearer`` is the header that says so."""

    id: UUID
    session_id: UUID
    bearer: dict[str, str]


@dataclass(frozen=True, slots=True)
class Holder(Caller):
    """A citizen, with a licence of theirs and the case that led to it."""

    licence_id: UUID
    case_id: UUID


def bearer(town: Town, audience: Audience, owner: UUID, session: UUID) -> dict[str, str]:
    """The header of a session's access token."""
    return {"Authorization": f"Bearer {town.house.access_tokens.issue(audience, owner, session)}"}


async def make_officers(town: Town, many: int = OFFICERS, **differing: Any) -> list[Caller]:
    """Members of staff who verify, signed in; ``differing`` are columns that are otherwise."""
    moment = clock.now()
    columns = {"password_hash": "", "office": "bench", "department": EVERY_DEPARTMENT, "duties": [Duty.VERIFY]}
    staff = [Staff(username="", created_at=moment, **{**columns, **differing}) for _ in range(many)]
    for member in staff:
        member.username = str(member.id)
    await Staff.bulk_create(staff)
    sessions = [
        Session(audience=Audience.STAFF, staff_id=member.id, device="bench", created_at=moment, last_used_at=moment)
        for member in staff
    ]
    await Session.bulk_create(sessions)
    return [
        Caller(member.id, session.id, bearer(town, Audience.STAFF, member.id, session.id))
        for member, session in zip(staff, sessions, strict=True)
    ]


async def find_holders(town: Town, many: int) -> list[Holder]:
    """Citizens with a valid licence of their own, at most so many, whose sessions are in use."""
    rows = await db.rows(_HELD, many)
    sessions = [row["session_id"] for row in rows]
    await db.execute("UPDATE sessions SET last_used_at = $1 WHERE id = ANY($2::uuid[])", clock.now(), sessions)
    return [
        Holder(
            row["citizen_id"],
            row["session_id"],
            bearer(town, Audience.CITIZEN, row["citizen_id"], row["session_id"]),
            row["id"],
            row["case_id"],
        )
        for row in rows
    ]


class Codes:
    """Makes codes as phones get them, of these holders' licences in turn."""

    def __init__(self, town: Town, holders: Sequence[Holder], kind: CodeKind = CodeKind.LIVE) -> None:
        self._town, self._kind = town, kind
        self._next: Iterator[Holder] = itertools.cycle(holders)
        self._licences: dict[UUID, Licence] = {}

    async def make(self, many: int, age: timedelta = timedelta(0), signer: CodeSigner | None = None) -> list[str]:
        """The texts of so many codes that were handed out so long ago."""
        return [text for text, _ in await self.made(many, age, signer)]

    async def made(
        self, many: int, age: timedelta = timedelta(0), signer: CodeSigner | None = None
    ) -> list[tuple[str, Presentation]]:
        """The same with their rows."""
        holders = list(itertools.islice(self._next, many))
        if new := [holder.licence_id for holder in holders if holder.licence_id not in self._licences]:
            self._licences |= {one.id: one for one in await Licence.filter(id__in=new)}
        moment = clock.now().replace(microsecond=0) - age
        found = []
        for holder in holders:
            licence = self._licences[holder.licence_id]
            code = await self._code(licence, moment, signer or self._town.house.code_signer)
            row = row_of(code, licence)
            row.session_id = holder.session_id
            found.append((text_of("https://jiaban.example", code), row))
        await Presentation.bulk_create([row for _, row in found])
        return found

    async def _code(self, licence: Licence, moment: datetime, signer: CodeSigner) -> SignedCode:
        definition = await get_licence_type(licence.type_code)
        until = moment + LONGEST[self._kind]
        wanted = Wanted(licence, definition, self._kind, Preset.ALL, moment, until)
        return await make_code(signer, wanted, (licence.status_list, licence.status_index))


def scan(code: str) -> bytes:
    """The body of a verification."""
    return json.dumps({"code": code}).encode()
