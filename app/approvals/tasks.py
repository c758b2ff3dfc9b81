"""What the worker does for the delegation. No transaction is open while the approval system is spoken to."""

from typing import Any

from app.applications.materials.errors import MaterialsUnscannedError
from app.applications.service import DELIVER_CASE
from app.approvals.drain import Drains
from app.approvals.errors import CaseUnknownError
from app.approvals.models import Delivery, DeliveryKind, DeliveryState
from app.kit import clock, db, jobs
from app.kit.ports import TryLaterError

_SLICE = 100
_NAME = """
UPDATE deliveries SET connector = given.connector FROM unnest($1::text[], $2::text[]) AS given (case_no, connector)
WHERE deliveries.case_no = given.case_no AND deliveries.connector IS NULL
"""


async def deliver_case(drains: Drains, case_no: str) -> None:
    """Write down that a submitted case is to be handed over, once."""
    await _deliver(drains, case_no, DeliveryKind.CASE, "")


async def deliver_cases(drains: Drains, case_no: str) -> None:
    """The same for a case and those others whose jobs wait."""

    async def write_down(waiting: list[dict[str, Any]]) -> set[str]:
        return await _write_down(drains, [one["case_no"] for one in waiting], DeliveryKind.CASE, "")

    for connector in await jobs.with_others(DELIVER_CASE, {"case_no": case_no}, _SLICE, write_down):
        drains.wake(connector)


async def deliver_supplement(drains: Drains, case_no: str, supplement_id: str) -> None:
    """Write down that a supplement is to be handed over, once."""
    await _deliver(drains, case_no, DeliveryKind.SUPPLEMENT, supplement_id)


async def deliver_notice(drains: Drains, case_no: str, notice_id: str) -> None:
    """Write down that what the applicant tells the office is to be handed over, once."""
    await _deliver(drains, case_no, DeliveryKind.NOTICE, notice_id)


async def deliver_withdrawal(drains: Drains, case_no: str) -> None:
    """Write down that the system is to be told of a withdrawal, once."""
    await _deliver(drains, case_no, DeliveryKind.WITHDRAWAL, "")


async def wake_deliveries(drains: Drains, case_no: str) -> None:
    """Have sent at once what waits until the files of a case are scanned.

    Raises TryLaterError while something of the case is on its way: it may have looked before the scan ended.
    """
    moment, of_case = clock.now(), Delivery.filter(case_no=case_no)
    waiting = of_case.filter(state=DeliveryState.WAITING, reason=MaterialsUnscannedError().reason, due_at__gt=moment)
    if await waiting.update(due_at=moment):
        drains.wake(str(await drains.connectors.name_of(case_no)))
    if await of_case.filter(state=DeliveryState.SENDING, claimed_until__gt=moment).exists():
        raise TryLaterError("on_its_way")


async def _deliver(drains: Drains, case_no: str, kind: DeliveryKind, reference: str) -> None:
    for connector in await _write_down(drains, [case_no], kind, reference):
        drains.wake(connector)


async def _write_down(drains: Drains, case_nos: list[str], kind: DeliveryKind, reference: str) -> set[str]:
    """Write down deliveries of cases; the connectors they go through.

    Raises CaseUnknownError. Rows from before connectors had names get the case's.
    """
    names, moment = await drains.connectors.names_of(case_nos), clock.now()
    if not names.keys() >= set(case_nos):
        raise CaseUnknownError
    rows = [
        Delivery(
            case_no=case_no,
            kind=kind,
            reference=reference,
            connector=connector,
            due_at=moment,
            created_at=moment,
            updated_at=moment,
        )
        for case_no, connector in names.items()
    ]
    await Delivery.bulk_create(rows, ignore_conflicts=True)
    await db.execute(_NAME, list(names), list(names.values()))
    return set(names.values())
