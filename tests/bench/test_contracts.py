"""The product and its floors answer and do the same; peers show it where their packages are."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def test_the_product_and_its_floors_hold_the_contracts(tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-m",
        "bench",
        "--check",
        "--licences",
        "300",
        "--only",
        "verify",
        "read",
        "present",
        "delegate",
    )
    environment = {**os.environ, "JIABAN_DEMO_VAR": str(tmp_path), "PYTHONPATH": str(_ROOT)}
    checked = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr[-3000:]
