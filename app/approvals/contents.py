"""What a delivery says, and how one sees in the other system's answer that it has arrived. Nothing here sends."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from app.applications import queries as applications
from app.applications.materials.rules import trust_of
from app.applications.models import Material
from app.applications.notices import get_notice
from app.approvals.models import Delivery, DeliveryKind
from app.approvals.ports import ApprovalSystem, RemoteCase
from app.catalogue.guide import GuideMaterial
from app.kit import clock
from app.licences.models import Licence

Send = Callable[[ApprovalSystem], Awaitable[None]]


def has_arrived(delivery: Delivery, remote: RemoteCase | None) -> bool:
    """Whether the other system has it."""
    if remote is None:
        return False
    match delivery.kind:
        case DeliveryKind.SUPPLEMENT:
            return delivery.reference in remote.supplements
        case DeliveryKind.NOTICE:
            return delivery.reference in remote.notices
        case DeliveryKind.WITHDRAWAL:
            return remote.withdrawn
        case _:
            return True


async def prepare(delivery: Delivery) -> Send:
    """Read what is to be said; what comes back says it.

    Raises NotFoundError where it is gone, and MaterialsUnscannedError while files of it wait for the scanner.
    """
    case_no = delivery.case_no
    match delivery.kind:
        case DeliveryKind.SUPPLEMENT:
            supplement = await _supplement(case_no, delivery.reference)
            return lambda system: system.send_supplement(case_no, supplement)
        case DeliveryKind.NOTICE:
            notice = await _notice(delivery.reference)
            return lambda system: system.send_notice(case_no, notice)
        case DeliveryKind.WITHDRAWAL:
            return lambda system: system.send_withdrawal(case_no, "申请人撤回")
        case _:
            case = await _case(case_no)
            return lambda system: system.send_case(case_no, case)


async def _case(case_no: str) -> dict[str, Any]:
    file = await applications.get_case_file(case_no)
    return {
        "item_code": file.application.item_code,
        "item_name": file.application.item_name,
        "applicant": file.applicant,
        "form": file.application.form,
        "materials": [_material(case_no, material) for material in file.materials],
        **_set_aside(file.set_aside),
        "submitted_at": clock.in_city(file.application.submitted_at or clock.now()),
        "contact": file.application.contact or {"phone": file.applicant["phone"], "address": None},
        "delivery": file.application.delivery or {"method": "electronic"},
        **({"variant": {"id": file.variant.id, "name": file.variant.name}} if file.variant else {}),
        **({"licences": [_licence(*one) for one in file.licences.items()]} if file.licences else {}),
        **({"statements": [_statement(one) for one in file.statements]} if file.statements else {}),
        **({"company": file.company} if file.company else {}),
        **({"by_mandate": str(file.application.mandate_id)} if file.application.mandate_id else {}),
    }


async def _supplement(case_no: str, supplement_id: str) -> dict[str, Any]:
    supplement, came = await applications.get_supplement(UUID(supplement_id))
    return {
        "supplement_id": supplement_id,
        "note": supplement.note,
        "form": supplement.form,
        "materials": [_material(case_no, material) for material in came.materials],
        **_set_aside(came.set_aside),
        "submitted_at": clock.in_city(supplement.created_at),
    }


async def _notice(notice_id: str) -> dict[str, Any]:
    notice = await get_notice(UUID(notice_id))
    said = {"notice_id": notice_id, "kind": notice.kind.value, **notice.content}
    return {**said, "sent_at": clock.in_city(notice.created_at)}


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
        "scan": material.scan.value,
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
    told = [{"material_id": material.material_id, "reason": material.scan.value} for material in materials]
    return {"set_aside": told} if told else {}
