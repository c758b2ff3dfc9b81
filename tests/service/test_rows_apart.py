"""What runs by the clock over many rows: one that is broken holds up no other, and the job says that one failed."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.applications import drafts
from app.applications.models import Application, State
from app.applications.reckoning import reckon_provisional
from app.applications.tasks import end_untouched_drafts
from app.applications.terms import case_terms
from app.bootstrap import House
from app.catalogue.guide import Guide
from app.catalogue.models import Item
from app.catalogue.service import bring_into_effect
from app.kit import clock, db, retention
from app.kit.apart import RowsFailedError
from app.kit.blobs import delete_due, doom
from app.mandates.party import Party
from app.notifications.models import Message
from app.privacy import retention as privacy
from app.privacy.models import RetentionRun
from app.reviews.models import Rectification, RectificationState, Review
from app.reviews.rectification import settle_unanswered
from app.upkeep import tasks as upkeep
from media.storage import BlobMissingError
from tests.service.cases import trip_item, verified_citizen
from tests.service.reviewed import scope_of_new
from tests.service.systems import submitted_case
from tests.service.test_rectifications import rectified

_BREAK = "UPDATE {} SET {} = convert_to('not sealed', 'UTF8') WHERE id = $1"


async def broken(table: str, column: str, row_id: UUID) -> None:
    """Leave a row whose sealed column nobody can open."""
    assert await db.execute(_BREAK.format(table, column), row_id) == 1


async def draft_of(house: House) -> Application:
    """Somebody's draft."""
    return await drafts.start_application(Party.own((await verified_citizen(house)).id), await trip_item())


async def test_a_broken_draft_holds_up_neither_lapses_nor_warnings(
    quiet: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the row, and nothing of what is in it."""
    first, second, third = [await draft_of(quiet) for _ in range(3)]
    warned, lapses = case_terms().draft_warned_after.days, case_terms().draft_lapses_after.days
    old = clock.now() - timedelta(days=warned + lapses + 1)
    await Application.filter(id__in=[first.id, second.id]).update(
        updated_at=old, warned_at=old + timedelta(days=warned)
    )
    await Application.filter(id=third.id).update(updated_at=clock.now() - timedelta(days=warned + 1))
    await broken("applications", "form", first.id)
    try:
        with caplog.at_level(logging.ERROR), pytest.raises(RowsFailedError) as told:
            await end_untouched_drafts()
        # Once as one that lapses and once as one to be warned of.
        assert told.value.failed == 2
        assert (await Application.get(id=second.id)).state is State.EXPIRED
        assert await Message.filter(citizen_id=third.citizen_id, kind="draft_expiring").exists()  # type: ignore[attr-defined]  # Tortoise adds it
        (record, _) = [one for one in caplog.records if one.message == "row_failed"]
        assert (record.job, record.row) == ("applications.end_drafts", str(first.id))  # type: ignore[attr-defined]  # of extra
    finally:
        await Application.filter(id=first.id).delete()


async def test_a_broken_case_holds_up_no_reckoning(quiet: House) -> None:
    """What comes after it is reckoned."""
    first, second = [await submitted_case(quiet, promised_provisional=True) for _ in range(2)]
    await broken("applications", "form", first.id)
    try:
        with pytest.raises(RowsFailedError):
            await reckon_provisional()
        assert not (await Application.get(id=second.id)).promised_provisional
    finally:
        await Application.filter(id=first.id).delete()


async def test_a_broken_review_keeps_no_other_from_its_end(quiet: House) -> None:
    """Whatever their order."""
    scope = await scope_of_new()
    made = [await rectified(quiet, await verified_citizen(quiet), scope) for _ in range(3)]
    await broken("reviews", "comment", made[1][0].id)
    try:
        with clock.travel(timedelta(days=400)), pytest.raises(RowsFailedError):
            await settle_unanswered()
        states = [(await Rectification.get(id=one.id)).state for _, one in made]
        ended = RectificationState.UNANSWERED
        assert states == [ended, RectificationState.RECTIFIED, ended]
    finally:
        await Review.filter(id=made[1][0].id).delete()


async def test_a_blob_that_cannot_be_deleted_holds_up_no_other(quiet: House) -> None:
    """It is tried again the next time."""
    bad, good = f".{uuid4().hex}", f"materials/aa/{uuid4().hex}"
    await quiet.blobs.put(good, b"x")
    past = clock.now() - timedelta(minutes=1)
    await doom([bad], at=past)
    await doom([good], at=past)
    try:
        for _ in range(2):
            with pytest.raises(RowsFailedError):
                await delete_due(quiet.blobs)
        with pytest.raises(BlobMissingError):
            await quiet.blobs.get(good)
    finally:
        await db.execute("DELETE FROM doomed_blobs WHERE blob_key = $1", bad)


async def test_a_kind_that_cannot_be_deleted_keeps_no_other(quiet: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """All others are done for the day, and it is not."""
    del quiet

    async def fail(before: object, most: int) -> int:
        raise ZeroDivisionError(before, most)

    kinds = list(retention.terms())
    monkeypatch.setitem(privacy.FORGET, "drafts", fail)
    with clock.travel(timedelta(days=9)), pytest.raises(RowsFailedError):
        await privacy.retain()
    with clock.travel(timedelta(days=9)):
        done = await RetentionRun.filter(day=clock.today(), finished_at__not_isnull=True).values_list("kind", flat=True)
    assert sorted(str(kind) for kind in done) == sorted(kind for kind in kinds if kind != "drafts")


async def test_an_item_that_cannot_be_listed_keeps_no_other(quiet: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of its batch are put in one by one."""
    del quiet
    codes = [str(code) for code in await Item.all().order_by("item_code").limit(3).values_list("item_code", flat=True)]
    brought: list[str] = []

    async def due() -> list[str]:
        return codes

    async def bring(some: Sequence[str]) -> list[Guide]:
        guides = await bring_into_effect(some)
        if codes[1] in some:
            raise ZeroDivisionError
        brought.extend(some)
        return guides

    monkeypatch.setattr(upkeep, "items_due", due)
    monkeypatch.setattr(upkeep, "bring_into_effect", bring)
    with pytest.raises(RowsFailedError):
        await upkeep.take_effect()
    assert brought == [codes[0], codes[2]]
