"""The parts of a workbook, read as XML with expat. A document type is refused, and with it every entity."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from xml.parsers import expat
from zipfile import ZipFile

from app.upkeep.tables.files import Meter, chunks
from app.upkeep.tables.problems import TablesError

# What is longer between two signs of XML would fill memory, and be read again from its start with every piece.
_LONGEST_TOKEN = 1 << 20


class Parts:
    """The parts of a workbook by their names."""

    def __init__(self, archive: ZipFile, meter: Meter) -> None:
        self._archive, self._meter = archive, meter
        self._members = {member.filename.lower(): member for member in archive.infolist()}

    def size(self, name: str) -> int:
        """Bytes of a part once inflated. Raises TablesError where it is not there."""
        member = self._members.get(name.lower())
        if member is None:
            raise TablesError("file_broken")
        return member.file_size

    def read(self, name: str, title: str = "") -> Iterator[bytes]:
        """A part's bytes, a piece at a time. Raises TablesError where it is not there or damaged."""
        self.size(name)
        return chunks(self._archive, self._members[name.lower()], self._meter, title)

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """The kind and the name of each part that a part refers to, by the reference's id."""
        folder, file = posixpath.split(name)
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                found[attributes.get("Id", "")] = (posixpath.basename(attributes.get("Type", "")), target.lstrip("/"))

        for _ in parse(self.read(posixpath.join(folder, "_rels", f"{file}.rels")), start):
            pass
        return found


def _nothing(*_: object) -> None:
    return None


def _refuse_doctype(*_: object) -> None:
    raise TablesError("file_broken")


def parse(
    pieces: Iterable[bytes],
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None] = _nothing,
    data: Callable[[str], None] = _nothing,
    title: str = "",
) -> Iterator[None]:
    """Hand a part's elements, without their prefixes, to the functions; yields after each piece.

    Whether a part has a prefix is told by its root, since asking every element costs as much as reading it.
    """

    def first(name: str, attributes: Mapping[str, str]) -> None:
        if ":" in name:
            parser.StartElementHandler = lambda name, attributes: start(name[name.rfind(":") + 1 :], attributes)
            parser.EndElementHandler = lambda name: end(name[name.rfind(":") + 1 :])
        else:
            parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartElementHandler(name, attributes)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = first
    parser.CharacterDataHandler = data
    fed = 0
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                raise TablesError("file_broken", title)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise TablesError("file_broken", title) from error
