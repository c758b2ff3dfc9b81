"""What the WeChat stand-in remembers: tokens, sends, followers, tags, menus, codes and faces, one part each."""

from pathlib import Path

from app.sandbox.journal import Change, Journal
from app.sandbox.wechat.codes import Codes
from app.sandbox.wechat.faces import Faces
from app.sandbox.wechat.followers import Followers
from app.sandbox.wechat.menus import Menus
from app.sandbox.wechat.messages import Messages
from app.sandbox.wechat.tags import Tags
from app.sandbox.wechat.tally import Tally
from app.sandbox.wechat.tokens import Tokens


class WeChatState:
    """All parts, journaled in ``wechat.jsonl``; what was sent is counted in ``wechat-sends.bin`` beside it."""

    def __init__(self, folder: Path) -> None:
        self._tally = Tally(folder / "wechat-sends.bin")
        self.tokens = Tokens(self._record)
        self.followers = Followers(self._record)
        self.messages = Messages(self._record, self._tally, self.followers.number_of)
        self.tags = Tags(self._record)
        self.menus = Menus(self._record)
        self.codes = Codes(self._record)
        self.faces = Faces(self._record)
        parts = (self.tokens, self.followers, self.messages, self.tags, self.menus, self.codes, self.faces)
        self._appliers = {kind: part.apply for part in parts for kind in part.KINDS}
        self._journal = Journal(folder / "wechat.jsonl", self._apply)

    def _apply(self, change: Change) -> None:
        # A journal of an earlier version may hold changes that no part knows: they are passed over.
        if applier := self._appliers.get(change["kind"]):
            applier(change)

    def _record(self, change: Change, *, durable: bool = True) -> None:
        self._journal.record(change, durable=durable)

    def close(self) -> None:
        """Close the journal and the tally."""
        self._journal.close()
        self._tally.close()
