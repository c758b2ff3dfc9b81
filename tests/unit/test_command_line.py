"""The command line begins quickly: it imports the command that is asked for, and lists all."""

import subprocess
import sys

import pytest

from app import cli


def test_help_is_told_without_importing_any_room() -> None:
    """All rooms, the database's drivers and the web server take seconds to import."""
    program = (
        "import sys\nfrom app import cli\n"
        "try:\n    cli.main(['--help'])\n"
        "except SystemExit:\n    print(*(name for name in sys.modules if name not in {'app', 'app.cli'}))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    *lines, imported = told.stdout.splitlines()
    assert {"demo", "web", "worker", "load-city", *cli._ROOMS} <= {line.split()[0] for line in lines if line}
    names = set(imported.split()) - {"app.kit", "app.kit.memory"}
    roots = {name.partition(".")[0] for name in names}
    assert not roots & {"app", "config", "media", "miniapp_api", "pydantic", "sanic", "tortoise", "wechat"}


@pytest.mark.parametrize("name", list(cli._ROOMS))
def test_every_group_tells_its_commands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its module is found by its name."""
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: jiaban {name} " in capsys.readouterr().out
