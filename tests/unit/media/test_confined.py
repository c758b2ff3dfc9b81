"""The child that strangers' files are read in: held by the kernel, and without the product's secrets."""

from pathlib import Path

import pytest

from media.confined import ConfinedError, run_confined

JOBS = """
import os
from media import confined

confined._CPU_SECONDS = 1

def spin(data):
    while True:
        pass

confined.serve({
    "echo": lambda data, **options: (options, data),
    "environment": lambda data: ({"names": sorted(os.environ)}, b""),
    "hog": lambda data: ({}, bytearray(2_000_000_000)),
    "spin": spin,
    "abort": lambda data: os.abort(),
    "fail": lambda data: 1 / 0,
    "write": lambda data: ({}, open("written", "wb").write(b"x" * 9999)),
})
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "strange_jobs.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return "strange_jobs"


def test_a_job_gets_the_file_and_its_options_and_answers_facts_and_bytes(module: str) -> None:
    content = b"\n\x00file\n" * 100_000
    assert run_confined(module, "echo", content, pages=3) == ({"pages": 3}, content)


@pytest.mark.parametrize("job", ["hog", "spin"])
def test_a_job_that_wants_too_much_is_starved(module: str, job: str) -> None:
    with pytest.raises(ConfinedError) as failed:
        run_confined(module, job, b"")
    assert failed.value.starved


@pytest.mark.parametrize("job", ["abort", "fail", "write"])
def test_a_job_that_dies_ends_alone(module: str, job: str) -> None:
    with pytest.raises(ConfinedError) as failed:
        run_confined(module, job, b"")
    assert not failed.value.starved
    assert run_confined(module, "echo", b"x")[1] == b"x"


def test_a_job_sees_nothing_of_the_environment(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIABAN_OPS_TOKEN", "secret")
    assert set(run_confined(module, "environment", b"")[0]["names"]) <= {"PYTHONPATH", "LC_CTYPE"}
