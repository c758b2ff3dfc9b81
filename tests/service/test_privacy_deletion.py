"""Deletion: all of it or nothing, what must be kept and no more, and nothing that comes back."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.applications import drafts
from app.applications.errors import ApplicationNotFoundError
from app.applications.forgetting import standing_of
from app.applications.materials.service import add_material
from app.applications.models import Application, Material, State
from app.applications.rules import ENDED
from app.applications.service import submit_application
from app.audit.service import first_broken
from app.bootstrap import House
from app.broadcasts.models import BroadcastRecipient, BroadcastSlice
from app.catalogue.queries import get_item
from app.consents.queries import consents_of
from app.consents.service import give_consent
from app.finding.models import Favourite, RecentItem
from app.finding.personal import add_favourite, note_opened
from app.identity import service as identity
from app.identity import sessions
from app.identity.errors import LevelTooLowError, RefreshTokenInvalidError, SessionEndedError
from app.identity.models import Citizen, Session, WeChatAccount
from app.identity.rules import Audience
from app.identity.sessions import LiveSessions
from app.identity.wards import ward_of
from app.kit import clock, db
from app.kit.blobs import delete_due
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.licences.models import Licence
from app.mandates import service as mandates
from app.mandates.legal import register_company
from app.mandates.models import Mandate, MandateKind, MandateState
from app.mandates.party import Party
from app.notifications.consents import grant_sends
from app.notifications.models import Message, Send, SubscriptionGrant
from app.notifications.service import notify
from app.privacy import deletion
from app.privacy.deletion import Staying
from app.privacy.errors import DeletionBlockedError
from app.privacy.exports import request_export
from app.privacy.models import Export
from app.privacy.tasks import collect_export
from tests.people import Person, make_person
from tests.service.broadcasting import reached
from tests.service.cases import issued_licence, photograph, ready_draft, some_case_no, trip_item, verified_citizen

TEMPLATE = "jiaban-case-submitted-000000000000000000000"


@pytest.fixture
async def citizen(quiet: House, person: Person) -> Citizen:
    """A citizen who verified their real name and bound a phone."""
    citizen = await verified_citizen(quiet, person)
    return await identity.bind_phone(quiet.wechat, citizen.id, person.phone_code)


async def deleted(citizen: Citizen) -> list[Staying]:
    """The citizen deletes their account; what stays."""
    return await deletion.delete_account(citizen.id, by=citizen.id, actor=f"citizen:{citizen.id}", mandate_id=None)


async def ended_case(house: House, citizen: Citizen, state: State = State.COMPLETED) -> Application:
    """A case of the citizen's that is over."""
    draft = await ready_draft(house, citizen)
    await submit_application(Party.own(citizen.id), draft.id, None)
    await Application.filter(id=draft.id).update(state=state, updated_at=clock.now())
    return await Application.get(id=draft.id)


async def given_mandate(house: House, giver: Citizen, taker: Citizen) -> Mandate:
    """A mandate that counts."""
    offer = await mandates.offer_proxy(
        giver.id, give=True, matters=["licence:food_business"], last_day=clock.today() + timedelta(days=9)
    )
    return (await mandates.accept_invitation(taker.id, offer.code)).mandate


async def columns(citizen: Citizen) -> dict[str, object]:
    """What the row of a citizen still says, as it lies in the database."""
    names = "unionid, name, id_number, id_number_hash, phone, phone_hash, verified_at"
    row = await db.row(f"SELECT {names} FROM citizens WHERE id = $1", citizen.id)  # noqa: S608  # no value in it
    return {name: value for name, value in (row or {}).items() if value is not None}


async def test_who_has_nothing_that_must_be_kept_is_nobody_at_once(quiet: House, citizen: Citizen) -> None:
    """Drafts with their files, messages, sends, grants, copies, accounts; the row says nothing of who it was."""
    draft = await ready_draft(quiet, citizen)
    blob_key = (await Material.get(application_id=draft.id)).blob_key
    await grant_sends(citizen.id, [TEMPLATE])
    async with transaction():
        await notify(citizen.id, "submitted", str(citizen.id), item="示例", case_no="1")
    await add_favourite(citizen.id, draft.item_code)
    await note_opened(citizen.id, draft.item_code)
    export = await request_export(citizen.id, actor="x", mandate_id=None)
    await collect_export(quiet.blobs, str(export.id))
    export = await Export.get(id=export.id)
    piece = f"exports/{export.id.hex[-2:]}/{export.id.hex}/{export.attempt}/00000"
    assert await quiet.blobs.get(piece)
    stays = await deleted(citizen)
    assert "identity" not in {entry.kind for entry in stays}
    for model in (Application, WeChatAccount, Message, Send, SubscriptionGrant, Export, Favourite, RecentItem):
        assert not await model.filter(citizen_id=citizen.id).exists(), model
    assert await columns(citizen) == {}
    for _ in range(2):
        await delete_due(quiet.blobs)
    for key in (blob_key, piece):
        with pytest.raises(LookupError):
            await quiet.blobs.get(key)
    assert await first_broken(f"citizen:{citizen.id}") is None


async def test_what_was_broadcast_to_somebody_leads_to_them_no_more(quiet: House, citizen: Citizen) -> None:
    """The count of who was reached stays, without them."""
    account = await WeChatAccount.get(citizen=citizen)
    part = await BroadcastSlice.get(broadcast=await reached(account.appid, account.openid))
    assert {one.kind: one.count for one in (await deletion.outlook(citizen.id)).goes}["broadcast_recipients"] == 1
    await deleted(citizen)
    assert (await BroadcastRecipient.get(slice_id=part.id)).follower_id is None
    del quiet


@pytest.mark.parametrize("state", sorted(ENDED))
async def test_a_case_that_ended_keeps_name_and_number_and_nothing_else(
    quiet: House, citizen: Citizen, state: State
) -> None:
    """The answer says until when; the phone goes at once."""
    case = await ended_case(quiet, citizen, state)
    stays = {entry.kind: entry for entry in await deleted(citizen)}
    assert stays["cases"].until == case.updated_at + timedelta(days=3650)
    assert stays["identity"].until == stays["cases"].until
    assert stays["cases"].basis
    assert set(await columns(citizen)) == {"name", "id_number", "verified_at"}
    kept = await Application.get(id=case.id)
    assert kept.form == case.form


async def test_a_licence_keeps_name_and_number(quiet: House, citizen: Citizen) -> None:
    """For ten years after it ended."""
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    stays = {entry.kind: entry for entry in await deleted(citizen)}
    until = stays["licences"].until
    assert until
    assert licence.valid_until
    assert until.astimezone(clock.CITY_TIME).date() == licence.valid_until + timedelta(days=3650)
    assert "name" in await columns(citizen)
    assert (await Licence.get(id=licence.id)).holder == citizen.name


async def test_what_has_no_end_stays_without_an_end(quiet: House, citizen: Citizen) -> None:
    """The term of keeping begins when a licence ends."""
    licence = await issued_licence(citizen, some_case_no(citizen.id))
    await Licence.filter(id=licence.id).update(valid_until=None)
    stays = {entry.kind: entry for entry in await deleted(citizen)}
    assert stays["licences"].until is None


@pytest.mark.parametrize("state", sorted(set(State) - ENDED - {State.DRAFT}))
async def test_while_a_case_is_under_way_nothing_is_deleted(quiet: House, citizen: Citizen, state: State) -> None:
    """The refusal names it, and the outlook did so before."""
    case = await ended_case(quiet, citizen, state)
    draft = await ready_draft(quiet, citizen)
    assert (await deletion.outlook(citizen.id)).blocked_by == [case.case_no]
    with pytest.raises(DeletionBlockedError) as refused:
        await deleted(citizen)
    assert refused.value.context == {"case_numbers": [case.case_no]}
    assert await Application.exists(id=draft.id)
    assert (await Citizen.get(id=citizen.id)).deleted_at is None


async def test_the_outlook_tells_what_will_happen(quiet: House, citizen: Citizen) -> None:
    """What it says goes is gone, what it says stays, stays."""
    await ended_case(quiet, citizen)
    await ready_draft(quiet, citizen)
    await given_mandate(quiet, citizen, await verified_citizen(quiet))
    outlook = await deletion.outlook(citizen.id)
    goes = {entry.kind: entry.count for entry in outlook.goes}
    assert goes == {"wechat_accounts": 1, "messages": 2, "sends": 2, "drafts": 1, "phone": 1}
    stays = await deleted(citizen)
    assert [(entry.kind, entry.count) for entry in stays] == [(entry.kind, entry.count) for entry in outlook.stays]
    assert {entry.kind for entry in stays} == {"cases", "mandates", "identity", "audit"}
    assert all(entry.title and entry.basis for entry in stays)


async def test_sessions_end_within_two_seconds_and_refresh_nothing(quiet: House, citizen: Citizen) -> None:
    """Also in a process that has just seen them alive; the name of the phone goes."""
    grant = await sessions.open_session(quiet.access_tokens, Audience.CITIZEN, citizen.id, "妈妈的手机")
    bearer = quiet.access_tokens.read(grant.tokens.access_token, Audience.CITIZEN)
    assert bearer.session
    live = LiveSessions()
    await live.owner(bearer.session)
    await deleted(citizen)

    async def refused(session: UUID) -> None:
        while True:
            await live.owner(session)
            await asyncio.sleep(0.01)

    with pytest.raises(SessionEndedError):
        await asyncio.wait_for(refused(bearer.session), 2)
    with pytest.raises(RefreshTokenInvalidError):
        await sessions.refresh_session(quiet.access_tokens, Audience.CITIZEN, grant.tokens.refresh_token, None)
    ended = await Session.get(id=bearer.session)
    assert (ended.device, ended.ended_because) == (None, "account_deleted")


async def test_the_same_login_is_a_new_citizen_who_sees_nothing(quiet: House, citizen: Citizen, person: Person) -> None:
    """By openid and by UnionID; the same person may verify their name again."""
    await ended_case(quiet, citizen)
    await deleted(citizen)
    again = await verified_citizen(quiet, person)
    assert again.id != citizen.id
    standing = await standing_of(again.id, lock=False)
    assert (standing.under_way, standing.drafts, standing.kept) == ([], [], [])
    assert await Citizen.filter(unionid="u-" + person.login_code.removeprefix("login-")).count() == 1


async def test_mandates_end_on_both_sides_and_the_others_are_told(quiet: House, citizen: Citizen) -> None:
    """What was given, what was held, and what still waited; codes and consents too."""
    daughter, mother = await verified_citizen(quiet), await verified_citizen(quiet)
    gave, holds = await given_mandate(quiet, citizen, daughter), await given_mandate(quiet, mother, citizen)
    offer = await mandates.offer_proxy(citizen.id, give=True, matters=["licence:food_business"], last_day=clock.today())
    await give_consent(citizen.id, "face", 1, actor="x", session_id=None)
    await deleted(citizen)
    for mandate in (gave, holds, offer.mandate):
        assert (await Mandate.get(id=mandate.id)).state is MandateState.ENDED
    for other in (daughter, mother):
        assert await Message.filter(citizen=other, kind="mandate_ended").count() == 1
    assert not await Message.filter(citizen=citizen).exists()
    said = next(one for one in await consents_of(citizen.id) if one.purpose.key == "face")
    assert [one.act for one in said.history] == ["given", "withdrawn"]
    for mandate in (gave, holds):
        assert await first_broken(f"mandate:{mandate.id}") is None


async def test_a_companys_case_under_way_waits_too_and_its_drafts_stay_its(quiet: House, citizen: Citizen) -> None:
    """The citizen is its applicant."""
    await Citizen.filter(id=citizen.id).update(level=3)
    company = (
        await register_company(quiet.authority, citizen.id, "91230800MA1B2C3D4D", "佳木斯示例食品有限公司")
    ).company
    moment = clock.now()
    case = await Application.create(
        citizen_id=citizen.id,
        company_id=company.id,
        item_code="x",
        item_name="x",
        form={},
        state=State.SUBMITTED,
        case_no=some_case_no(citizen.id),
        created_at=moment,
        updated_at=moment,
    )
    with pytest.raises(DeletionBlockedError):
        await deleted(citizen)
    await Application.filter(id=case.id).update(state=State.DRAFT, case_no=None)
    await deleted(citizen)
    assert await Application.exists(id=case.id)
    assert "name" in await columns(citizen)


@pytest.mark.parametrize("number", range(8))
async def test_deleting_and_submitting_at_once_is_one_of_the_two(quiet: House, citizen: Citizen, number: int) -> None:
    """Either there is a case and the account stays, or the draft is gone with it; never half."""
    draft = await ready_draft(quiet, citizen)
    submit = submit_application(Party.own(citizen.id), draft.id, None)
    delete = deleted(citizen)
    both = (submit, delete) if number % 2 else (delete, submit)
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    submitted, gone = outcomes if number % 2 else outcomes[::-1]
    found = await Application.get_or_none(id=draft.id)
    citizen = await Citizen.get(id=citizen.id)
    if isinstance(gone, DeletionBlockedError):
        assert isinstance(submitted, Application)
        assert found
        assert (found.state, citizen.deleted_at) == (State.SUBMITTED, None)
    else:
        assert isinstance(gone, list), gone
        assert isinstance(submitted, ApplicationNotFoundError), submitted
        assert found is None
        assert await columns(citizen) == {}
    assert await first_broken(f"citizen:{citizen.id}") is None


async def test_nothing_comes_to_an_account_while_it_is_deleted(quiet: House, citizen: Citizen, person: Person) -> None:
    """Sign-ins, drafts, offers, consents, copies, a phone, all on their way at once: none of them stays behind."""
    code = await trip_item()
    await get_item(code)
    other = await verified_citizen(quiet)
    offer = await mandates.offer_proxy(other.id, give=True, matters=["licence:food_business"], last_day=clock.today())
    outcomes = await asyncio.gather(
        *(sessions.open_session(quiet.access_tokens, Audience.CITIZEN, citizen.id, "x") for _ in range(3)),
        *(drafts.start_application(Party.own(citizen.id), code) for _ in range(3)),
        deleted(citizen),
        *(drafts.start_application(Party.own(citizen.id), code) for _ in range(3)),
        *(sessions.open_session(quiet.access_tokens, Audience.CITIZEN, citizen.id, "x") for _ in range(3)),
        give_consent(citizen.id, "face", 1, actor="x", session_id=None),
        request_export(citizen.id, actor="x", mandate_id=None),
        mandates.offer_proxy(citizen.id, give=True, matters=["licence:food_business"], last_day=clock.today()),
        mandates.accept_invitation(citizen.id, offer.code),
        identity.bind_phone(quiet.wechat, citizen.id, person.phone_code),
        return_exceptions=True,
    )
    failures = [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
    assert set(failures) <= {SessionEndedError, NotFoundError, LevelTooLowError}
    assert await columns(citizen) == {}
    assert not await Application.filter(citizen=citizen).exists()
    assert not await Session.filter(citizen=citizen, ended_at=None).exists()
    assert not await Export.filter(citizen=citizen).exists()
    live = Mandate.exclude(state=MandateState.ENDED)
    assert not await live.filter(principal_id=citizen.id).exists()
    assert not await live.filter(delegate_id=citizen.id).exists()
    assert all(one.given is None for one in await consents_of(citizen.id))


async def test_who_was_deleted_is_told_nothing_and_begins_nothing(quiet: House, citizen: Citizen) -> None:
    """What is still known of a case comes to no inbox; a request on its way is refused."""
    await ended_case(quiet, citizen)
    await deleted(citizen)
    async with transaction():
        await notify(citizen.id, "licence_revoked", "later")
    assert not await Message.filter(citizen=citizen).exists()
    for late in (
        drafts.start_application(Party.own(citizen.id), await trip_item()),
        sessions.open_session(quiet.access_tokens, Audience.CITIZEN, citizen.id, "x"),
        request_export(citizen.id, actor="x", mandate_id=None),
        deleted(citizen),
    ):
        with pytest.raises(SessionEndedError):
            await late


async def test_a_photograph_that_comes_too_late_is_deleted(quiet: House, citizen: Citizen) -> None:
    """An upload whose draft goes meanwhile leaves nothing in the store, even where its process dies."""
    draft = await ready_draft(quiet, citizen)
    keys: list[str] = []

    class Slow:
        """A store during whose write the account is deleted."""

        async def put(self, key: str, data: bytes) -> None:
            """Write, and lose the draft."""
            await quiet.blobs.put(key, data)
            keys.append(key)
            await deleted(citizen)

        async def head(self, key: str, size: int) -> bytes:
            """Not asked."""
            raise NotImplementedError

        async def get(self, key: str) -> bytes:
            """Not asked."""
            raise NotImplementedError

        async def delete(self, key: str) -> None:
            """Not asked."""
            raise NotImplementedError

    with pytest.raises(SessionEndedError):
        await add_material(Slow(), Party.own(citizen.id), draft.id, "site_photo", photograph(), scan_needed=False)
    assert await quiet.blobs.get(keys[0])
    with clock.travel(timedelta(hours=1, minutes=1)):
        await delete_due(quiet.blobs)
    with pytest.raises(LookupError):
        await quiet.blobs.get(keys[0])


async def test_an_uploaded_photograph_is_not_deleted(quiet: House, citizen: Citizen) -> None:
    """What became a material stays."""
    draft = await ready_draft(quiet, citizen)
    with clock.travel(timedelta(days=2)):
        await delete_due(quiet.blobs)
    assert await quiet.blobs.get((await Material.get(application_id=draft.id)).blob_key)


async def test_a_guardian_deletes_what_is_held_about_the_ward(quiet: House, citizen: Citizen) -> None:
    """The ward is nobody, the other guardian is told, and the child taken anew is another citizen."""
    child = make_person()
    other = await verified_citizen(quiet)
    async with transaction():
        ward = await ward_of(child.name, child.id_number)
        moment = clock.now()
        for guardian in (citizen, other):
            await Mandate.create(
                kind=MandateKind.GUARDIAN,
                principal=ward,
                delegate=guardian,
                matters=["*"],
                state=MandateState.ACTIVE,
                ends_at=moment + timedelta(days=99),
                created_at=moment,
            )
    actor = f"citizen:{citizen.id} by mandate:x"
    await deletion.delete_account(ward.id, by=citizen.id, actor=actor, mandate_id=None)
    assert await columns(ward) == {}
    assert not await Mandate.filter(principal=ward).exclude(state=MandateState.ENDED).exists()
    assert await Message.filter(citizen=other, kind="mandate_ended").count() == 1
    assert (await Citizen.get(id=citizen.id)).deleted_at is None
    async with transaction():
        assert (await ward_of(child.name, child.id_number)).id != ward.id
