"""What is read by one statement is what the steps read, row by row, and nobody else's."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from tortoise import Model

from app.applications.asked import asked_of, missing_in
from app.applications.drafts import owned
from app.applications.models import Application, Material, Scan, State, TimelineEntry
from app.applications.moving import limits_of
from app.applications.prefill import marks_of
from app.applications.queries import CaseDetail, get_application
from app.bootstrap import open_house
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.queries import answered_guide, get_guide, get_licence_type
from app.commands.generating import generate
from app.consents.definitions import asked
from app.consents.errors import ConsentMissingError
from app.consents.service import give_consent, respect_withdrawal, withdraw_consent
from app.demo.plan import Plan
from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.errors import DomainError
from app.licences.models import PRESENTING, Licence, LicenceCause, LicenceMove, LicenceState
from app.licences.queries import ShownLicence, list_moves, read_licence, shown_licence
from app.mandates.models import Company
from app.mandates.party import Party
from config.settings import Settings
from tests.service.conftest import copy_database

SEED = 11
COMPANY = UUID(int=7)


@pytest.fixture
async def many(plan: Plan, settings: Settings, with_city: str) -> AsyncIterator[None]:
    """A database full of cases and licences, some of which are unlike what is generated."""
    url = await copy_database(plan.database_url.rpartition("/")[0], with_city)
    async with open_house(settings.model_copy(update={"database_url": SecretStr(url)})):
        await generate(url, citizens=20, licences=40, cases=80)
        await Company.create(
            id=COMPANY,
            uscc="91230800MA1B2C3D4E",
            name="佳木斯市某某公司",
            checked_at=clock.now(),
            created_at=clock.now(),
        )
        yield


def columns(row: Model) -> dict[str, Any]:
    """All that a row holds, opened."""
    return {name: getattr(row, name) for name in row._meta.db_fields}


def told(detail: CaseDetail | ShownLicence) -> dict[str, Any]:
    """All that is known of a case, or a licence."""
    if isinstance(detail, ShownLicence):
        moves = [columns(move) for move in detail.moves]
        return {"licence": columns(detail.licence), "type": detail.definition, "moves": moves, "no": detail.refused}
    return {
        "application": columns(detail.application),
        "timeline": [columns(entry) for entry in detail.timeline],
        "materials": [columns(material) for material in detail.materials],
        "missing": detail.missing,
        "prefilled": [asdict(mark) for mark in detail.prefilled],
        "licence": detail.licence_id,
        "limits": asdict(detail.limits),
    }


async def case_in_steps(party: Party, application_id: UUID) -> CaseDetail:
    """A case, asked for table by table."""
    application = await owned(party, application_id)
    asked = await asked_of(application)
    licence = await Licence.get_or_none(case_no=application.case_no) if application.case_no else None
    return CaseDetail(
        application,
        await TimelineEntry.filter(application=application).order_by("id"),
        await Material.filter(application=application).order_by("id"),
        await missing_in(application, asked.form_schema) if application.state is State.DRAFT else [],
        await marks_of(application),
        licence.id if licence else None,
        await limits_of(application),
    )


async def outcome(read: Any, party: Party, row_id: UUID) -> Any:
    """What a way of reading answers, or how it refuses."""
    try:
        return told(await read(party, row_id))
    except DomainError as error:
        return error.code, error.context


def parties_of(row: Any) -> list[Party]:
    """Its owner, somebody else, a company, and one whose mandate covers it, or something else."""
    citizen_id, matter = row.citizen_id, getattr(row, "item_code", None) or getattr(row, "type_code", "")
    kind = "item" if isinstance(row, Application) else "licence"
    mandate = {"citizen_id": citizen_id, "mandate_id": uuid4()}
    return [
        Party.own(citizen_id),
        Party.own(uuid4()),
        Party(actor_id=citizen_id, citizen_id=None, company_id=COMPANY),
        Party(actor_id=uuid4(), **mandate, matters=(f"{kind}:{matter}",)),
        Party(actor_id=uuid4(), **mandate, matters=(f"{kind}:another",)),
    ]


async def unlike_others(rnd: Random, case: Application) -> None:
    """Make a case one of many kinds."""
    reach: dict[str, Any] = {
        "contact": {"phone": "13900000000", "address": None},
        "delivery": {"method": "pick_up", "hall": "city"},
        "result": {"method": "post", "carrier": "邮政", "tracking_no": "1"},
        "supplement_note": "缺一页",
        "prefilled": dict.fromkeys(list(case.form)[:2], "identity.name"),
        "prefill_away": ["shared.household"],
        "mandate_id": uuid4(),
        "resubmission_of": uuid4(),
        "state": rnd.choice(list(State)),
    }
    for name, value in reach.items():
        if rnd.random() < 0.4:
            setattr(case, name, value)
    if rnd.random() < 0.2:
        case.company_id = COMPANY
    await case.save()
    if rnd.random() < 0.5:
        await Material.create(
            application=case,
            material_id="photo",
            content_type="image/jpeg",
            size=1,
            width=2,
            height=3,
            sha256="0" * 64,
            blob_key=uuid4().hex,
            preview_blob_key=rnd.choice([None, uuid4().hex]),
            scan=rnd.choice(list(Scan)),
            handed_in_at=rnd.choice([None, clock.now()]),
            created_at=clock.now(),
        )
    if rnd.random() < 0.2:
        await TimelineEntry.filter(application=case).delete()


async def test_a_case_is_what_the_steps_read(many: None) -> None:
    del many
    rnd, found = Random(SEED), await Application.all().order_by("id")
    assert len(found) == 80
    refused = 0
    for case in found:
        await unlike_others(rnd, case)
        for party in parties_of(case):
            by_steps = await outcome(case_in_steps, party, case.id)
            assert await outcome(get_application, party, case.id) == by_steps
            refused += isinstance(by_steps, tuple)
    assert 80 < refused < 80 * 4


async def test_a_case_whose_guide_changed_is_reckoned_by_its_own_version(many: None) -> None:
    del many
    case = await Application.filter(company_id=None).first()
    assert case is not None
    await get_application(party := Party.own(case.citizen_id), case.id)  # type: ignore[attr-defined]  # Tortoise adds it
    await db.execute(
        "UPDATE item_versions SET digest = $3, guide = jsonb_set(guide::jsonb, '{promised_days}', '77')::text"
        " WHERE item_code = $1 AND number = $2",
        *(case.item_code, case.item_version, "1" * 64),
    )
    assert told(await get_application(party, case.id)) == told(await case_in_steps(party, case.id))
    await db.execute("UPDATE item_versions SET state = 'draft' WHERE item_code = $1", case.item_code)
    with pytest.raises(DomainError):
        await get_application(party, case.id)


async def licence_in_steps(party: Party, licence_id: UUID) -> ShownLicence:
    """A licence to be shown, asked for table by table."""
    licence = await shown_licence(party, licence_id)
    refused = False
    if party.citizen_id:
        try:
            await respect_withdrawal(party.citizen_id, PRESENTING)
        except ConsentMissingError:
            refused = True
    return ShownLicence(licence, await get_licence_type(licence.type_code), await list_moves(licence), refused)


async def unlike_other_licences(rnd: Random, licence: Licence) -> None:
    """Make a licence one of many kinds, and its holder too."""
    licence.state = rnd.choice(list(LicenceState))
    licence.state_reason = rnd.choice([None, "核查"])
    licence.valid_until = rnd.choice([None, licence.valid_from])
    licence.type_code = rnd.choice([licence.type_code] * 9 + ["nothing"])
    citizen_id: UUID = licence.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
    if rnd.random() < 0.2:
        licence.company_id = COMPANY
    await licence.save()
    await Citizen.filter(id=citizen_id).update(level=rnd.randrange(4), ward=rnd.choice([True, False, None, None]))
    for at in range(rnd.randrange(3)):
        await LicenceMove.create(
            licence=licence,
            cause=rnd.choice(list(LicenceCause)),
            before=LicenceState.VALID,
            after=LicenceState.SUSPENDED,
            reason="核查",
            actor="clock",
            office="佳木斯市",
            at=clock.now() - timedelta(seconds=at // 2),
        )
    if rnd.random() < 0.5:
        await give_consent(citizen_id, PRESENTING, asked(PRESENTING).version, actor="test", session_id=None)
        if rnd.random() < 0.5:
            await withdraw_consent(citizen_id, PRESENTING, actor="test", session_id=None)


async def test_a_licence_is_what_the_steps_read(many: None) -> None:
    del many
    rnd = Random(SEED)
    found, acting = await Licence.filter(citizen_id__not_isnull=True).order_by("id"), await Citizen.all()
    refused = 0
    for licence in found:
        await unlike_other_licences(rnd, licence)
        others = [replace(party, actor_id=rnd.choice(acting).id) for party in parties_of(licence)]
        for party in (*parties_of(licence), *others):
            by_steps = await outcome(licence_in_steps, party, licence.id)
            assert await outcome(partial(read_licence, with_moves=True), party, licence.id) == by_steps
            alone = await outcome(partial(read_licence, with_moves=False), party, licence.id)
            assert alone == (by_steps if isinstance(by_steps, tuple) else by_steps | {"moves": []})
            refused += isinstance(by_steps, tuple)
    assert len(found) >= 40
    assert len(found) < refused < len(found) * 10


async def test_a_guide_is_answered_as_it_is_found(many: None) -> None:
    """Whatever changed since it was answered last: its text, its number, its first day, its department."""
    del many
    items = [row["item_code"] for row in await db.rows("SELECT item_code FROM items ORDER BY item_code LIMIT 5")]
    changes = (
        "SELECT 1",
        "SELECT 1",
        "UPDATE departments SET name = name || '（新）'",
        "UPDATE item_versions SET effective_on = effective_on - 1",
        "UPDATE item_versions SET guide = replace(guide, '天', '日'), digest = reverse(digest)",
        "UPDATE item_versions SET number = number + 1",
    )
    tags = set()
    for change in changes:
        await db.rows(change)
        for item in items:
            found, answered = await get_guide(item), await answered_guide(item)
            assert (answered.content.decode(), answered.etag) == (found.answer, found.etag)
            tags.add(answered.etag)
    assert len(tags) == len(items) * (len(changes) - 1)
    await db.execute("UPDATE item_versions SET offered = false WHERE item_code = $1", items[0])
    for gone in (items[0], "nothing", "x" * 1000):
        with pytest.raises(ItemNotFoundError):
            await answered_guide(gone)
