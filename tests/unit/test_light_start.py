"""A web process starts without what few requests need: each such library costs all of them memory and time."""

import os
import subprocess
import sys
from pathlib import Path

from app.demo.plan import CONFIG_VARIABLE, make_plan, write_settings
from config.settings import DemoSettings

_NOT_BEFORE_IT_IS_NEEDED = {
    *("app.demo", "app.sandbox", "app.worker"),
    *("fontTools", "fpdf", "lxml", "pikepdf", "pypdfium2"),  # documents that are drawn and marked
    *("authlib", "obstore", "openpyxl", "procrastinate", "psycopg"),  # what is not configured, or another process's
    *("pygments.lexers", "rich.console"),  # what draws in terminals
    *("pypinyin", "requests", "rjieba", "wechatpy"),  # what publishing, or a test, asks
}


def test_a_web_process_loads_what_most_requests_need(tmp_path: Path) -> None:
    """Of the libraries that are large; the first request that needs another one loads it."""
    demo = DemoSettings(var=tmp_path)
    plan = make_plan(demo)
    write_settings(plan, demo)
    program = (
        "import linecache, sys\nfrom app.kit.memory import go_without_rich\ngo_without_rich()\n"
        "from config.settings import load_settings\nfrom miniapp_api.server import create_app\n"
        "create_app(load_settings()).finalize()\nprint(*sys.modules)\nprint(*linecache.cache)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, CONFIG_VARIABLE: str(plan.config_file)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    loaded, read = (set(line.split()) for line in done.stdout.splitlines())
    assert "miniapp_api.h5.pages" in loaded
    assert not loaded & _NOT_BEFORE_IT_IS_NEEDED
    assert not {name for name in read if "/app/" in name and name.endswith("models.py")}, (
        "the ORM reads models' sources for comments"
    )
