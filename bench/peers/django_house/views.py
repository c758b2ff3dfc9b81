"""Async views."""

import json
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from app.identity.rules import mask_id_number
from app.kit import clock, texts
from bench.peers.django_house.models import Application, Citizen, ItemVersion, Licence, Material, TimelineEntry
from bench.peers.django_house.security import citizens_only
from bench.rules import REACH, limit_moves

_DAYS: dict[tuple[str, int], tuple[int, int]] = {}


async def read_live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    del request
    return JsonResponse({"status": "ok"})


@citizens_only
async def read_licence(request: HttpRequest, citizen: Citizen, licence_id: UUID) -> HttpResponse:
    """One licence of mine."""
    del request
    found = Licence.objects.select_related("type").prefetch_related("moves")
    licence = await found.filter(id=licence_id, citizen=citizen, company_id=None).afirst()
    if licence is None:
        raise Http404
    definition, values = licence.type.definition, json.loads(licence.values)
    if citizen.level < definition["assurance_level"]:
        return JsonResponse({}, status=403)
    return JsonResponse(
        {
            "id": licence.id,
            "licence_type": licence.type_id,
            "name": licence.type.name,
            "level_needed": definition["assurance_level"],
            "identifier": licence.identifier,
            "number": licence.number,
            "state": licence.state,
            "state_reason": licence.state_reason,
            "issuer": licence.issuer,
            "issued_on": licence.issued_on,
            "valid_from": licence.valid_from,
            "valid_until": licence.valid_until,
            "case_no": licence.case_no,
            "fields": [
                {
                    "name": field["name"],
                    "title": field["title"],
                    "value": mask_id_number(values[field["name"]]) if field.get("masked") else values[field["name"]],
                }
                for field in definition["fields"]
                if field["name"] in values
            ],
            "moves": [
                {
                    "cause": move.cause,
                    "before": move.before,
                    "after": move.after,
                    "reason": move.reason,
                    "office": move.office,
                    "case_no": move.case_no,
                    "at": clock.in_city(move.at),
                }
                for move in licence.moves.all()
            ],
        },
        json_dumps_params={"ensure_ascii": False},
    )


async def _days_of(case: Application) -> tuple[int, int]:
    """The days of a version of an item, which never change."""
    version = case.item_code, case.item_version
    if version not in _DAYS:
        found = await ItemVersion.objects.aget(item_code=case.item_code, number=case.item_version)
        guide = json.loads(found.guide)
        _DAYS[version] = guide["promised_days"], guide["statutory_days"]
    return _DAYS[version]


def _opened(text: str | None) -> Any:
    return json.loads(text) if text else None


@citizens_only
async def read_application(request: HttpRequest, citizen: Citizen, application_id: UUID) -> HttpResponse:
    """One case of mine."""
    del request
    found = Application.objects.prefetch_related("timeline", "materials")
    case = await found.filter(id=application_id, citizen=citizen, company_id=None).afirst()
    if case is None:
        raise Http404
    timeline = list(case.timeline.all())
    licence_id = await Licence.objects.filter(case_no=case.case_no).values_list("id", flat=True).afirst()
    return JsonResponse(
        {
            "id": case.id,
            "item_code": case.item_code,
            "item_name": case.item_name,
            "state": case.state,
            "state_name": texts.text("state", case.state),
            "revision": case.revision,
            "case_no": case.case_no,
            "promised_on": case.promised_on,
            "statutory_on": case.statutory_on,
            "promised_provisional": case.promised_provisional,
            "by_mandate": case.mandate_id,
            "life_event": case.life_event,
            "group_id": case.group_id,
            "created_at": clock.in_city(case.created_at),
            "submitted_at": clock.in_city(case.submitted_at) if case.submitted_at else None,
            "form": json.loads(case.form),
            "missing": [],
            "prefilled": [],
            "prefill_away": case.prefill_away or [],
            "saved": {"fields": case.saved_fields, "materials": case.saved_materials or 0}
            if case.saved_fields is not None
            else None,
            "reach": {
                "contact": _opened(case.contact) or REACH["contact"],
                "delivery": _opened(case.delivery) or REACH["delivery"],
            },
            "result": _opened(case.result),
            "resubmission_of": case.resubmission_of,
            "supplement_note": case.supplement_note,
            "licence_id": licence_id,
            "materials": [_material(material) for material in case.materials.all()],
            "limit_moves": limit_moves(*await _days_of(case), [(entry.kind, entry.at) for entry in timeline]),
            "timeline": [_entry(entry) for entry in timeline],
        },
        json_dumps_params={"ensure_ascii": False},
    )


def _material(material: Material) -> dict[str, Any]:
    return {
        "id": material.id,
        "material_id": material.material_id,
        "content_type": material.content_type,
        "size": material.size,
        "width": material.width,
        "height": material.height,
        "pages": material.pages,
        "sha256": material.sha256,
        "scan": material.scan,
        "trust": material.trust,
        "has_preview": material.preview_blob_key is not None,
        "handed_in": material.handed_in_at is not None,
        "reused_from": material.reused_from,
    }


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "state": entry.state,
        "state_name": texts.text("state", entry.state),
        "note": entry.note,
        "by_mandate": entry.mandate_id,
        "at": clock.in_city(entry.at),
    }


async def read_item(request: HttpRequest, item_code: str) -> HttpResponse:
    """One item's guide, as it is in effect today."""
    del request
    found = ItemVersion.objects.select_related("department").filter(item_code=item_code, state="published")
    version = await found.filter(effective_on__lte=clock.today()).order_by("-number").afirst()
    if version is None or not version.offered:
        raise Http404
    beside = {
        "version": version.number,
        "effective_on": version.effective_on.isoformat(),
        "department_name": version.department.name,
    }
    head = json.dumps(beside, ensure_ascii=False)
    return HttpResponse(f"{head[:-1]},{version.guide[1:]}", content_type="application/json")
