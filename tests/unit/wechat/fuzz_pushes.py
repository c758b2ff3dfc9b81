"""Pushes that a fuzzer makes by what of the code they reach; for 100,000 of them add ``-runs=100000``."""

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["wechat", "xmltodict"]):
    from wechat.callback import CallbackCodec
    from wechat.errors import CallbackRefusedError

from tests.unit.wechat.test_wechat_callback import APPID, EVENT_JSON, KEY, PLAIN_QUERY, TEXT_XML, TOKEN, pushed
from tests.unit.wechat.wechat_envelope import seal_frame

CODEC = CallbackCodec(APPID, TOKEN, [KEY])


def read(data: bytes) -> None:
    """Read a push, plain or sealed, whose words may be anything; only the one error may come of it."""
    sealed, words = data[:1] > b"\x7f", data[1:]
    with contextlib.suppress(CallbackRefusedError):
        if sealed:
            query, body = pushed(seal_frame(KEY, words, APPID.encode()))
        else:
            query, body = PLAIN_QUERY, words
        message = CODEC.open(query, body)
        CODEC.reply_text(message, (message.content or "?") + "?", nonce="n", timestamp=1)


if __name__ == "__main__":
    for example in (TEXT_XML, EVENT_JSON):
        read(b"\x00" + example.encode())
        read(b"\xff" + example.encode())
    atheris.Setup([sys.argv[0], *sys.argv[1:]], read)
    atheris.Fuzz()
