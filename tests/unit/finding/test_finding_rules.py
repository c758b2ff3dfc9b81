"""What a query means: its words, their weights, what is left out; and that no text breaks a tsquery."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.finding import words
from app.finding.everyday import everyday, ignored
from app.finding.places import metres
from app.finding.rules import LONGEST_QUERY, Search, understand
from app.finding.suggestions import read_typed

KNOWN = {
    "": 1000,
    "身份证": 10,
    "身份": 20,
    "证": 400,
    "补办": 5,
    "补": 50,
    "办": 300,
    "户口": 8,
    "孩子": 6,
    "上": 30,
    "食品": 9,
    "经营": 40,
    "许可": 60,
    "食品经营许可": 2,
    "etc": 1,
}
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("身份证补办户口食品经营许可我想怎么az19'\\:*|&!()<> %_")
)
TSQUERY = re.compile(r"\(?'[^'\\]+'(:[ABCD]+)?\)?(( \| | & )\(?'[^'\\]+'(:[ABCD]+)?\)?)*")


def meant(query: str) -> list[str]:
    """The first word of each concept, in the order of the query."""
    return [concept.in_name.split("'")[1] for concept in understand(query, KNOWN).concepts]


def test_what_says_nothing_is_left_out() -> None:
    """Unless nothing else is there."""
    assert meant("我想给孩子上户口怎么办") == ["孩子", "上", "户口"]
    assert understand("我想给孩子上户口怎么办", KNOWN).core == "孩子上户口"
    assert understand("怎么办", KNOWN).core == "怎么办"


def test_the_longest_known_words_are_taken() -> None:
    """Also where shorter ones would do."""
    assert meant("补办身份证") == ["补办", "身份证"]
    assert meant("食品经营许可") == ["食品经营许可"]


def test_the_rare_word_weighs_more() -> None:
    """By the logarithm of how rare it is."""
    rare, common = understand("食品经营", {**KNOWN, "食品": 1, "经营": 999}).concepts
    assert rare.weight > 5 * common.weight


def test_a_character_that_is_left_over_weighs_half() -> None:
    """In the whole it counts fully, so that the query looks mistyped."""
    (alone,) = understand("证", KNOWN).concepts
    search = understand("户口证", KNOWN)
    assert search.concepts[-1].weight == alone.weight // 2
    assert search.total == search.concepts[0].weight + alone.weight
    assert not search.known


def test_what_is_unknown_counts_in_the_whole() -> None:
    """So that what matches the rest is no full match."""
    search = understand("身份证龘龘", KNOWN)
    assert search.total > sum(concept.weight for concept in search.concepts)
    assert understand("身份证", KNOWN).known
    assert not search.known


def test_an_everyday_word_stands_for_official_ones() -> None:
    """Whole, or in its words where it is not known whole."""
    (concept,) = understand("我要开餐厅", KNOWN).concepts
    assert "'食品经营许可':A" in concept.in_name
    without_the_whole = {word: count for word, count in KNOWN.items() if word != "食品经营许可"}
    (concept,) = understand("开餐厅", without_the_whole).concepts
    assert "('食品':A & '经营':A & '许可':A)" in concept.in_name


def test_letters_are_looked_for_as_words_and_as_sounds() -> None:
    """In capitals and full width too."""
    search = understand("ＥＴＣ", KNOWN)
    assert (search.core, meant("ETC"), search.is_spelled) == ("etc", ["etc"], True)
    assert search.by_end() == "'i/etc':* | 't/etc':* | 'p/etc':*"
    assert understand("身份正", KNOWN).by_end("AB", whole=True) == "'p/shenfenzheng':AB"


def test_texts_are_asked_for_words_that_stand_in_the_query() -> None:
    """Each character in one of them, however the query would be cut; one character and Latin letters are no words."""
    assert (
        understand("食品店", {}).in_texts == "('食品' | '食品店') & ('食品' | '食品店' | '品店') & ('食品店' | '品店')"
    )
    assert [understand(text, {}).in_texts for text in ("证", "etc", "etc办理", "")] == [""] * 4


@pytest.mark.parametrize("text", ["食品经营许可证", "居民身份证补办", "提取住房公积金", "老年人优待证"])
def test_texts_that_have_the_words_of_a_query_are_found(text: str) -> None:
    """By the words that the segmenter makes of both."""
    found = words.text_words([text])
    ways = [set(re.findall(r"'(\w+)'", way)) for way in understand(text, {}).in_texts.split(" & ")]
    assert len(ways) == len(set(text))
    assert all(way & found for way in ways)


@given(TEXTS)
def test_no_text_breaks_a_search(text: str) -> None:
    """Every tsquery is well formed, every weight positive, nothing is longer than it may be."""
    pieces = [text[start:end] for start in range(len(text)) for end in range(start + 1, start + words.LONGEST + 1)]
    known = dict.fromkeys({words.plain(piece) for piece in pieces}, 3) | KNOWN if len(text) % 2 else KNOWN
    search: Search = understand(text, known)
    assert search.total > 0
    assert len(words.plain(search.core)) == len(search.core) <= 4 * LONGEST_QUERY
    for concept in search.concepts:
        for tsquery in (concept.in_name, concept.as_keyword, concept.in_keywords, concept.in_parts):
            assert TSQUERY.fullmatch(tsquery), tsquery
        assert concept.weight >= 0
    if search.core:
        assert TSQUERY.fullmatch(search.by_end().replace(":*", "")), search.by_end()
        assert not search.in_texts or TSQUERY.fullmatch(search.in_texts), search.in_texts


@given(st.text(st.sampled_from("身份证补办户口食品经营许可")), st.sets(st.sampled_from(sorted(KNOWN))))
def test_every_character_of_a_query_is_in_its_core_or_says_nothing(text: str, some: set[str]) -> None:
    """Whatever is known: nothing is lost and nothing is said twice."""
    search = understand(text, {word: KNOWN[word] for word in some | {""}})
    assert search.core == text[:LONGEST_QUERY]


@given(TEXTS)
def test_plain_is_plain(text: str) -> None:
    """Nothing is left to make plain, and nothing that a pattern or a tsquery reads."""
    once = words.plain(text)
    assert words.plain(once) == once
    assert re.fullmatch(r"[\u3400-\u9fffa-z0-9]*", once)


@pytest.mark.parametrize(
    ("text", "sound"), [("身份证", "shenfenzheng"), ("银行", "yinhang"), ("重庆", "chongqing"), ("ETC办理", "etcbanli")]
)
def test_sounds_are_those_of_the_word(text: str, sound: str) -> None:
    """A character that is read in two ways is read as the word wants."""
    assert words.sound(text) == sound


@given(TEXTS, st.booleans())
def test_the_whole_phrase_is_its_first_end(text: str, named: bool) -> None:  # drawn
    """Marked as a name's or a keyword's; all others are marked as within."""
    ends = words.ends(text[:20], named=named)
    whole = [end for end, weight in ends.items() if weight in "AB"]
    assert len(whole) <= 5
    assert bool(whole) is bool(words.plain(text[:20]))


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("食品", 0),
        ("shipin", 0),
        ("sp", 0),
        ("s", 0),
        ("经营", 1),
        ("jingy", 1),
        ("jyx", 1),
        ("jy", None),
    ],
)
def test_an_everyday_phrase_is_found_by_what_is_typed(typed: str, place: int | None) -> None:
    """Its beginning before what stands within; one or two letters only at its beginning."""
    found = read_typed(typed)
    assert found
    assert found.place_in(words.ends("食品经营许可", named=False)) == place


def test_each_everyday_word_says_something() -> None:
    """Plain, not among the ignored, with official words; and there are enough of them."""
    assert len(everyday()) >= 60
    for word, official in everyday().items():
        assert words.plain(word) == word
        assert official
        assert not {word, *official} & ignored()


@given(
    st.tuples(st.floats(73, 136), st.floats(3, 54)),
    st.tuples(st.floats(73, 136), st.floats(3, 54)),
    st.tuples(st.floats(73, 136), st.floats(3, 54)),
)
def test_distances_are_distances(
    one: tuple[float, float], other: tuple[float, float], third: tuple[float, float]
) -> None:
    """The same there and back, none to oneself, and no way round is shorter."""
    assert metres(*one, *other) == pytest.approx(metres(*other, *one), abs=1e-3)
    assert metres(*one, *one) == 0
    assert metres(*one, *third) <= metres(*one, *other) + metres(*other, *third) + 1e-3


def test_a_degree_of_latitude_is_as_long_as_it_is() -> None:
    """111.2 km on a round Earth; a degree of longitude at 50° shorter by its cosine."""
    assert metres(130, 46, 130, 47) == pytest.approx(111_195, rel=1e-4)
    assert metres(130, 50, 131, 50) == pytest.approx(111_195 * math.cos(math.radians(50)), rel=1e-3)
