"""Whatever is sent to the callback is read, or refused with the one error."""

import base64
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.wechat.test_wechat_callback import (
    APPID,
    EVENT_JSON,
    KEY,
    OTHER_KEY,
    PLAIN_QUERY,
    TEXT_JSON,
    TEXT_XML,
    TOKEN,
    pushed,
    signed,
)
from tests.unit.wechat.wechat_envelope import seal_frame
from wechat.callback import CallbackCodec
from wechat.errors import CallbackRefusedError

CODEC = CallbackCodec(APPID, TOKEN, [OTHER_KEY, KEY])

_BYTES = st.binary(max_size=200)
_PIECES = st.binary(max_size=4) | st.sampled_from(
    [b"<", b"]]>", b"&a;", b'"', b"{", b"[[[[", b"<!DOCTYPE a [", b"\\ud800", b"NaN", b"1e999", b"\xef\xbb\xbf"]
)
_MUTATED = st.builds(
    lambda base, at, piece: base[: at % len(base)] + piece + base[at % len(base) + len(piece) :],
    st.sampled_from([TEXT_XML.encode(), EVENT_JSON.encode(), TEXT_JSON.encode()]),
    st.integers(0, 1000),
    _PIECES,
)
_JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_NAMES = ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "MsgId", "Content", "Encrypt", "List"]
_ODD_FIELDS = st.builds(
    lambda name, value: json.dumps(json.loads(EVENT_JSON) | {name: value}).encode(), st.sampled_from(_NAMES), _JSON
)
_ODD_XML = st.builds(
    lambda name, inner: TEXT_XML.replace("</xml>", f"<{name}>{inner}</{name}></xml>").encode(errors="replace"),
    st.sampled_from(_NAMES),
    st.text(max_size=8) | st.sampled_from(["<a>", "<a/><a/>", "<![CDATA[", "<!--", "<?xml?>"]),
)
_QUERIES = st.dictionaries(
    st.sampled_from(["signature", "timestamp", "nonce", "msg_signature", "encrypt_type"]), st.text(max_size=12)
)
_FRAMES = st.builds(
    lambda frame, length, appid: (frame[:16], length, frame[16:], appid),
    _BYTES,
    st.none() | st.integers(0, 2**32 - 1),
    st.sampled_from([APPID.encode(), b"", b"wx-another", b"\xff"]),
)


def _read(query: Mapping[str, str], body: bytes, *, secure: bool | None) -> None:
    """Read a push that may be anything, and answer it as it asks to be answered."""
    with contextlib.suppress(CallbackRefusedError):
        message = CODEC.open(query, body)
        assert secure is None or message.secure is secure
        assert message.dedup_key
        assert CODEC.reply_text(message, f"{message.content}?", nonce="n", timestamp=1)
        assert CODEC.reply_transfer(message, nonce="n", timestamp=1)


def _reads_anything(many: int) -> Callable[[], None]:
    @settings(max_examples=many, deadline=None, phases=[Phase.generate, Phase.shrink], database=None)
    @given(
        body=_BYTES | _MUTATED | _ODD_FIELDS | _ODD_XML,
        query=_QUERIES,
        frame=_FRAMES,
        mode=st.sampled_from(["plain", "sealed", "query", "noise", "frame", "both"]),
    )
    def read(body: bytes, query: dict[str, str], frame: tuple[bytes, int | None, bytes, bytes], mode: str) -> None:
        if mode == "plain":
            _read(PLAIN_QUERY, body, secure=False)
        elif mode == "sealed":
            _read(*pushed(seal_frame(KEY, body, APPID.encode())), secure=True)
        elif mode == "query":
            _read(query, body, secure=None)
        elif mode == "noise":
            _read(*pushed(base64.b64encode(body).decode()), secure=True)
        elif mode == "frame":
            random, length, content, appid = frame
            sealed = seal_frame(OTHER_KEY, content, appid, length=length, random=random.ljust(16, b"r"))
            _read(*pushed(sealed), secure=True)
        else:
            _read(signed(body.decode(errors="replace")), body, secure=True)

    return read


def test_three_thousand_inputs_raise_nothing_but_the_one_error() -> None:
    """Noise, altered pushes, odd fields, sealed rubbish, odd frames, odd queries."""
    _reads_anything(3_000)()


@pytest.mark.long
def test_a_hundred_thousand_inputs_raise_nothing_but_the_one_error() -> None:
    """As above."""
    _reads_anything(100_000)()


@pytest.mark.long
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this platform")
def test_a_fuzzer_that_sees_what_it_reaches_finds_nothing_but_the_one_error(tmp_path: Path) -> None:
    """A hundred thousand inputs."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.unit.wechat.fuzz_pushes",
            "-runs=100000",
            "-seed=1",
            f"-artifact_prefix={tmp_path}/",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 100000 runs" in done.stderr
