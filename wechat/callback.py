"""WeChat's server callback: believe a push or refuse it, and answer it.

An official account pushes XML, a mini-program XML or JSON; each plain, sealed (secure mode) or both (compatible mode,
of which the sealed part alone is read). Whatever is wrong with a push is one CallbackRefusedError.
"""

import json
import re
from collections.abc import Mapping, Sequence

from wechat.envelope import Envelope
from wechat.errors import CallbackRefusedError
from wechat.message import Message, parse_fields, read_message

MAX_BODY_BYTES = 64 * 1024
MAX_REPLY_BYTES = 2048
_ELLIPSIS = "…"
# What XML 1.0 has no place for; a follower would see an error in place of the reply.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEALED_REPLY = (
    "<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
    "<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
)


class CallbackCodec:
    """Opens pushes to one app and writes the replies.

    ``aes_keys`` are the EncodingAESKeys, the current first, then the previous during a change of key; none where only
    plain mode is used. Without ``plain`` a push that did not come sealed is refused: its signature covers no word of
    it, so whoever has seen one could speak for anybody. Raises ValueError for an ill-formed key.
    """

    def __init__(self, appid: str, token: str, aes_keys: Sequence[str], *, plain: bool = True) -> None:
        self._envelope = Envelope(appid, token, aes_keys)
        self._plain = plain

    def verify_url(self, signature: str, timestamp: str, nonce: str, echostr: str) -> str:
        """Answer WeChat's check of the callback's address: the text to echo. Raises CallbackRefusedError."""
        self._envelope.check(signature, timestamp, nonce)
        if not echostr:
            raise CallbackRefusedError("malformed")
        return echostr

    def open(self, query: Mapping[str, str], body: bytes) -> Message:
        """Believe and read one push; it came sealed where the query has ``msg_signature``.

        Raises CallbackRefusedError.
        """
        if len(body) > MAX_BODY_BYTES:
            raise CallbackRefusedError("malformed")
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        secure = "msg_signature" in query
        if not secure:
            self._envelope.check(query.get("signature", ""), timestamp, nonce)
            if not self._plain:
                raise CallbackRefusedError("plain")
        fields, form = parse_fields(_decode(body))
        if secure:
            encrypt = fields.get("Encrypt")
            if not isinstance(encrypt, str):
                raise CallbackRefusedError("malformed")
            self._envelope.check(query["msg_signature"], timestamp, nonce, encrypt)
            fields, form = parse_fields(self._envelope.unseal(encrypt))
        return read_message(fields, form=form, secure=secure)

    def reply_text(self, message: Message, text: str, *, nonce: str, timestamp: int) -> str:
        """What answers a message with a text, in the message's form, sealed if the message was.

        ``timestamp`` is Unix time in seconds. A text beyond 2048 bytes of UTF-8 is shortened. Raises ValueError where
        nothing remains to be said.
        """
        content = _shorten(_NOT_XML.sub("", text).strip())
        if not content:
            raise ValueError("a reply needs a text")
        return self._finished(message, {"MsgType": "text", "Content": content}, nonce, timestamp)

    def reply_transfer(self, message: Message, *, nonce: str, timestamp: int) -> str:
        """What hands a message over to the people of the customer service, as WeChat's console shows it to them."""
        return self._finished(message, {"MsgType": "transfer_customer_service"}, nonce, timestamp)

    def _finished(self, message: Message, said: Mapping[str, str], nonce: str, timestamp: int) -> str:
        xml = message.form == "xml"
        sent: dict[str, str | int] = {"ToUserName": message.sender, "FromUserName": message.receiver}
        reply = {**sent, "CreateTime": timestamp, **said}
        plain = _xml_of(reply) if xml else json.dumps(reply, ensure_ascii=False)
        if not message.secure:
            return plain
        sealed = self._envelope.seal(plain, str(timestamp), nonce)
        if xml:
            return _SEALED_REPLY.format(
                encrypt=sealed.encrypt, signature=sealed.signature, timestamp=timestamp, nonce=_in_cdata(nonce)
            )
        fields = {"Encrypt": sealed.encrypt, "MsgSignature": sealed.signature}
        return json.dumps({**fields, "TimeStamp": timestamp, "Nonce": nonce})


def _xml_of(reply: Mapping[str, str | int]) -> str:
    fields = (
        f"<{name}>{value if isinstance(value, int) else f'<![CDATA[{_in_cdata(value)}]]>'}</{name}>"
        for name, value in reply.items()
    )
    return f"<xml>{''.join(fields)}</xml>"


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise CallbackRefusedError("malformed") from None


def _in_cdata(text: str) -> str:
    # End the section inside the mark and begin another.
    return text.replace("]]>", "]]]]><![CDATA[>")


def _shorten(text: str) -> str:
    data = text.encode()
    if len(data) <= MAX_REPLY_BYTES:
        return text
    return data[: MAX_REPLY_BYTES - len(_ELLIPSIS.encode())].decode(errors="ignore") + _ELLIPSIS
