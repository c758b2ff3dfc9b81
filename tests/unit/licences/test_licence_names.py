"""Whose licence it is: one name in its writings."""

import pytest

from app.licences.attaching import same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提", True),
        ("王 小明", "王小明", True),
        ("ＬＩ Ming", "li ming", True),
        ("王小明", "王小朋", False),
    ],
)
def test_one_name_is_written_in_many_ways(one: str, other: str, same: bool) -> None:  # a table
    """Width, spaces and the dot do not count; characters do."""
    assert same_name(one, other) is same
