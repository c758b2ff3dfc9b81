"""What searches the logs of a house for those whom the tests made up finds them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.conftest import assert_logs_know_nobody
from tests.people import make_person


def house_that_logged(folder: Path, line: str) -> Any:
    """A house whose worker wrote a line."""
    (folder / "log").mkdir()
    for program in ("web", "worker", "sandbox", "postgres", "redis"):
        (folder / "log" / f"{program}.log").write_text(f"nothing\n{line if program == 'worker' else ''}\n")
    return cast("Any", SimpleNamespace(var=folder))


@pytest.mark.parametrize("how", ["{}", '{{"event": "x", "who": "{}"}}', "办理人{}先生", "a9{}_", "-{}."])
@pytest.mark.parametrize("which", ["name", "id_number", "phone", "token"])
def test_whoever_stands_in_a_log_is_found(tmp_path: Path, how: str, which: str) -> None:
    """Whatever stands around them."""
    person, token = make_person(), "v1.ab-cd_ef"
    phone = person.phone_code.removeprefix("phone-")
    secret = {"name": person.name, "id_number": person.id_number, "phone": phone, "token": token}[which]
    with pytest.raises(AssertionError, match="worker"):
        assert_logs_know_nobody(house_that_logged(tmp_path, how.format(secret)), token)


def test_a_log_of_numbers_alone_knows_nobody(tmp_path: Path) -> None:
    """Ids, times and words."""
    make_person()
    assert_logs_know_nobody(house_that_logged(tmp_path, '{"id": "0190b2c4-0000-7000-8000-000000000000", "说": "办结"}'))
