"""The tags that the official account puts on its followers, as WeChat's stand-in remembers them."""

from collections.abc import Callable
from typing import Any

from app.sandbox.journal import Change
from app.sandbox.wechat.answers import PlatformError

_FIRST_ID = 100
_MOST_TAGS = 100
_LONGEST_NAME = 30
_MOST_TAGS_OF_ONE = 20


class Tags:
    """Tags by their ids, from 100 on as at WeChat, and who has them. ``record`` journals changes."""

    KINDS = frozenset({"tag_named", "tag_deleted", "tagged", "untagged"})

    def __init__(self, record: Callable[[Change], None]) -> None:
        self._record = record
        self._names: dict[int, str] = {}
        # In the order in which they were tagged.
        self._members: dict[int, dict[str, None]] = {}
        self._next_id = _FIRST_ID

    def apply(self, change: Change) -> None:
        """Take one journaled change."""
        tag = change["tag"]
        match change["kind"]:
            case "tag_named":
                self._names[tag] = change["name"]
                self._members.setdefault(tag, {})
                self._next_id = max(self._next_id, tag + 1)
            case "tag_deleted":
                del self._names[tag], self._members[tag]
            case "tagged":
                self._members[tag].update(dict.fromkeys(change["openids"]))
            case "untagged":
                for openid in change["openids"]:
                    self._members[tag].pop(openid, None)

    def create(self, name: str) -> int:
        """A tag's id; raises PlatformError 45056 for one too many, 45157 for a name taken, 45158 for one too long."""
        if len(self._names) >= _MOST_TAGS:
            raise PlatformError(45056, "tag num limit reached")
        tag = self._next_id
        self._name(tag, name)
        return tag

    def rename(self, tag: int, name: str) -> None:
        """Give a tag another name; raises PlatformError as ``create`` does, and 45159 for an unknown tag."""
        self._check(tag)
        self._name(tag, name)

    def _name(self, tag: int, name: str) -> None:
        if not name or len(name.encode()) > _LONGEST_NAME:
            raise PlatformError(45158, "tag name is too long")
        if any(known == name and other != tag for other, known in self._names.items()):
            raise PlatformError(45157, "tag name is used")
        self._record({"kind": "tag_named", "tag": tag, "name": name})

    def delete(self, tag: int) -> None:
        """Delete a tag, from its members too; raises PlatformError 45159."""
        self._check(tag)
        self._record({"kind": "tag_deleted", "tag": tag})

    def put(self, tag: int, openids: list[str]) -> None:
        """Tag people; raises PlatformError 45159, or 45059 where somebody has twenty tags already."""
        self._check(tag)
        others = [members for other, members in self._members.items() if other != tag]
        if any(sum(openid in members for members in others) >= _MOST_TAGS_OF_ONE for openid in openids):
            raise PlatformError(45059, "tags of a fan out of limit")
        self._record({"kind": "tagged", "tag": tag, "openids": openids})

    def take(self, tag: int, openids: list[str]) -> None:
        """Take a tag from people; raises PlatformError 45159."""
        self._check(tag)
        self._record({"kind": "untagged", "tag": tag, "openids": openids})

    def members(self, tag: int) -> list[str]:
        """Who has a tag; raises PlatformError 45159."""
        self._check(tag)
        return list(self._members[tag])

    def of(self, openid: str) -> list[int]:
        """The tags of one person."""
        return [tag for tag, members in self._members.items() if openid in members]

    def listing(self) -> list[dict[str, Any]]:
        """All tags as WeChat lists them."""
        return [{"id": tag, "name": name, "count": len(self._members[tag])} for tag, name in self._names.items()]

    def _check(self, tag: int) -> None:
        if tag not in self._names:
            raise PlatformError(45159, "invalid tag id")
