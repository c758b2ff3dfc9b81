"""PDFs taken as materials: told by content, and written anew with nothing in them that acts, hides or tells of people.

What is done to a PDF happens in ``media.pdf_jobs``, in a process of its own.
"""

from dataclasses import dataclass, field
from typing import Literal

from media.confined import ConfinedError, run_confined

Refusal = Literal["empty", "too_large", "too_many_pages", "too_complex", "unsupported_type", "encrypted", "broken"]

PDF = "application/pdf"

_HEADER = b"%PDF-"
_BEFORE_HEADER = b"\xef\xbb\xbf \t\r\n\f\0"
_TRAILER = b"%%EOF"
_TRAILER_WITHIN = 1024


class DocumentRefusedError(ValueError):
    """An upload that is not kept. ``code`` says why:

    ``empty`` no bytes; ``too_large`` more bytes than allowed, or far more once unpacked; ``unsupported_type`` no PDF,
    or a form whose content only its own program can draw; ``too_many_pages``; ``too_complex`` more objects or
    annotations than are looked at; ``encrypted`` with any password, an empty one too; ``broken`` what cannot be read to
    its end.
    """

    def __init__(self, code: Refusal) -> None:
        """``code`` is stable and is all that is said: nothing of the upload goes into the message."""
        super().__init__(f"document refused: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF that is safe to keep and to show: our own writing of the pages, and of nothing else.

    ``width`` and ``height`` are those of the first page as it is shown, in points (1/72 inch), rounded.
    """

    data: bytes = field(repr=False)
    content_type: str
    pages: int
    width: int
    height: int


def is_pdf(content: bytes) -> bool:
    """Whether ``content`` starts as a PDF does (ISO 32000-2, 7.5.2); white space or a byte order mark may precede."""
    return content[:_TRAILER_WITHIN].lstrip(_BEFORE_HEADER).startswith(_HEADER)


def inspect_document(content: bytes, *, max_bytes: int, max_pages: int) -> Document:
    """Check an uploaded PDF and write its pages anew; the same upload gives the same document.

    Gone are scripts, actions, links, attached files, forms (what was filled in is drawn into the page), pop-ups of
    comments, and metadata, those of JPEGs inside included. A digital signature's picture stays, the signature does not:
    what is kept are other bytes than those that were signed. Waits for another process: call it in a
    worker thread. Raises ``DocumentRefusedError`` for any content, and OSError where no process can be started.
    """
    if not content:
        raise DocumentRefusedError("empty")
    if len(content) > max_bytes:
        raise DocumentRefusedError("too_large")
    if not is_pdf(content):
        raise DocumentRefusedError("unsupported_type")
    # Every PDF ends so; one that does not was cut off, and a reader that mends it would lose pages without a word.
    if _TRAILER not in content[-_TRAILER_WITHIN:]:
        raise DocumentRefusedError("broken")
    try:
        facts, data = run_confined("media.pdf_jobs", "clean", content, max_pages=max_pages)
    except ConfinedError as error:
        raise DocumentRefusedError("too_large" if error.starved else "broken") from error
    if refused := facts.get("refused"):
        raise DocumentRefusedError(refused)
    return Document(data, PDF, facts["pages"], facts["width"], facts["height"])
