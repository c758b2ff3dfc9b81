"""How Chinese is read: pinyin without tones, of the longest known words, else of single characters.

What pypinyin says of each character and word is read from a table that the installation makes of it
(``jiaban dev make-pinyin``): its own dictionaries take 55 MB of every process that searches, and a third of a second.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".txt")
"""What the installation has made of pypinyin's dictionaries; where it has not, they are read themselves."""
FIRST, LAST = 0x3400, 0x9FFF
"""The characters that are searched (``words.runs``)."""


class Words:
    """Sorted words of one length, held in one piece of text."""

    def __init__(self, text: str, length: int) -> None:
        """``text`` is all of them, one after the other."""
        self._text, self._length = text, length

    def __len__(self) -> int:
        """How many."""
        return len(self._text) // self._length

    def __getitem__(self, place: int) -> str:
        """The one at a place."""
        return self._text[place * self._length : (place + 1) * self._length]

    def __contains__(self, word: str) -> bool:
        """Whether it is one of them."""
        place = bisect_left(self, word)
        return place < len(self) and self[place] == word


@dataclass(frozen=True, slots=True)
class Dictionary:
    """``of_characters`` are places in ``syllables``, 0 where nobody knows; ``words`` the known ones by their lengths.

    Those of ``otherwise`` are not read as their characters are alone.
    """

    syllables: tuple[str, ...]
    of_characters: Sequence[int]
    words: dict[int, Words]
    otherwise: dict[str, list[str]]

    def alone(self, character: str) -> str:
        """A character's syllable; itself where nobody knows."""
        return self.syllables[self.of_characters[ord(character) - FIRST]] or character

    def read(self, word: str) -> list[str]:
        """The syllables of a known word or a character."""
        return self.otherwise.get(word) or [self.alone(character) for character in word]


def table() -> str:
    """What pypinyin says, as text.

    Three parts, an empty line between: characters by their syllable, words by their length, words read otherwise.
    """
    from pypinyin.contrib.tone_convert import to_normal  # large, and needed where nothing is installed yet
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    toneless = cache(to_normal)
    alone = {
        chr(code): toneless(pinyin_dict[code].split(",")[0]) for code in range(FIRST, LAST + 1) if code in pinyin_dict
    }
    by_syllable, by_length = defaultdict[str, list[str]](list), defaultdict[int, list[str]](list)
    otherwise: list[str] = []
    for character, syllable in alone.items():
        by_syllable[syllable].append(character)
    for word, readings in sorted(phrases_dict.items()):
        by_length[len(word)].append(word)
        read = [toneless(reading[0]) for reading in readings]
        if read != [alone[character] for character in word]:
            otherwise.append(" ".join((word, *read)))
    parts = (
        [f"{syllable} {''.join(characters)}" for syllable, characters in sorted(by_syllable.items())],
        [f"{length} {''.join(words)}" for length, words in sorted(by_length.items())],
        otherwise,
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


@cache
def _dictionary() -> Dictionary:
    text = FILE.read_text("utf-8") if FILE.exists() else table()
    syllables, words, otherwise = (part.splitlines() for part in text.split("\n\n"))
    names = [""]
    of_characters = array("H", bytes(2 * (LAST - FIRST + 1)))
    for line in syllables:
        name, characters = line.split()
        for character in characters:
            of_characters[ord(character) - FIRST] = len(names)
        names.append(name)
    return Dictionary(
        tuple(names),
        of_characters,
        {int(length): Words(text, int(length)) for length, text in map(str.split, reversed(words))},
        {word: read for word, *read in map(str.split, otherwise)},
    )


def syllables(run: str) -> list[str]:
    """The pinyin of each character of a stretch of Chinese; a character that nobody knows to read stands for itself."""
    known, found, at = _dictionary(), list[str](), 0
    while at < len(run):
        longest = (run[at : at + length] for length, some in known.words.items() if run[at : at + length] in some)
        word = next(longest, run[at])
        found += known.read(word)
        at += len(word)
    return found
