"""Guides as phones get them: whole, cacheable, question by question."""

import httpx
import pytest

from tests.conftest import error_of

FOOD = "/api/v1/items/11230800JB0000017Q3000131001001"


def test_a_guide_that_the_phone_has_is_not_sent_again(client: httpx.Client) -> None:
    """The same ETag for the same guide; another for another's; nothing of it for a stranger's tag."""
    first = client.get(FOOD)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, no-cache"
    for asked in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = client.get(FOOD, headers={"If-None-Match": asked})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(FOOD, headers={"If-None-Match": '"x"'}).content == first.content
    item = client.get("/api/v1/items").json()["items"][0]["item_code"]
    other = client.get(f"/api/v1/items/{item}")
    assert (other.headers["ETag"] == tag) == (other.content == first.content)


def test_a_guide_says_which_version_it_is_and_whose(client: httpx.Client) -> None:
    """Beside the national fields."""
    item = client.get(FOOD).json()
    assert item["version"] >= 1
    assert item["department_name"] == "佳木斯市市场监督管理局"
    assert item["effective_on"] <= "2100-01-01"
    assert {"basic_code", "themes", "guidance", "links", "form_schema", "form_example"} <= set(item)


@pytest.mark.parametrize("answers", [{"x": "y"}, {"x" * 65: "y"}, {"x": 1}, None, {str(n): "y" for n in range(51)}])
def test_answers_to_nothing_are_refused(client: httpx.Client, answers: object) -> None:
    """Whatever they are, by a clear error."""
    answer = client.post(f"{FOOD}/guidance", json={"answers": answers})
    assert error_of(answer)[0] == 422
    assert error_of(answer)[1] in {"answer_invalid", "field_invalid"}
