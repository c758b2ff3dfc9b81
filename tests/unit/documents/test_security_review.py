"""The security review speaks of every requirement, and of code that is there."""

import re

from tests.conftest import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
VERDICTS = {"met", "in part", "not met", "operator's", "does not apply"}
# OWASP ASVS 5.0.0, levels 1 and 2: chapter, section, how many requirements it has, numbered from 1.
REQUIREMENTS = {
    1: {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    2: {1: 3, 2: 3, 3: 4, 4: 1},
    3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4},
    5: {1: 1, 2: 3, 3: 2, 4: 3},
    6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    8: {1: 2, 2: 3, 3: 1, 4: 1},
    9: {1: 3, 2: 4},
    10: {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    11: {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    12: {1: 3, 2: 2, 3: 4},
    13: {1: 1, 2: 5, 3: 2, 4: 5},
    14: {1: 2, 2: 4, 3: 3},
    15: {1: 3, 2: 3, 3: 7},
    16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    17: {1: 1, 2: 4, 3: 2},
}
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+(?:[–, ]+\d+\.\d+\.\d+)*) \| [^|]+ \| ([^|]+) \|", re.MULTILINE)


def requirements() -> list[tuple[int, int, int]]:
    """All that level 2 asks for, in its order."""
    return [
        (chapter, section, number)
        for chapter, sections in REQUIREMENTS.items()
        for section, many in sections.items()
        for number in range(1, many + 1)
    ]


def numbers(written: str) -> list[tuple[int, int, int]]:
    """The requirements of one row: one number, some, or from one to another."""
    named = [tuple(map(int, number.split("."))) for number in re.findall(r"[\d.]+", written)]
    if "–" not in written:
        return [(chapter, section, number) for chapter, section, number in named]
    first, last = named
    return [one for one in requirements() if first <= one <= last]


def test_each_requirement_has_one_row_and_a_verdict() -> None:
    """In the order of the standard: nothing is left out, nothing said twice."""
    rows = _ROW.findall(DOCUMENT)
    assert [one for written, _ in rows for one in numbers(written)] == requirements()
    assert {verdict for _, verdict in rows} == VERDICTS


def test_the_code_and_the_tests_that_it_names_are_there() -> None:
    """Whoever moves one says so here too."""
    named = set(re.findall(r"`((?:app|miniapp_api|wechat|media|config|tests)/[\w./-]+)`", DOCUMENT))
    assert len(named) > 100
    assert sorted(path for path in named if not (REPOSITORY / path).exists()) == []


def test_its_links_lead_somewhere() -> None:
    """To documents and their headings."""
    for file, anchor in re.findall(r"\]\((?!https?:)([\w.-]*)(?:#([\w-]+))?\)", DOCUMENT):
        text = (REPOSITORY / "docs" / file).read_text(encoding="utf-8") if file else DOCUMENT
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, (file, anchor)
