"""Cases for service tests, made by the services themselves, without the worker's help."""

import io
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from PIL import Image

from app.applications import drafts, filling
from app.applications.errors import DraftOutdatedError
from app.applications.materials.service import add_material
from app.applications.models import Application
from app.bootstrap import House
from app.catalogue.queries import get_item
from app.finding.queries import search_items
from app.identity.models import Citizen, Staff
from app.identity.rules import Audience
from app.identity.sessions import open_session
from app.identity.sign_in import sign_in
from app.identity.verification import verify_real_name
from app.kit import clock
from app.kit.db import transaction
from app.licences.issuing import Holder, issue_licence
from app.licences.models import Licence
from app.licences.results import LicenceResult
from app.mandates.party import Party
from tests.people import Person, make_person

FORM: dict[str, Any] = {
    "applicant_name": "测试",
    "applicant_id_number": "11010519491231002X",
    "business_name": "桂兰小吃店",
    "business_site": "示例路1号",
    "business_kind": "餐饮服务经营者",
    "business_items": ["热食类食品制售"],
}


async def verified_citizen(house: House, person: Person | None = None) -> Citizen:
    """A citizen at assurance level 2."""
    person = person or make_person()
    citizen = (await sign_in(house.wechat, house.settings.wechat.mini_program_appid, person.login_code)).citizen
    return await verify_real_name(house.authority, citizen.id, person.name, person.id_number, device=f"{citizen.id}")


async def issued_licence(citizen: Citizen, case_no: str, result: LicenceResult | None = None) -> Licence:
    """A licence of this citizen's, on its own unless the result says that it follows another."""
    holder = Holder(citizen.id, None, citizen.name or "", citizen.id_number)
    async with transaction():
        return await issue_licence(
            holder, "food_business", case_no, FORM, result or LicenceResult(valid_from=date(2026, 11, 22))
        )


async def verifier() -> Staff:
    """The demonstration's verifier."""
    return await Staff.get(username="verifier")


async def sensitive_licence(citizen_id: UUID) -> Licence:
    """A licence of a kind that is shown at level 3 only."""
    form = {"applicant_name": "测", "disability_kind": "视力"}
    async with transaction():
        return await issue_licence(
            Holder(citizen_id, None, "测", None),
            "disability_certificate",
            f"s{uuid4().hex}",
            form,
            LicenceResult(valid_from=date(2026, 11, 22)),
        )


@cache
def _password_hash() -> str:
    """Made once: a hash that is meant to be slow to make would be half of what many a test takes."""
    return PasswordHasher().hash("password-of-a-test")


async def staff_member(duties: list[str], **columns: Any) -> Staff:
    """A member of staff of the market supervision's first office, with the password ``password-of-a-test``."""
    plain = {"office": "执法一科", "department": "scjg", "created_at": clock.now(), **columns}
    return await Staff.create(username=f"t{uuid4().hex}", password_hash=_password_hash(), duties=duties, **plain)


async def signed_in(house: House, member: Staff) -> dict[str, str]:
    """The header by which a member of staff calls."""
    grant = await open_session(house.access_tokens, Audience.STAFF, member.id, "测试")
    return {"Authorization": f"Bearer {grant.tokens.access_token}"}


async def trip_item() -> str:
    """The code of the trip's item."""
    page = await search_items("食品经营", "", "", None)
    return page.items[0].item_code


def some_case_no(citizen_id: UUID) -> str:
    """A case number that no other test has."""
    return f"test{citizen_id.hex}"


def photograph(side: int = 64) -> bytes:
    """A square photograph of noise, which hardly shrinks."""
    content = io.BytesIO()
    Image.effect_noise((side, side), 80).save(content, "JPEG", quality=95)
    return content.getvalue()


async def fill_draft(party: Party, application_id: UUID, form: dict[str, Any]) -> filling.Saved:
    """A draft with these fields put in by somebody who has seen all of it."""
    seen = await Application.get(id=application_id)
    return await filling.save_form(party, application_id, form, seen.revision)


async def insist(party: Party, application_id: UUID, form: dict[str, Any]) -> filling.Saved:
    """The same by somebody who reads the draft again whenever it was changed since."""
    while True:
        try:
            return await fill_draft(party, application_id, form)
        except DraftOutdatedError:
            continue


async def answer_draft(party: Party, application_id: UUID, answers: dict[str, str]) -> Application:
    """A draft whose questions were answered anew by somebody who has seen all of it."""
    seen = await Application.get(id=application_id)
    return (await filling.answer_questions(party, application_id, answers, seen.revision)).application


async def ready_draft(house: House, citizen: Citizen, *photographs: bytes) -> Application:
    """A draft of the trip's item that can be submitted."""
    party, code = Party.own(citizen.id), await trip_item()
    draft = await drafts.start_application(party, code)
    await fill_draft(party, draft.id, (await get_item(code)).guide.form_example)
    for content in photographs or (photograph(),):
        await add_material(house.blobs, party, draft.id, "site_photo", content, scan_needed=False)
    return draft
