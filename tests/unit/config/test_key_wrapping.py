"""Keys in a file that a code on paper opens."""

import io
import json
import os
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.commands.key_wrapping import WrappingError, unwrap, unwrapped, wrap, wrapped
from config.settings import KeySettings

HEX = {name: os.urandom(32).hex() for name in ("old", "new", "lookup", "session", "record")}


def keys() -> KeySettings:
    """Those of a city that has changed its encryption key once."""
    return KeySettings(
        profile="sm",
        encryption={"2026-10": SecretStr(HEX["old"]), "2026-11": SecretStr(HEX["new"])},
        encryption_active="2026-11",
        lookup=SecretStr(HEX["lookup"]),
        session_signing={"2026-11": SecretStr(HEX["session"])},
        session_signing_active="2026-11",
        record_signing={"2026-11": SecretStr(HEX["record"])},
        record_signing_active="2026-11",
    )


def test_wrapped_keys_come_back_as_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letter for letter, by the code that was printed, however it is typed; the file shows none of them."""
    file = tmp_path / "keys.wrapped"
    assert wrap(keys(), file) == 0
    printed = capsys.readouterr().out
    code = printed.splitlines()[-1].strip()
    assert not [name for name, value in HEX.items() if value in printed + file.read_text()]
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr("sys.stdin", io.StringIO(code.lower().replace("-", " ").replace("0", "o").replace("1", "l")))
    assert unwrap(file) == 0
    found = KeySettings(**tomllib.loads(capsys.readouterr().out)["keys"])
    assert found.model_dump(exclude={"lookup"}) == keys().model_dump(exclude={"lookup"})
    assert found.lookup_ring == keys().lookup_ring


def test_another_code_or_a_changed_file_opens_nothing(tmp_path: Path) -> None:
    """The head, which names the keys, is bound to what it names."""
    code = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    content = wrapped(keys(), code)
    unwrapped(content, code)
    with pytest.raises(WrappingError, match="the code is another"):
        unwrapped(content, code[:-1] + "0")
    changed = {**json.loads(content), "made_at": "2020-01-01T00:00:00+08:00"}
    with pytest.raises(WrappingError, match="the file was changed"):
        unwrapped(json.dumps(changed).encode(), code)
    with pytest.raises(WrappingError, match="no file of wrapped keys"):
        unwrapped(b"{}", code)


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    """It may be the only one there is."""
    file = tmp_path / "keys.wrapped"
    file.write_text("precious")
    assert wrap(keys(), file) == 1
    assert file.read_text() == "precious"
