"""How Chinese is read: as pypinyin says, from a table that holds what it knows."""

import random

from pypinyin import Style, lazy_pinyin
from pypinyin.phrases_dict import phrases_dict

from app.finding.pinyin import FILE, syllables, table


def test_the_table_holds_what_the_library_says() -> None:
    """Every character and word: the installation has made it."""
    assert FILE.read_text("utf-8") == table()


def test_a_text_is_read_as_the_library_reads_it() -> None:
    """Words beside words, and beside single characters."""
    drawn, words = random.Random(20), sorted(phrases_dict)
    for _ in range(1_000):
        text = "".join(drawn.choice(words)[: drawn.choice([1, None, None])] for _ in range(4))
        assert syllables(text) == lazy_pinyin(text, style=Style.NORMAL), text


def test_who_is_read_by_nobody_stands_for_itself() -> None:
    """A rare character between others."""
    assert syllables("办㘻证") == ["ban", "㘻", "zheng"]
