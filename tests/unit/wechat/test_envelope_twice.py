"""The envelope and one that was written independently of it agree."""

import contextlib
import random

from tests.unit.wechat.wechat_envelope import open_frame, seal_frame, signature_of
from wechat.callback import CallbackCodec
from wechat.envelope import Envelope
from wechat.errors import CallbackRefusedError

APPID, TOKEN = "wxba5fad812f8e6fb9", "AAAAA"
KEYS = ("A" * 43, "B" * 42 + "A")
_LETTERS = "aZ09 <>&\"'{}[]\n\t办证大厅𠮷😀]]>"
_MESSAGES = 10_000


def _text(chance: random.Random) -> str:
    # Lengths about the ends of blocks, and now and then a long one.
    length = chance.choice((chance.randrange(100), chance.randrange(2_000) if chance.random() < 0.1 else 0))
    return "".join(chance.choices(_LETTERS, k=length))


def test_ten_thousand_messages_are_sealed_alike_and_opened_by_each_other() -> None:
    """Byte for byte with the same random part, under either key."""
    chance = random.Random(10_000)
    envelopes = {key: Envelope(APPID, TOKEN, [key, *(set(KEYS) - {key})]) for key in KEYS}
    for number in range(_MESSAGES):
        text, key, prefix = _text(chance), KEYS[number % 2], chance.randbytes(16)
        timestamp, nonce = str(chance.randrange(2**31)), str(chance.randrange(2**31))
        sealed = envelopes[key].seal(text, timestamp, nonce, random=prefix)
        assert sealed.encrypt == seal_frame(key, text.encode(), APPID.encode(), random=prefix)
        assert sealed.signature == signature_of(TOKEN, timestamp, nonce, sealed.encrypt)
        assert open_frame(KEYS, sealed.encrypt, APPID.encode()) == text.encode()
        other = KEYS[(number + 1) % 2]
        assert envelopes[other].unseal(sealed.encrypt) == text


def _is_opened_by_ours(codec: CallbackCodec, encrypt: str) -> bool:
    query = {"timestamp": "1", "nonce": "2", "msg_signature": signature_of(TOKEN, "1", "2", encrypt)}
    try:
        codec.open(query, f'{{"Encrypt":"{encrypt}"}}'.encode())
    except CallbackRefusedError as error:
        return error.reason == "malformed"  # it was opened, and what is inside is no push
    return True


def test_they_agree_on_what_cannot_be_opened() -> None:
    """Frames with a wrong length, another app's name, another padding, or nothing right at all."""
    chance = random.Random(2026)
    codec = CallbackCodec(APPID, TOKEN, KEYS)
    opened = 0
    for _ in range(2_000):
        content = _text(chance).encode()
        encrypt = seal_frame(
            chance.choice((*KEYS, "C" * 42 + "A")),
            content,
            chance.choice((APPID.encode(), APPID.encode(), b"wx-another")),
            length=chance.choice((None, None, len(content) + 1, max(len(content) - 1, 0), 2**32 - 1)),
            random=chance.randbytes(16),
        )
        theirs = False
        with contextlib.suppress(ValueError):
            open_frame(KEYS, encrypt, APPID.encode())
            theirs = True
        assert _is_opened_by_ours(codec, encrypt) is theirs
        opened += theirs
    assert 100 < opened < 1_500
