"""The official account's data holds what WeChat allows, and refuses what it does not."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.official_account.definitions import Answer, OfficialAccount, definitions
from config.reading import read_yaml
from config.settings import CITY_DATA


def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = read_yaml(CITY_DATA / "official_account.yaml")
    return loaded


def test_the_citys_data_is_read() -> None:
    """And every answer that needs no code or place is reachable by words."""
    answers = {keyword.answer for keyword in definitions().keywords}
    assert answers == set(Answer)


@pytest.mark.parametrize(
    "bar",
    [
        {"name": "办" * 6, "buttons": [{"name": "a", "answer": "help"}]},
        {"name": "", "buttons": [{"name": "a", "answer": "help"}]},
        {"name": "办事", "buttons": []},
        {"name": "办事", "buttons": [{"name": "a", "answer": "help"}] * 6},
        {"name": "办事", "buttons": [{"name": "办" * 21, "answer": "help"}]},
        {"name": "办事", "buttons": [{"name": "a"}]},
        {"name": "办事", "buttons": [{"name": "a", "answer": "help", "path": "/h5"}]},
        {"name": "办事", "buttons": [{"name": "a", "answer": "nothing"}]},
        {"name": "办事", "buttons": [{"name": "a", "path": "//evil.example"}]},
        {"name": "办事", "buttons": [{"name": "a", "page": "/pages/index"}]},
        {"name": "办事", "buttons": [{"name": "a", "answer": "help", "colour": "red"}]},
    ],
)
def test_a_menu_that_wechat_would_refuse_is_refused(bar: dict[str, Any]) -> None:
    """Names by their bytes, at most five below a button, each doing one thing."""
    with pytest.raises(ValidationError):
        OfficialAccount.model_validate(_data() | {"menu": [bar]})


def test_a_fourth_button_on_the_bar_is_refused() -> None:
    """Three are the most."""
    data = _data()
    with pytest.raises(ValidationError):
        OfficialAccount.model_validate(data | {"menu": [*data["menu"], data["menu"][0]]})


@pytest.mark.parametrize(
    "hours",
    [
        [],
        [{"begin": "16:30", "end": "08:30"}],
        [{"begin": "08:30", "end": "12:00"}, {"begin": "11:00", "end": "16:00"}],
    ],
)
def test_hours_that_are_none_are_refused(hours: list[dict[str, str]]) -> None:
    """They follow each other within a day."""
    with pytest.raises(ValidationError):
        OfficialAccount.model_validate(_data() | {"people": {"hours": hours, "phone": "12345"}})
