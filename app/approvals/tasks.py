"""What the worker does for the delegation. No transaction is open while the approval system is spoken to."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from app.applications import queries as applications
from app.applications.materials.rules import trust_of
from app.applications.models import Material
from app.approvals.connectors import Connector, Connectors
from app.approvals.models import Delivery, DeliveryKind, DeliveryState
from app.approvals.ports import ApprovalSystem, RemoteCase
from app.catalogue.guide import GuideMaterial
from app.kit import clock
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from app.licences.models import Licence

_log = logging.getLogger(__name__)


async def deliver_case(connectors: Connectors, case_no: str) -> None:
    """Hand a submitted case over, once. Raises TryLaterError or AmbiguousError, after which it is run again."""
    file = await applications.get_case_file(case_no)
    case = {
        "item_code": file.application.item_code,
        "item_name": file.application.item_name,
        "applicant": file.applicant,
        "form": file.application.form,
        "materials": [_material(case_no, material) for material in file.materials],
        **_set_aside(file.set_aside),
        "submitted_at": clock.in_city(file.application.submitted_at or clock.now()),
        **({"variant": {"id": file.variant.id, "name": file.variant.name}} if file.variant else {}),
        **({"licences": [_licence(*one) for one in file.licences.items()]} if file.licences else {}),
        **({"statements": [_statement(one) for one in file.statements]} if file.statements else {}),
        **({"company": file.company} if file.company else {}),
        **({"by_mandate": str(file.application.mandate_id)} if file.application.mandate_id else {}),
    }
    connector = await connectors.of_case(case_no)
    await _deliver(
        connector.system,
        await _delivery(connector, case_no, DeliveryKind.CASE, ""),
        lambda: connector.system.send_case(case_no, case),
        arrived=lambda remote: remote is not None,
    )


async def deliver_supplement(connectors: Connectors, case_no: str, supplement_id: str) -> None:
    """Hand a supplement over, once. Raises TryLaterError or AmbiguousError, after which it is run again."""
    supplement, came = await applications.get_supplement(UUID(supplement_id))
    body = {
        "supplement_id": supplement_id,
        "note": supplement.note,
        "form": supplement.form,
        "materials": [_material(case_no, material) for material in came.materials],
        **_set_aside(came.set_aside),
        "submitted_at": clock.in_city(supplement.created_at),
    }
    connector = await connectors.of_case(case_no)
    await _deliver(
        connector.system,
        await _delivery(connector, case_no, DeliveryKind.SUPPLEMENT, supplement_id),
        lambda: connector.system.send_supplement(case_no, body),
        arrived=lambda remote: remote is not None and supplement_id in remote.supplements,
    )


async def deliver_withdrawal(connectors: Connectors, case_no: str) -> None:
    """Say that the citizen withdrew, once. Raises TryLaterError or AmbiguousError, after which it is run again."""
    connector = await connectors.of_case(case_no)
    await _deliver(
        connector.system,
        await _delivery(connector, case_no, DeliveryKind.WITHDRAWAL, ""),
        lambda: connector.system.send_withdrawal(case_no, "申请人撤回"),
        arrived=lambda remote: remote is not None and remote.withdrawn,
    )


def _material(case_no: str, material: Material) -> dict[str, Any]:
    return {
        "file_id": str(material.id),
        "material_id": material.material_id,
        "file_name": f"{material.material_id}.{material.content_type.rpartition('/')[2]}",
        "content_type": material.content_type,
        "size": material.size,
        "sha256": material.sha256,
        "pages": material.pages,
        "trust": material.trust.value,
        "path": f"/callbacks/approvals/cases/{case_no}/materials/{material.id}",
    }


def _licence(material_id: str, licence: Licence) -> dict[str, Any]:
    """A licence that stands for a material which was not handed in."""
    return {
        "material_id": material_id,
        "type": licence.type_code,
        "identifier": licence.identifier,
        "number": licence.number,
        "trust": trust_of("licence").value,
    }


def _statement(material: GuideMaterial) -> dict[str, Any]:
    """A material for which the applicant vouches."""
    return {"material_id": material.id, "name": material.name, "trust": trust_of("statement").value}


def _set_aside(materials: list[Material]) -> dict[str, Any]:
    """What was handed in and does not come: whoever decides asks for it with a supplement."""
    infected = [{"material_id": material.material_id, "reason": "infected"} for material in materials]
    return {"set_aside": infected} if infected else {}


async def _delivery(connector: Connector, case_no: str, kind: DeliveryKind, reference: str) -> Delivery:
    moment = clock.now()
    delivery, _ = await Delivery.get_or_create(
        case_no=case_no,
        kind=kind,
        reference=reference,
        defaults={"connector": connector.name, "created_at": moment, "updated_at": moment},
    )
    return delivery


async def _deliver(
    system: ApprovalSystem,
    delivery: Delivery,
    send: Callable[[], Awaitable[None]],
    *,
    arrived: Callable[[RemoteCase | None], bool],
) -> None:
    """Send what was not delivered yet; after a cut-off or an ambiguous try, ask before sending again."""
    if delivery.state in {DeliveryState.DELIVERED, DeliveryState.REFUSED}:
        return
    if delivery.state is DeliveryState.SENDING and arrived(await system.get_case(delivery.case_no)):
        await _set(delivery, DeliveryState.DELIVERED, "found")
        return
    delivery.attempts += 1
    await _set(delivery, DeliveryState.SENDING, None)
    try:
        await send()
    except TryLaterError as error:
        await _set(delivery, DeliveryState.WAITING, error.reason)
        raise
    except AmbiguousError as error:
        await _set(delivery, DeliveryState.SENDING, error.reason)
        raise
    except RefusedError as error:
        _log.error("delivery_refused", extra={"case_no": delivery.case_no, "reason": error.reason})
        await _set(delivery, DeliveryState.REFUSED, error.reason)
    else:
        await _set(delivery, DeliveryState.DELIVERED, None)


async def _set(delivery: Delivery, state: DeliveryState, reason: str | None) -> None:
    delivery.state, delivery.reason, delivery.updated_at = state, reason, clock.now()
    await delivery.save(update_fields=["state", "reason", "attempts", "updated_at"])
