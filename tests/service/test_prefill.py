"""What a draft is filled with before anybody types, and by whose leave."""

import copy
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tortoise.backends.base.client import TransactionalDBClient

from app.applications import drafts, queries, service
from app.applications.materials.service import add_material
from app.applications.models import Application, State
from app.applications.prefill import PURPOSE, Sources, marks_of
from app.audit.models import AuditRecord
from app.bootstrap import House
from app.catalogue.guide import Guide
from app.catalogue.models import VersionOrigin
from app.catalogue.queries import get_item
from app.catalogue.service import bring_into_effect, lock_publishing, publish_guides
from app.consents.service import give_consent, withdraw_consent
from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ports import AmbiguousError
from app.licences.issuing import Holder, issue_licence
from app.licences.models import Licence, LicenceCause
from app.licences.moving import move_licence_of_case
from app.licences.results import LicenceResult
from app.mandates.models import Company, Mandate, MandateKind, MandateState
from app.mandates.party import Party, party_of
from tests.hostile import LONG, PRINTED
from tests.service.cases import fill_draft, photograph, verified_citizen

FOOD = "11230800JB0000017Q3000131001001"
TEXT = {"type": "string", "maxLength": 100}
SOURCES: dict[str, dict[str, Any]] = {
    "shop": {**TEXT, "title": "店名", "x-prefill": ["licence.food_business.business_name", "earlier"]},
    "site_before": {**TEXT, "title": "原经营场所", "x-prefill": "licence.food_business.business_site"},
    "disability": {**TEXT, "title": "残疾类别", "x-prefill": "licence.disability_certificate.disability_kind"},
    "household": {**TEXT, "title": "户籍地址", "x-prefill": ["shared.population.household_address", "earlier"]},
    "household_region": {
        "type": "string",
        "title": "户籍地区",
        "maxLength": 12,
        "x-widget": "region",
        "x-level": "township",
        "x-prefill": "shared.population.household_region",
    },
    "registered_kind": {**TEXT, "title": "登记类型", "x-prefill": "shared.business.kind"},
    "boss": {**TEXT, "title": "法定代表人", "x-prefill": ["company.legal_representative", "identity.name"]},
    "memo": {**TEXT, "title": "说明", "x-prefill": "earlier"},
    "short": {"type": "string", "title": "简称", "maxLength": 2, "x-prefill": ["earlier", "identity.name"]},
}


class Shared:
    """Bodies that share data; ``down`` are sets that do not answer."""

    def __init__(self, **values: dict[str, Any]) -> None:
        self.values, self.down = values, set[str]()
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def fetch(self, data_set: str, subject: dict[str, str]) -> dict[str, Any]:
        """Nobody may wait for others while a transaction holds rows."""
        assert not isinstance(db.connection(), TransactionalDBClient)
        self.asked.append((data_set, subject))
        if data_set in self.down:
            raise AmbiguousError("no_answer")
        return self.values.get(data_set, {})


@pytest.fixture
async def food(quiet: House) -> AsyncIterator[Guide]:
    """The food licence, whose form names every kind of source while a test lasts."""
    del quiet
    before = (await get_item(FOOD)).guide
    schema = copy.deepcopy(before.form_schema)
    for definition in schema["properties"].values():
        if not str(definition.get("x-prefill", "")).startswith(("identity.", "company.")):
            definition.pop("x-prefill", None)
    schema["properties"].update(SOURCES)
    schema["properties"]["business_site"]["x-prefill"] = "earlier"
    guide = before.model_copy(update={"form_schema": schema})
    await publish(guide)
    yield guide
    await publish(before)


async def publish(guide: Guide) -> None:
    async with transaction():
        await lock_publishing()
        await publish_guides([guide], clock.today(), VersionOrigin.TABLES)
        await bring_into_effect([guide.item_code])


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """At level 2, who agreed to being filled in."""
    citizen = await verified_citizen(quiet)
    await give_consent(citizen.id, PURPOSE, 1, actor="citizen", session_id=None)
    return citizen


async def licence(citizen: Citizen, kind: str = "food_business", days: int = 0, **form: Any) -> Licence:
    async with transaction():
        return await issue_licence(
            Holder(citizen.id, None, "测", None),
            kind,
            f"p{uuid4().hex}",
            {"business_name": "老店", "business_site": "示例路1号", "disability_kind": "视力", **form},
            LicenceResult(clock.today() + timedelta(days=days)),
        )


async def submitted(house: House, guide: Guide, party: Party, **form: Any) -> Application:
    draft = await drafts.start_application(party, guide.item_code)
    await fill_draft(party, draft.id, {**guide.form_example, **form})
    await add_material(house.blobs, party, draft.id, "site_photo", photograph(), scan_needed=False)
    return await service.submit_application(party, draft.id, None)


async def begun(party: Party, shared: Shared | None = None) -> Application:
    return await drafts.start_application(party, FOOD, None, shared)


def marked(draft: Application) -> dict[str, str]:
    return dict(draft.prefilled or {})


IDENTITY = {
    "applicant_name": "identity.name",
    "applicant_id_number": "identity.id_number",
    "legal_representative": "identity.name",
    "boss": "identity.name",
}


async def test_each_value_says_where_it_comes_from(quiet: House, food: Guide, citizen: Citizen) -> None:
    """The first source that knows it, in the order that the form names; each in a sentence."""
    party = Party.own(citizen.id)
    await submitted(quiet, food, party, shop="早店", memo="同上", household="旧址", business_site="示例路7号")
    await licence(citizen)
    shared = Shared(population={"household_address": "示例街2号", "household_region": "230804007"})
    draft = await begun(party, shared)
    assert marked(draft) == {
        **IDENTITY,
        "business_site": "earlier",
        "shop": "licence.food_business.business_name",
        "site_before": "licence.food_business.business_site",
        "household": "shared.population.household_address",
        "household_region": "shared.population.household_region",
        "memo": "earlier",
    }
    assert (draft.form["shop"], draft.form["household"], draft.form["business_site"]) == (
        "老店",
        "示例街2号",
        "示例路7号",
    )
    titles = {mark.field: mark.title for mark in await marks_of(draft)}
    assert titles["applicant_name"] == "来自实名认证"
    assert titles["shop"] == "来自电子食品经营许可证"
    assert titles["household"] == "来自共享数据：人口库"
    assert titles["memo"] == "来自上次办理"
    assert list(titles) == [name for name in draft.form if name in titles]
    assert shared.asked == [
        ("business", {"id_number": citizen.id_number}),
        ("population", {"id_number": citizen.id_number}),
    ]


async def test_what_its_field_would_refuse_is_left_to_the_next_source(food: Guide, citizen: Citizen) -> None:
    """Too long, of another type, no place of ours."""
    del food
    shared = Shared(population={"household_address": 5, "household_region": "230804"})
    draft = await begun(Party.own(citizen.id), shared)
    assert marked(draft) == IDENTITY
    assert "short" not in draft.form
    citizen.name = "李桂"
    await citizen.save(update_fields=["name"])
    again = await begun(Party.own(citizen.id), Shared())
    assert again.form["short"] == "李桂"


async def test_a_value_that_is_changed_loses_its_mark(quiet: House, food: Guide, citizen: Citizen) -> None:
    """The others keep theirs; the same value again is no change."""
    party = Party.own(citizen.id)
    await submitted(quiet, food, party, memo="同上", shop="早店")
    draft = await begun(party)
    assert {"memo", "shop"} <= marked(draft).keys()
    saved = await fill_draft(party, draft.id, {"memo": "同上", "shop": "新店"})
    assert "shop" not in marked(saved.application)
    assert marked(saved.application)["memo"] == "earlier"
    saved = await fill_draft(party, draft.id, {"shop": "早店"})
    assert "shop" not in marked(saved.application)
    saved = await fill_draft(party, draft.id, {"memo": None})
    assert "memo" not in marked(saved.application)
    assert {mark.field for mark in saved.prefilled} == marked(saved.application).keys()


async def test_only_a_valid_licence_gives_values_and_the_newest_first(food: Guide, citizen: Citizen) -> None:
    """Not one that was revoked, that is over, or that begins later."""
    del food
    party = Party.own(citizen.id)
    await licence(citizen, days=-2000, business_name="过期店")
    await licence(citizen, days=5, business_name="将来店")
    assert "shop" not in marked(await begun(party))
    await licence(citizen, days=-20, business_name="老店")
    newest = await licence(citizen, days=-2, business_name="新店")
    assert (await begun(party)).form["shop"] == "新店"
    async with transaction():
        await move_licence_of_case(str(newest.case_no), LicenceCause.REVOKED, "查实")
    assert (await begun(party)).form["shop"] == "老店"


async def test_a_sensitive_licence_shows_its_values_at_its_level_only(food: Guide, citizen: Citizen) -> None:
    """As the licence itself does."""
    del food
    await licence(citizen, "disability_certificate", applicant_name="测")
    assert "disability" not in (await begun(Party.own(citizen.id))).form
    await Citizen.filter(id=citizen.id).update(level=3)
    assert (await begun(Party.own(citizen.id))).form["disability"] == "视力"


async def mandate(principal: Citizen, delegate: Citizen, *matters: str) -> Party:
    row = await Mandate.create(
        kind=MandateKind.PROXY,
        principal_id=principal.id,
        delegate_id=delegate.id,
        matters=list(matters),
        state=MandateState.ACTIVE,
        ends_at=clock.now() + timedelta(days=30),
        created_at=clock.now(),
    )
    return await party_of(delegate.id, row.id)


async def test_a_proxy_sees_what_the_mandate_covers_and_of_the_principal(
    quiet: House, food: Guide, citizen: Citizen
) -> None:
    """Licences only where they are named, earlier cases of the items that are."""
    principal = citizen
    delegate = await verified_citizen(quiet)
    await submitted(quiet, food, Party.own(principal.id), memo="本人的")
    await submitted(quiet, food, Party.own(delegate.id), memo="代办人的")
    await licence(principal)
    narrow = await begun(await mandate(principal, delegate, f"item:{FOOD}"))
    assert narrow.form["memo"] == "本人的"
    assert narrow.form["applicant_name"] == principal.name
    assert "site_before" not in narrow.form
    wide = await begun(await mandate(principal, delegate, f"item:{FOOD}", "licence:food_business"))
    assert wide.form["site_before"] == "示例路1号"
    await Application.filter(citizen_id=principal.id).update(item_code="another")
    assert "memo" not in (await begun(await mandate(principal, delegate, f"item:{FOOD}"))).form


async def test_a_company_is_filled_in_with_its_own(quiet: House, food: Guide, citizen: Citizen) -> None:
    """Its register, its representative, its cases; nothing of the person who acts."""
    moment = clock.now()
    company = await Company.create(uscc=uuid4().hex[:18].upper(), name="示例公司", checked_at=moment, created_at=moment)
    row = await Mandate.create(
        kind=MandateKind.REPRESENTATIVE,
        company=company,
        delegate_id=citizen.id,
        matters=["*"],
        state=MandateState.ACTIVE,
        ends_at=moment + timedelta(days=30),
        created_at=moment,
    )
    await submitted(quiet, food, Party.own(citizen.id), memo="个人的")
    await licence(citizen)
    party = await party_of(citizen.id, row.id)
    shared = Shared(business={"kind": "食品销售经营者"})
    draft = await begun(party, shared)
    assert shared.asked[0] == ("business", {"uscc": company.uscc})
    assert not {"memo", "shop", "household"} & draft.form.keys()
    marks = {mark.field: (mark.source, mark.title) for mark in await marks_of(draft)}
    assert marks["business_name"] == ("company.name", "来自企业登记信息")
    assert marks["boss"] == ("company.legal_representative", "来自企业登记信息")
    assert marks["registered_kind"] == ("shared.business.kind", "来自共享数据：企业登记库")
    await submitted(quiet, food, party, memo="公司的")
    assert (await begun(party)).form["memo"] == "公司的"


async def test_who_withdrew_their_consent_is_filled_in_by_identity_alone(
    quiet: House, food: Guide, citizen: Citizen
) -> None:
    """And nobody else is asked; with the consent given again, they are."""
    party = Party.own(citizen.id)
    await submitted(quiet, food, party, memo="同上")
    await licence(citizen)
    await give_consent(citizen.id, PURPOSE, 1, actor=party.name, session_id=None)
    await withdraw_consent(citizen.id, PURPOSE, actor=party.name, session_id=None)
    shared = Shared(population={"household_address": "示例街2号"})
    assert marked(await begun(party, shared)) == IDENTITY
    assert shared.asked == []
    await give_consent(citizen.id, PURPOSE, 1, actor=party.name, session_id=None)
    assert {"memo", "shop", "household"} <= marked(await begun(party, shared)).keys()


async def test_a_source_that_is_away_keeps_nobody_from_beginning(food: Guide, citizen: Citizen) -> None:
    """The draft says which; the others still fill in."""
    del food
    shared = Shared(business={"kind": "食品销售经营者"})
    shared.down = {"population"}
    draft = await begun(Party.own(citizen.id), shared)
    assert draft.prefill_away == ["shared.population"]
    assert draft.form["registered_kind"] == "食品销售经营者"
    assert (await begun(Party.own(citizen.id))).prefill_away is None


async def test_what_another_body_says_is_taken_as_text_or_left_out(food: Guide, citizen: Citizen) -> None:
    """Whatever it says the draft begins, and holds nothing that its field would refuse or nobody can keep."""
    del food
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    fits = {kind: text[:100] for kind, text in PRINTED.items()}
    odd = ["a\0b", "a\ud83d", "\x1b[31m", LONG, "", deep, {"a": 1}, [["230804007"]], float("nan"), 10**400, True, None]
    for value in (*fits.values(), *odd):
        told = {"household_address": value, "household_region": value, "\ud83d": value}
        draft = await begun(Party.own(citizen.id), Shared(population=told, business={"kind": value}))
        taken = {draft.form.get(name) for name in ("household", "registered_kind")}
        assert taken == ({value} if value in fits.values() or value == "" else {None}), value
        assert "household_region" not in draft.form
        assert (await queries.get_application(Party.own(citizen.id), draft.id)).application.form == draft.form
        await draft.delete()


async def test_the_audit_names_fields_and_no_values(food: Guide, citizen: Citizen) -> None:
    """Of whom others were asked, for which field, and who did not answer."""
    del food
    shared = Shared(population={"household_address": "示例街2号"})
    shared.down = {"business"}
    draft = await begun(Party.own(citizen.id), shared)
    record = await AuditRecord.get(chain=f"application:{draft.id}", action="shared_data_fetched")
    assert record.details == {
        "queried": ["shared.business", "shared.population"],
        "fields": ["shared.population.household_address"],
        "away": ["shared.business"],
    }


async def test_what_was_saved_is_counted_at_the_submission(quiet: House, food: Guide, citizen: Citizen) -> None:
    """Fields that were kept; again submitted, it is counted once."""
    party = Party.own(citizen.id)
    case = await submitted(quiet, food, party, boss="别人")
    detail = await queries.get_application(party, case.id)
    assert [mark.field for mark in detail.prefilled] == ["applicant_name", "applicant_id_number"]
    assert detail.application.saved_fields == 2
    fetched = [one for one in food.materials if one.replaced_by and one.replaced_by.kind != "licence"]
    assert detail.application.saved_materials == len(fetched) > 0
    await service.submit_application(party, case.id, None)
    again = await Application.get(id=case.id)
    assert (again.saved_fields, again.saved_materials) == (2, len(fetched))


async def test_who_shares_is_asked_once_for_several_drafts(food: Guide, citizen: Citizen) -> None:
    """Of one life event."""
    shared = Shared(population={"household_address": "示例街2号"})
    sources = Sources(Party.own(citizen.id), shared)
    for _ in range(3):
        prepared = await drafts.prepare_draft(Party.own(citizen.id), food.item_code, {}, sources)
        assert prepared.prefill.form["household"] == "示例街2号"
    assert [data_set for data_set, _ in shared.asked] == ["business", "population"]


async def test_nothing_that_was_filled_in_stands_open_in_the_database(food: Guide, citizen: Citizen) -> None:
    """Which licences somebody holds may be told by the sources' names: they are sealed like the form."""
    del food
    await licence(citizen)
    draft = await begun(Party.own(citizen.id))
    row = await db.row("SELECT form, prefilled FROM applications WHERE id = $1", draft.id)
    assert row is not None
    assert b"licence" not in bytes(row["prefilled"])


async def test_nobody_is_asked_about_a_person_who_said_nothing(quiet: House, food: Guide) -> None:
    """Silence is no consent; what is known here already is filled in, and no source is called away."""
    del food
    silent = await verified_citizen(quiet)
    shared = Shared(population={"household_address": "示例街2号"})
    draft = await begun(Party.own(silent.id), shared)
    assert shared.asked == []
    assert "household" not in draft.form
    assert draft.form["applicant_name"] == silent.name
    assert draft.prefill_away is None


@pytest.mark.parametrize("changes", [{"state": State.WITHDRAWN}, {"state": State.REFUSED}, {"mandate_id": uuid4()}])
async def test_what_came_to_nothing_or_was_typed_by_a_proxy_is_not_taken_over(
    quiet: House, food: Guide, citizen: Citizen, changes: dict[str, Any]
) -> None:
    """Nobody vouches for it; the same case taken to its end is."""
    party = Party.own(citizen.id)
    case = await submitted(quiet, food, party, boss="别人")
    wanted = case.form["business_site"]
    assert (await begun(party)).form["business_site"] == wanted
    await Application.filter(id=case.id).update(**changes)
    assert "business_site" not in (await begun(party)).form
