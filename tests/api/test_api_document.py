"""The OpenAPI document: every route, every schema, every error code, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.kit import limits
from config.reading import read_yaml
from config.settings import TEXTS, Settings
from miniapp_api.routing import Actor
from miniapp_api.server import create_app
from miniapp_api.surfaces import all_routes, surfaces

CODES = Path(__file__).with_name("error_codes.txt")

INTERFACE = """
POST /api/v1/sessions
POST /api/v1/sessions/refresh
POST /api/v1/subscriptions
POST /api/v1/identity/phone
POST /api/v1/identity/real-name
GET /api/v1/items
GET /api/v1/items/{item_code}
POST /api/v1/applications
PATCH /api/v1/applications/{application_id}
POST /api/v1/applications/{application_id}/materials
GET /api/v1/applications/{application_id}/materials/{file_id}
POST /api/v1/applications/{application_id}/submission
GET /api/v1/applications
GET /api/v1/applications/{application_id}
POST /api/v1/applications/{application_id}/supplements
POST /api/v1/applications/{application_id}/withdrawal
GET /api/v1/licences
GET /api/v1/licences/{licence_id}
GET /api/v1/licences/{licence_id}/card.png
POST /api/v1/licences/{licence_id}/presentations
GET /api/v1/licences/{licence_id}/verifications
GET /api/v1/messages
POST /staff/v1/sessions
POST /staff/v1/verifications
POST /callbacks/approvals
GET /wechat/official-account
POST /wechat/official-account
GET /wechat/mini-program
POST /wechat/mini-program
GET /v/{token}
GET /V/{token}
GET /health/live
GET /health/ready
GET /metrics
GET /openapi.json
"""


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_names_of_the_interface_stay(document: dict[str, Any]) -> None:
    """Phones that were built against them keep working."""
    assert set(INTERFACE.split("\n")) - {""} <= set(operations(document))


def test_every_route_of_the_server_stands_in_the_document(document: dict[str, Any], settings: Settings) -> None:
    """And the document invents none."""
    app = create_app(settings)
    served = {
        f"{method} /"
        + "/".join("{" + part.strip("<>").split(":")[0] + "}" if "<" in part else part for part in path.split("/"))
        for route in app.router.routes
        for method in route.methods
        for path in [route.path]
    }
    assert served == set(operations(document))
    assert len(all_routes()) == sum(len(surface.all) for surface in surfaces())


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """No schema is missing, none is left over."""
    used = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert used == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def test_every_operation_is_whole(document: dict[str, Any]) -> None:
    """A name of its own, a sentence, its path's parameters, its answers with their schemas."""
    found = operations(document)
    names = [operation["operationId"] for operation in found.values()]
    assert len(names) == len(set(names))
    for place, operation in found.items():
        assert operation["summary"], place
        in_path = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert in_path == {piece.split("}")[0] for piece in place.split("{")[1:]}
        bare = {status for status, answer in operation["responses"].items() if not answer.get("content")}
        assert bare <= {"304"}, place
        assert "429" in operation["responses"]
        assert "500" in operation["responses"]


def test_every_route_says_who_may_call_it_and_how_often() -> None:
    """By a rule that exists; staff routes name a duty."""
    for route in all_routes():
        assert route.limit in limits.rules(), route.name
        assert route.actor in Actor
        if route.actor is Actor.STAFF:
            assert route.duty, route.name
        prefixes: dict[Actor, tuple[str, ...]] = {
            Actor.CITIZEN: ("/api/v1/", "/h5/"),
            Actor.STAFF: ("/staff/v1/", "/h5/staff/"),
            Actor.PARTNER: ("/callbacks/",),
            Actor.RELYING_SYSTEM: ("/partners/v1/",),
        }
        prefix = prefixes.get(route.actor, ("/",))
        assert route.path.startswith(prefix)


def test_the_published_codes_are_pinned(document: dict[str, Any]) -> None:
    """A code or a status that changes breaks phones: change this file knowingly."""
    published = {f"{code} {entry['status']}" for code, entry in document["x-errors"].items()}
    assert published == set(CODES.read_text().split("\n")) - {""}


def test_every_code_has_its_chinese_sentence_and_every_sentence_its_code(document: dict[str, Any]) -> None:
    """The catalogue of texts holds no more and no less."""
    catalogue = read_yaml(TEXTS / "zh-CN.yaml")
    assert set(catalogue["errors"]) == set(document["x-errors"])


@pytest.mark.parametrize("section", ["errors", "form", "state", "reason", "verdict"])
def test_texts_are_chinese_sentences(section: str) -> None:
    """None is empty or left in another language."""
    catalogue = read_yaml(TEXTS / "zh-CN.yaml")
    assert all(any("\u4e00" <= character <= "\u9fff" for character in text) for text in catalogue[section].values())
