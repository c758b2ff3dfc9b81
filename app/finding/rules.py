"""What a search means: which words it has, how much each decides, and what else it may stand for."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from app.finding import words
from app.finding.everyday import everyday, ignored

LONGEST_QUERY = 40
"""Characters of a query that are looked at."""

_LETTER, _UNKNOWN_SHARE = 0.5, 0.5
_LEAST_FOR_PARTS = 3


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that is looked for. The first four are tsqueries, from the closest match to the loosest.

    ``weight`` is the greater, the fewer readings have it: the rare word decides.
    """

    in_name: str
    as_keyword: str
    in_keywords: str
    in_parts: str
    weight: int


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for: ``core`` is the query without what says nothing, ``total`` the weight of all of it.

    ``known`` is whether it is one word that is indexed.
    """

    core: str
    concepts: tuple[Concept, ...]
    total: int
    known: bool

    @property
    def anything(self) -> str:
        """The tsquery of whatever has one of the concepts that decide: those at least half as rare as the rarest."""
        rarest = max((concept.weight for concept in self.concepts), default=0)
        return " | ".join(f"({concept.in_parts})" for concept in self.concepts if concept.weight * 2 >= rarest)

    @property
    def in_texts(self) -> str:
        """The tsquery of texts each character of it is in a word of, which stands in it; empty where one is Latin."""
        pieces = [piece for piece in _pieces(self.core) if len(piece) > 1]
        ways = [[piece for piece in pieces if character in piece] for character in dict.fromkeys(self.core)]
        if not all(map(words.is_chinese, self.core)) or not all(ways):
            return ""
        return " & ".join("(" + " | ".join(f"'{piece}'" for piece in way) + ")" for way in ways)

    @property
    def is_spelled(self) -> bool:
        """Whether it is pinyin, initials or another text in Latin letters alone."""
        return not words.is_chinese(self.core)

    def by_end(self, weights: str = "", *, whole: bool = False) -> str:
        """The tsquery of phrases that sound like it or have it in them: by ends of these weights, or ``whole`` ones."""
        mark = (":" if whole else ":*") + weights
        ends = [f"p/{words.sound(self.core)}"]
        if self.is_spelled:
            ends = [f"i/{self.core}", f"t/{self.core}", *([] if len(self.core) == 1 else ends)]
        return " | ".join(f"'{end}'{mark}" for end in ends)


def understand(query: str, known: Mapping[str, int]) -> Search:
    """What a query looks for. ``known`` tells in how many readings each word stands, under "" how many there are."""
    tokens = list(chain.from_iterable(_split(run, known) for run in words.runs(query[:LONGEST_QUERY])))
    meant = [token for token in tokens if token not in ignored()] or tokens
    count = max(known.get("", 0), 1)
    core = "".join(meant)
    concepts: list[Concept] = []
    total = 0
    for token in dict.fromkeys(meant):
        concept = _concept(token, known, count)
        if concept is None:
            total += round(100 * _UNKNOWN_SHARE * len(token) * math.log(1 + count))
            continue
        total += concept.weight
        # A character that is left between words says little, and is a sign of a slip.
        concepts.append(replace(concept, weight=concept.weight // 2) if len(token) == 1 < len(core) else concept)
    known_whole = len(concepts) == 1 and concepts[0].weight == total
    return Search(core, tuple(concepts), max(total, 1), known=known_whole)


def _pieces(run: str) -> Iterable[str]:
    if not words.is_chinese(run):
        return [run]
    return [
        run[start:end]
        for start in range(len(run))
        for end in range(start + 1, min(start + words.LONGEST, len(run)) + 1)
    ]


def _split(run: str, known: Mapping[str, int], longest: int = words.LONGEST) -> list[str]:
    """The words of a stretch, cut so that known ones are as long as may be; what is unknown stands alone."""
    if not words.is_chinese(run):
        return [run]
    best: list[tuple[float, list[str]]] = [(0.0, [])]
    for end in range(1, len(run) + 1):
        ways = [
            (best[start][0] + _worth(run[start:end], known), [*best[start][1], run[start:end]])
            for start in range(max(0, end - longest), end)
            if end - start == 1 or _is_known(run[start:end], known)
        ]
        best.append(max(ways, key=lambda way: (way[0], -len(way[1]))))
    return best[-1][1]


def _is_known(word: str, known: Mapping[str, int]) -> bool:
    return word in known or word in everyday() or word in ignored()


def _worth(word: str, known: Mapping[str, int]) -> float:
    if len(word) == 1:
        return _LETTER if _is_known(word, known) else 0.0
    return float(len(word) ** 2)


def _concept(token: str, known: Mapping[str, int], count: int) -> Concept | None:
    exact = [[token]] if token in known else []
    for official in everyday().get(token, ()):
        target = words.plain(official)
        found = (
            [target] if target in known else list(chain.from_iterable(_split(run, known) for run in words.runs(target)))
        )
        if all(word in known for word in found):
            exact.append(found)
    if not exact:
        return None
    parts = _split(token, known, len(token) - 1) if len(token) >= _LEAST_FOR_PARTS else []
    looser = [parts] if parts and all(word in known for word in parts) else []
    commonest = max(min(known[word] for word in way) for way in exact)
    return Concept(
        in_name=_tsquery(exact, "A"),
        as_keyword=_tsquery(exact, "AB"),
        in_keywords=_tsquery(exact, ""),
        in_parts=_tsquery([*exact, *looser], ""),
        weight=max(round(100 * math.log(1 + count / commonest)), 1),
    )


def _tsquery(ways: Iterable[Iterable[str]], weights: str) -> str:
    mark = f":{weights}" if weights else ""
    return " | ".join("(" + " & ".join(f"'{word}'{mark}" for word in way) + ")" for way in ways)
