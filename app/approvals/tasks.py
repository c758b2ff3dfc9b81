"""What the worker does for the delegation. No transaction is open while the approval system is spoken to."""

from app.applications.materials.errors import MaterialsUnscannedError
from app.approvals.drain import Drains
from app.approvals.errors import CaseUnknownError
from app.approvals.models import Delivery, DeliveryKind, DeliveryState
from app.kit import clock
from app.kit.ports import TryLaterError


async def deliver_case(drains: Drains, case_no: str) -> None:
    """Write down that a submitted case is to be handed over, once."""
    await _deliver(drains, case_no, DeliveryKind.CASE, "")


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
    """Raises CaseUnknownError. Rows from before connectors had names get the case's."""
    connector = await drains.connectors.name_of(case_no)
    if connector is None:
        raise CaseUnknownError
    moment = clock.now()
    row = Delivery(
        case_no=case_no,
        kind=kind,
        reference=reference,
        connector=connector,
        due_at=moment,
        created_at=moment,
        updated_at=moment,
    )
    await Delivery.bulk_create([row], ignore_conflicts=True)
    await Delivery.filter(case_no=case_no, connector=None).update(connector=connector)
    drains.wake(connector)
