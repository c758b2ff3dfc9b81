"""Logs as operators read them: JSON lines that say what they are about, kept for as long as they must be."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.kit import clock
from app.kit.logs import DailyFolder, about, add_about, begin_about, configure_logs, write_line

_log = logging.getLogger("jiaban.test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The logging of the tests themselves comes back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(text: str) -> list[dict[str, Any]]:
    """What was logged."""
    return [json.loads(line) for line in text.splitlines()]


async def test_lines_say_what_their_request_is_about() -> None:
    """Two at once do not mix, and the next on the same connection begins anew."""
    written = io.StringIO()
    configure_logs("INFO", logging.StreamHandler(written))

    async def connection(*requests: str) -> None:
        for request in requests:
            begin_about(request_id=request)
            if request == "a1":
                add_about(application_id="case")
            await asyncio.sleep(0)
            _log.info("seen")

    await asyncio.gather(connection("a1", "a2"), connection("b1", "b2"))
    found = {line["request_id"]: line.get("application_id") for line in lines(written.getvalue())}
    assert found == {"a1": "case", "a2": None, "b1": None, "b2": None}


def test_what_a_job_is_about_ends_with_it() -> None:
    """The line after it is about nothing."""
    written = io.StringIO()
    configure_logs("INFO", logging.StreamHandler(written))
    with about(job="deliver", case_no="1"):
        _log.info("within")
    _log.info("after")
    within, after = lines(written.getvalue())
    assert (within["job"], within["case_no"]) == ("deliver", "1")
    assert not {"job", "case_no"} & after.keys()


def test_a_day_has_its_folder_and_goes_when_its_time_is_over(tmp_path: Path) -> None:
    """No sooner, and what is no day's stays."""
    (tmp_path / "notes").mkdir()
    configure_logs("INFO", DailyFolder(tmp_path, "web", 184))
    _log.info("first")
    first = f"{clock.today():%Y-%m-%d}"
    (file,) = (tmp_path / first).iterdir()
    assert file.name.startswith("web-")
    assert [line["event"] for line in lines(file.read_text())] == ["first"]
    with clock.travel(timedelta(days=184)):
        _log.info("later")
        assert (tmp_path / first).exists()
    with clock.travel(timedelta(days=185)):
        _log.info("much later")
        assert not (tmp_path / first).exists()
    assert len(list(tmp_path.iterdir())) == 3


def test_half_of_a_character_costs_no_line(tmp_path: Path) -> None:
    """Neither its own nor those that wait to be written with it."""
    configure_logs("INFO", DailyFolder(tmp_path, "web", 184))
    write_line('{"event": "waits"}\n')
    _log.info("odd", extra={"event_id": "a\ud83d"})
    (file,) = (tmp_path / f"{clock.today():%Y-%m-%d}").iterdir()
    assert [line["event"] for line in lines(file.read_text())] == ["waits", "odd"]


def test_where_no_file_can_be_written_lines_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A full disk loses no line and stops nothing."""
    (tmp_path / "logs").write_text("a file where the folder should be")
    configure_logs("INFO", DailyFolder(tmp_path / "logs", "web", 184))
    _log.info("all the same")
    assert lines(capsys.readouterr().err)[0]["event"] == "all the same"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device without room is Linux's")
def test_a_request_goes_on_where_its_line_finds_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error, be it a file on a full disk, as in a folder."""
    full = Path("/dev/full").open("w", buffering=1, encoding="utf-8")  # noqa: SIM115  # it cannot be closed well
    monkeypatch.setattr("sys.stderr", full)
    configure_logs("INFO")
    try:
        write_line("{}\n")
        _log.info("one")
    finally:
        with suppress(OSError):
            full.close()


def test_an_exception_is_told_by_its_kind_and_place() -> None:
    """Its words and its cause's may hold what somebody typed; line breaks in a value begin no line."""
    written = io.StringIO()
    configure_logs("INFO", logging.StreamHandler(written))
    try:
        int("张三 110105194912310021")
    except ValueError:
        _log.exception("failed", extra={"reason": "one\n{}"})
    (line,) = lines(written.getvalue())
    assert (line["event"], line["error"], line["reason"]) == ("failed", "builtins.ValueError", "one\n{}")
    assert line["where"][-1].endswith("test_an_exception_is_told_by_its_kind_and_place")
    assert "110105194912310021" not in written.getvalue()
