"""Submitted cases go to the approval system."""

import json
from typing import Any

import requests
from celery import Task
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.kit import clock
from app.kit.signing import Signer
from bench.peers.celery_house.app import app, new_session, settings
from bench.peers.celery_house.guides import read_guide
from bench.peers.celery_house.models import Application, Delivery, Material

_partner = settings.approvals.over_http["city"]
_signer = Signer(_partner.client_id, _partner.secret.get_secret_value().encode())
_http = requests.Session()
_SET_ASIDE = {"infected", "lost"}


class UnscannedError(Exception):
    """Files of the case wait for the scanner."""


@app.task(
    bind=True,
    autoretry_for=(requests.RequestException, UnscannedError),
    max_retries=None,
    retry_backoff=True,
    retry_backoff_max=60,
)
def deliver_case(self: Task, case_no: str) -> None:
    """Hand a case over, once; where a try was cut off, ask first whether it has arrived."""
    del self
    with new_session() as database:
        delivery = _claim(database, case_no)
        if delivery.state == "delivered":
            return
        body = _body(database, case_no)
        if delivery.attempts == 1 or not _has_arrived(case_no):
            _call("POST", "/approvals", body)
        delivery.state, delivery.updated_at = "delivered", clock.now()
        database.commit()


def _claim(database: Session, case_no: str) -> Delivery:
    found = select(Delivery).where(Delivery.case_no == case_no, Delivery.kind == "case").with_for_update()
    delivery = database.scalars(found).one_or_none()
    if delivery is None:
        moment = clock.now()
        delivery = Delivery(case_no=case_no, kind="case", state="sending", created_at=moment, updated_at=moment)
        delivery.attempts = 0
        database.add(delivery)
    if delivery.state != "delivered":
        delivery.attempts += 1
    database.commit()
    return delivery


def _body(database: Session, case_no: str) -> dict[str, Any]:
    found = select(Application).where(Application.case_no == case_no)
    options = joinedload(Application.citizen), selectinload(Application.materials)
    case = database.scalars(found.options(*options)).one()
    came = [one for one in case.materials if one.handed_in_at and one.supplement_id is None]
    if any(one.scan == "pending" for one in came):
        raise UnscannedError
    aside = [one for one in came if one.scan in _SET_ASIDE]
    given = {one.material_id for one in came if one.scan not in _SET_ASIDE}
    guide, _ = read_guide(case.item_code, case.item_version)
    promised = [one for one in guide.materials if one.promised and one.id not in given]
    citizen = case.citizen
    body = {
        "case_no": case_no,
        "item_code": case.item_code,
        "item_name": case.item_name,
        "applicant": {"name": citizen.name, "id_number": citizen.id_number, "phone": citizen.phone},
        "form": case.form,
        "materials": [_material(case_no, one) for one in came if one.material_id in given],
        "submitted_at": clock.in_city(case.submitted_at or clock.now()),
        "contact": case.contact or {"phone": citizen.phone, "address": None},
        "delivery": case.delivery or {"method": "electronic"},
    }
    if aside:
        body["set_aside"] = [{"material_id": one.material_id, "reason": one.scan} for one in aside]
    if promised:
        body["statements"] = [{"material_id": one.id, "name": one.name, "trust": "D"} for one in promised]
    if case.mandate_id:
        body["by_mandate"] = str(case.mandate_id)
    return body


def _material(case_no: str, material: Material) -> dict[str, Any]:
    return {
        "file_id": str(material.id),
        "material_id": material.material_id,
        "file_name": f"{material.material_id}.{material.content_type.rpartition('/')[2]}",
        "content_type": material.content_type,
        "size": material.size,
        "sha256": material.sha256,
        "pages": material.pages,
        "trust": material.trust,
        "scan": material.scan,
        "path": f"/callbacks/approvals/cases/{case_no}/materials/{material.id}",
    }


def _has_arrived(case_no: str) -> bool:
    return _call("GET", f"/approvals/{case_no}") is not None


def _call(method: str, path: str, body: Any = None) -> Any:
    content = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
    headers = _signer.headers(method, path, content, now=clock.now().timestamp())
    answer = _http.request(
        method,
        f"{_partner.base_url}{path}",
        data=content,
        headers={**headers, "Content-Type": "application/json"},
        timeout=_partner.timeout_seconds,
    )
    if method == "GET" and answer.status_code == requests.codes.not_found:
        return None
    answer.raise_for_status()
    return answer.json()
