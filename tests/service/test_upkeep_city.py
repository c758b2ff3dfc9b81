"""Loading the city's files: what could not be published is not loaded."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.bootstrap import House
from app.catalogue.models import Hall, ItemVersion
from app.demo.plan import Plan
from app.upkeep.city import CityFaultyError, load_city
from config.settings import CITY_DATA
from tests.conftest import REPOSITORY

FOOD = "11230800JB0000017Q3000131001001"


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """The city with halls of another name, and the food licence promised in fewer days than its steps take."""
    folder = tmp_path / "city"
    shutil.copytree(CITY_DATA, folder)
    halls = folder / "halls.yaml"
    halls.write_text(halls.read_text("utf-8").replace("name: ", "name: 新"), "utf-8")
    (item,) = (path for path in (folder / "items").glob("*.yaml") if FOOD in path.read_text("utf-8"))
    lines = item.read_text("utf-8").splitlines()
    item.write_text(
        "\n".join("promised_days: 1" if line.startswith("promised_days:") else line for line in lines), "utf-8"
    )
    return folder


async def test_a_guide_with_errors_keeps_the_whole_city_from_being_loaded(quiet: House, faulty: Path) -> None:
    """It is named with the place and the code, and nothing is written."""
    del quiet
    versions, halls = await ItemVersion.all().count(), sorted(hall.name for hall in await Hall.all())
    with pytest.raises(CityFaultyError, match=f"^{FOOD}: steps: days_do_not_add_up .*$"):
        await load_city(faulty)
    assert await ItemVersion.all().count() == versions
    assert sorted(hall.name for hall in await Hall.all()) == halls


def test_the_command_tells_the_errors_and_fails(plan: Plan, faulty: Path) -> None:
    """With exit code 1, not with a trace."""
    program = (
        "import sys; from pathlib import Path; from config import settings; settings.CITY_DATA = Path(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; from app import cli; sys.exit(cli.main(['load-city']))", str(faulty)],
        cwd=REPOSITORY,
        env={**os.environ, "JIABAN_CONFIG_FILE": str(plan.config_file)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{FOOD}: steps: days_do_not_add_up" in done.stderr
    assert "Traceback" not in done.stderr
