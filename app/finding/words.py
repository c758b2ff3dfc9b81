"""Text as it is searched: made plain, cut into words, and spelled in pinyin."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

from app.finding.pinyin import FIRST, LAST, syllables

LONGEST = 12
"""Characters of the longest word that is kept whole."""

_RUN = re.compile(rf"[{chr(FIRST)}-{chr(LAST)}]+|[a-z0-9]+")
_HAN = re.compile(rf"[{chr(FIRST)}-{chr(LAST)}]")
_LONGEST_END = 30
_LONGEST_SOUND = 60


def runs(text: str) -> list[str]:
    """The stretches of Chinese characters, and of Latin letters and digits in lower case; nothing else is searched."""
    return _RUN.findall(unicodedata.normalize("NFKC", text).lower())


def plain(text: str) -> str:
    """A text without signs and spaces, in lower case and half width."""
    return "".join(runs(text))


def is_chinese(text: str) -> bool:
    """Whether a text has a Chinese character."""
    return _HAN.search(text) is not None


def cut(text: str) -> Iterator[str]:
    """The words of a text, longer ones also in their parts, each as often as it stands there."""
    import rjieba  # its dictionary takes 34 MB of a process, and who searches needs none

    for run in runs(text):
        yield from rjieba.cut_for_search(run)


def words_of(text: str) -> set[str]:
    """Every word by which a name or a keyword is found: its stretches whole, its words, its single characters."""
    whole = {run for run in runs(text) if len(run) <= LONGEST}
    return whole | set(cut(text)) | set(_HAN.findall(text))


def document(names: Iterable[str], keywords: Iterable[str]) -> dict[str, str]:
    """The words by which a guide is found: those of its names with weight A, whole keywords B, parts of them C."""
    weights: dict[str, str] = {}
    for weight, found in (
        ("A", chain.from_iterable(words_of(name) for name in names)),
        ("B", (plain(keyword) for keyword in keywords)),
        ("C", chain.from_iterable(words_of(keyword) for keyword in keywords)),
    ):
        for word in found:
            if word and len(word) <= LONGEST:
                weights.setdefault(word, weight)
    return weights


def text_words(texts: Iterable[str]) -> set[str]:
    """The words of texts that are no names: Chinese ones of two characters or more."""
    return {word for text in texts for word in cut(text) if len(word) > 1 and is_chinese(word)}


def tsvector(weights: dict[str, str]) -> str:
    """Words with their weights, D where one has none, as PostgreSQL reads a tsvector.

    They hold letters, digits and ``/`` alone.
    """
    return " ".join(f"'{word}':1{weight}" for word, weight in weights.items())


def _units(text: str) -> list[tuple[str, str, str]]:
    """Each character of a plain text, or each stretch of Latin ones, with its pinyin and its initial."""
    found: list[tuple[str, str, str]] = []
    for run in runs(text):
        if is_chinese(run):
            found += [(character, said, said[0]) for character, said in zip(run, syllables(run), strict=True)]
        else:
            found.append((run, run, run))
    return found


def sound(text: str) -> str:
    """How a text is read, in pinyin without tones and spaces; Latin letters stay."""
    return "".join(syllable for _, syllable, _ in _units(text))


def ends(text: str, *, named: bool) -> dict[str, str]:
    """The ends of a phrase from each of its characters on, with their weights (``models.Phrase``).

    An end as written begins with ``t/``, its pinyin with ``p/``, its initials with ``i/``. Pinyin and initials of the
    whole stand under ``f/`` too: what one or two letters begin is too much to tell apart by weights.
    """
    units = _units(text)[:_LONGEST_END]
    found: dict[str, str] = {}
    for start in range(len(units)):
        weight = ("A" if named else "B") if start == 0 else ("C" if named else "D")
        written, syllables, initials = ("".join(unit[place] for unit in units[start:]) for place in range(3))
        whole = () if start else (f"f/{syllables[:_LONGEST_SOUND]}", f"f/{initials}")
        for end in (f"t/{written}", f"p/{syllables[:_LONGEST_SOUND]}", f"i/{initials}", *whole):
            found.setdefault(end, weight)
    return found
