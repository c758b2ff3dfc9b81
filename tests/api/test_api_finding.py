"""Finding over HTTP: what is answered, what is refused, what may be kept by whoever asks."""

from typing import Any

import httpx
import pytest

from app.demo.plan import Plan
from tests.conftest import Phone, error_of

FOOD = "11230800JB0000017Q3000131001001"


def test_life_events_stand_on_the_first_page_alone(client: httpx.Client) -> None:
    """Beside the items."""
    first = client.get("/api/v1/items", params={"q": "开饭店"}).json()
    assert [event["code"] for event in first["life_events"]] == ["open_restaurant"]
    assert first["items"][0]["item_code"] == FOOD
    page = client.get("/api/v1/items").json()
    assert page["life_events"] == []
    later = client.get("/api/v1/items", params={"q": "开饭店", "cursor": page["next_cursor"]}).json()
    assert later["life_events"] == []


def test_suggestions_facets_and_what_is_popular_are_answered(client: httpx.Client) -> None:
    """To anybody."""
    suggested = client.get("/api/v1/items/suggestions", params={"q": "spjy"}).json()["items"]
    assert FOOD in [one["item_code"] for one in suggested]
    facets = client.get("/api/v1/items/facets", params={"q": "食品经营"}).json()
    assert {"code": "scjg", "name": "佳木斯市市场监督管理局", "count": 1} in facets["departments"]
    assert {"code": "person", "name": "个人", "count": 1} in facets["audiences"]
    assert client.get("/api/v1/items/popular", params={"region": "230804"}).json()["items"]


def test_a_region_is_asked_about_again_by_its_tag(client: httpx.Client, plan: Plan) -> None:
    """And nothing is sent where it is the same."""
    answer = client.get("/api/v1/regions/230804")
    assert answer.json()["name"] == "前进区"
    assert [place["code"] for place in answer.json()["above"]] == ["230000", "230800"]
    # The client that checks answers against the document wants a body.
    known = {"If-None-Match": answer.headers["ETag"]}
    again = httpx.get(f"{plan.web_url}/api/v1/regions/230804", headers=known, trust_env=False)
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/api/v1/regions/230803", headers=known)
    assert other.status_code == 200
    assert error_of(client.get("/api/v1/regions/nothing")) == (404, "not_found")


BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "half a position": ("halls", {"longitude": "130"}, "position_incomplete"),
    "no number": ("halls", {"longitude": "x", "latitude": "46"}, "field_invalid"),
    "not a number": ("halls", {"longitude": "nan", "latitude": "46"}, "field_invalid"),
    "without end": ("halls", {"longitude": "inf", "latitude": "46"}, "field_invalid"),
    "another country": ("halls", {"longitude": "10", "latitude": "46"}, "field_invalid"),
    "turned round": ("halls", {"longitude": "46", "latitude": "130"}, "field_invalid"),
    "no region's code": ("halls", {"region": "23"}, "field_invalid"),
    "an unknown region": ("halls", {"region": "999999"}, "region_unknown"),
    "no level": ("items/facets", {"level": "planet"}, "field_invalid"),
    "facets of nowhere": ("items/facets", {"region": "999999"}, "region_unknown"),
    "popular nowhere": ("items/popular", {"region": "999999"}, "region_unknown"),
    "too long a beginning": ("items/suggestions", {"q": "a" * 101}, "field_invalid"),
    "suggestions of nowhere": ("items/suggestions", {"q": "a", "region": "999999"}, "region_unknown"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_refused_in_chinese(client: httpx.Client, name: str) -> None:
    """By what is wrong with it."""
    path, query, code = BAD[name]
    answer = client.get(f"/api/v1/{path}", params=query)
    assert error_of(answer) == (422, code)
    assert "\u4e00" <= answer.json()["message"][0] <= "\u9fff"


def test_halls_are_found(client: httpx.Client) -> None:
    """By position, by region, or all."""
    near = client.get("/api/v1/halls", params={"longitude": "130.3189", "latitude": "46.7998"}).json()["items"]
    assert (near[0]["code"], near[0]["distance"]) == ("city", 0)
    assert "city" in [hall["code"] for hall in client.get("/api/v1/halls", params={"region": "230804"}).json()["items"]]
    assert client.get("/api/v1/halls").json()["items"][0]["distance"] is None


def test_favourites_are_put_and_taken_back(citizen: httpx.Client, stranger: Phone) -> None:
    """Each their own; the answer is the list."""
    path = f"/api/v1/me/favourites/{FOOD}"
    for _ in range(2):
        assert [item["item_code"] for item in citizen.put(path).json()["items"]] == [FOOD]
    assert stranger.http.get("/api/v1/me/favourites").json()["items"] == []
    for _ in range(2):
        assert citizen.delete(path).json()["items"] == []
    assert error_of(citizen.put("/api/v1/me/favourites/nothing")) == (404, "item_not_found")


def test_what_was_opened_is_kept_until_it_is_deleted(citizen: httpx.Client) -> None:
    """And from then on no more, until it is asked for again."""
    path = "/api/v1/me/recent-items"
    assert citizen.put(f"{path}/{FOOD}").json()["items"][0]["item_code"] == FOOD
    assert citizen.delete(f"{path}/{FOOD}").json() == {"kept": True, "items": []}
    citizen.put(f"{path}/{FOOD}")
    assert citizen.delete(path).json() == {"kept": False, "items": []}
    assert citizen.put(f"{path}/{FOOD}").json() == {"kept": False, "items": []}
    assert citizen.put(path).json() == {"kept": True, "items": []}
    assert len(citizen.put(f"{path}/{FOOD}").json()["items"]) == 1
