"""The commands a newcomer types, as processes of their own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import psutil
import pyotp
import pytest

from app.demo.plan import Plan
from tests.conftest import REPOSITORY, free_ports
from tests.e2e.breaking import await_true
from tests.nursery import command


@contextmanager
def jiaban(*words: str, var: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run ``jiaban`` on ports and data of its own; it is stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", *words],
        cwd=REPOSITORY,
        env={**os.environ, "JIABAN_DEMO_PORT": str(port), "JIABAN_DEMO_VAR": str(var), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_run_revives_what_dies_and_ctrl_c_stops_everything(tmp_path: Path) -> None:
    """The run file tells the true processes; a dead one is started again; nothing stays behind."""
    run_file = tmp_path / "run.json"
    with jiaban("run", var=tmp_path, port=free_ports()) as process:
        await_true("everything runs", lambda: run_file.exists() or process.poll() is not None, seconds=180)
        first = json.loads(run_file.read_text())
        assert set(first) == {"web", "worker", "sandbox", "postgres", "redis"}
        for entry in first.values():
            assert psutil.Process(entry["pid"]).is_running()
        os.kill(first["worker"]["pid"], signal.SIGKILL)
        again = await_true(
            "the worker is started again",
            lambda: (now := json.loads(run_file.read_text()))["worker"]["pid"] != first["worker"]["pid"] and now,
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert not run_file.exists()
        assert not [name for name, entry in again.items() if psutil.pid_exists(entry["pid"])]


def test_the_demonstration_ends_with_its_result(tmp_path: Path) -> None:
    """``demo --once`` walks the trip, prints its steps, and leaves nothing running."""
    with jiaban("demo", "--once", var=tmp_path, port=free_ports()) as process:
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert "19 steps" in output
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize("offset", [0, 3])
def test_a_busy_port_is_a_clear_sentence(tmp_path: Path, offset: int) -> None:
    """Whichever of its ports is taken, it is named, with what to do."""
    port = free_ports()
    with socket.create_server(("127.0.0.1", port + offset)), jiaban("run", var=tmp_path, port=port) as process:
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"port {port + offset}" in output
    assert "JIABAN_DEMO_PORT" in output
    assert "Traceback" not in output


def test_missing_settings_are_named_and_no_value_is_shown(tmp_path: Path) -> None:
    """A process that is told nothing says what it wants."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JIABAN_")}
    environment["JIABAN_REDIS_URL"] = "redis://secret-value"
    words = [sys.executable, "-m", "app.cli", "worker"]
    ended = subprocess.run(
        words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 2
    assert "public_url" in ended.stderr
    assert "secret-value" not in ended.stderr + ended.stdout
    assert not list(tmp_path.iterdir())


def test_a_database_of_another_release_is_one_sentence(plan: Plan) -> None:
    """That names what this release does not know."""
    server, _, _ = plan.database_url.rpartition("/")
    name = f"other_{uuid.uuid4().hex}"

    async def on(database: str, *statements: str) -> None:
        connection = await asyncpg.connect(f"{server}/{database}")
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(on("postgres", f'CREATE DATABASE "{name}"'))
    try:
        table = "CREATE TABLE tortoise_migrations (app text, name text, applied_at timestamptz)"
        asyncio.run(on(name, table, "INSERT INTO tortoise_migrations VALUES ('jiaban', '0029_verifying', now())"))
        told = {"JIABAN_CONFIG_FILE": str(plan.config_file), "JIABAN_DATABASE_URL": f"{server}/{name}"}
        ran = command("migrate", **told)
        assert (ran.returncode, ran.stdout) == (1, "")
        *_, said = ran.stderr.splitlines()
        assert said.startswith("nothing was migrated: ")
        assert "0029_verifying" in said
        assert "Traceback" not in ran.stderr
    finally:
        asyncio.run(on("postgres", f'DROP DATABASE "{name}" WITH (FORCE)'))


def test_accounts_of_staff_are_kept_on_the_command_line(plan: Plan) -> None:
    """Made with what is shown once, seen, barred, let in again, given new credentials; a name is taken once."""
    name = f"t{uuid.uuid4().hex}"

    def staff(*words: str) -> tuple[int, str]:
        done = command("staff", *words, JIABAN_CONFIG_FILE=str(plan.config_file))
        return done.returncode, done.stdout

    def enters(shown: str) -> int:
        words = dict(line.strip().split(None, 1) for line in shown.splitlines()[1:3])
        secret = shown.split("second factor")[1].split(maxsplit=1)[0]
        body = {**words, "otp": pyotp.TOTP(secret).now()}
        return httpx.post(f"{plan.web_url}/staff/v1/sessions", json=body, trust_env=False).status_code

    added, shown = staff("add", name, "--office", "执法一科", "--department", "scjg", "--duty", "verify")
    assert (added, enters(shown)) == (0, 201)
    assert staff("add", name, "--office", "执法一科", "--department", "scjg")[0] == 1
    assert [line.split()[-1] for line in staff("list")[1].splitlines() if line.startswith(name)] == ["yes"]
    assert staff("disable", name)[0] == 0
    assert enters(staff("reset", name)[1]) == 401
    assert staff("enable", name)[0] == 0
    assert enters(staff("reset", name)[1]) == 201
    assert staff("disable", "nobody")[0] == 1
