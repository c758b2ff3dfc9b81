"""Cards: complete, legible, the same each time, and in one piece whatever is written on them."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from media.card_art import dark_enough
from media.card_rows import lay_table
from media.cards import CardBack, CardColourError, CardFront, draw_card, render_card
from media.typeset import ELLIPSIS, MEDIUM, clean, font

SAMPLE = CardFront(
    title="食品经营许可证",
    number="JY12308030012345",
    rows=(("经营者名称", "佳木斯市前进区老张烘焙坊"), ("法定代表人", "张建国"), ("主体业态", "食品销售经营者")),
    issuer="佳木斯市市场监督管理局",
    issued_on="2026年03月12日",
    valid_until="2031年03月11日",
    color="#1F5FAE",
    identifier="1.2.156.3005.2.11100000000013338W032.1123080000.JY12308030012345.001.C",
)
BACK = CardBack(
    title=SAMPLE.title,
    number=SAMPLE.number,
    rows=(("持证主体", "佳木斯市前进区老张烘焙坊"), ("版本", "001")),
    color=SAMPLE.color,
    identifier=SAMPLE.identifier,
    notes=("核验时请持证人出示亮证码。", "卡面图片不能单独作为证明。"),
)

HOSTILE = {
    "control characters": "\x00\x07\x1b[31m\r\n\t值",
    "direction marks": "\u202e\u2067值\u200f\u061c",
    "right-to-left letters": "שלום مرحبا",
    "emoji": "👨‍👩‍👧‍👦🏳️‍🌈" * 30,
    "stacked marks": "Z" + "\u0301\u0489" * 500,
    "lone surrogate": "\ud800值",
    "long chinese": "值" * 10_000,
    "long word": "W" * 10_000,
    "only punctuation": "，（" * 5_000,
    "nothing": "",
}

Box = tuple[int, int, int, int]


def card(content: CardFront | CardBack) -> Image.Image:
    image = Image.open(BytesIO(render_card(content)))
    image.load()
    return image


def changed(one: CardFront | CardBack, other: CardFront | CardBack) -> Box:
    """The box of what differs between two cards."""
    box = ImageChops.difference(draw_card(one), draw_card(other)).getbbox()
    assert box is not None, "nothing differs"
    return box


def inside(box: Box, frame: Box) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def filled(text: str) -> CardFront:
    words = dict.fromkeys(("title", "number", "issuer", "issued_on", "valid_until", "identifier", "stamp"), text)
    return CardFront(rows=((text, text),) * 9, color="#2E7D4F", watermark=text, **words)


def filled_back(text: str) -> CardBack:
    words = dict.fromkeys(("title", "number", "identifier", "stamp"), text)
    return CardBack(rows=((text, text),) * 9, color="#2E7D4F", watermark=text, notes=(text,) * 9, **words)


def test_a_card_is_an_opaque_png_of_id_1_proportion() -> None:
    image = card(SAMPLE)
    assert (image.format, image.mode, image.size) == ("PNG", "P", (1012, 638))
    assert "transparency" not in image.info
    assert image.width / image.height == pytest.approx(85.60 / 53.98, rel=0.001)


def test_the_same_content_gives_the_same_bytes() -> None:
    again = replace(SAMPLE, rows=tuple(SAMPLE.rows))
    between = filled("别的")
    first = render_card(SAMPLE)
    render_card(between)
    assert render_card(again) == first


def test_few_colours_look_like_all_of_them() -> None:
    """At no pixel is a channel off by more than 40 of 255, and on the average of all by less than 2."""
    for face in (SAMPLE, BACK, replace(SAMPLE, stamp="已撤销"), replace(SAMPLE, color="#8A3324")):
        difference = ImageChops.difference(card(face).convert("RGB"), draw_card(face)).tobytes()
        assert max(difference) <= 40
        assert sum(difference) / len(difference) < 2


@pytest.mark.parametrize(
    "field", ["title", "number", "issuer", "issued_on", "valid_until", "identifier", "stamp", "watermark"]
)
def test_every_field_shows(field: str) -> None:
    other: dict[str, Any] = {field: "另一个"}
    assert changed(SAMPLE, replace(SAMPLE, **other))


@pytest.mark.parametrize("field", ["title", "number", "identifier", "stamp", "watermark", "rows", "notes"])
def test_every_field_shows_on_the_back(field: str) -> None:
    value = {"rows": (("标签", "值"),), "notes": ("另一句。",)}.get(field, "另一个")
    other: dict[str, Any] = {field: value}
    assert changed(BACK, replace(BACK, **other))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_leaves_a_whole_card(text: str) -> None:
    assert card(filled(text)).size == (1012, 638)
    assert card(filled_back(text)).size == (1012, 638)


@settings(deadline=None, max_examples=15)
@given(st.text(max_size=60))
def test_any_text_leaves_a_whole_card(text: str) -> None:
    assert card(filled(text)).size == (1012, 638)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_rows_keep_to_their_place(text: str) -> None:
    box = changed(replace(SAMPLE, rows=()), replace(SAMPLE, rows=(("标签", "值"), *[(text, text)] * 12)))
    assert inside(box, (50, 122, 960, 412))


def test_the_title_and_the_number_stay_apart_however_long() -> None:
    long = replace(SAMPLE, title="证" * 80, number="8" * 80)
    title = changed(long, replace(long, title=""))
    number = changed(replace(SAMPLE, title="", number="8" * 80), replace(SAMPLE, title="", number=""))
    assert title[2] <= number[0]
    assert inside(title, (50, 0, 960, 118))
    assert inside(number, (50, 0, 960, 118))


def test_the_issuer_s_name_and_the_seal_stay_apart_however_long() -> None:
    one, other = draw_card(replace(SAMPLE, issuer="局" * 200)), draw_card(replace(SAMPLE, issuer=""))
    difference = ImageChops.difference(one, other)
    assert difference.crop((766, 420, 792, 588)).getbbox() is None, "nothing between the text and the seal"
    assert difference.crop((792, 404, 968, 580)).getbbox() is not None
    box = difference.getbbox()
    assert box is not None
    assert inside(box, (50, 412, 968, 588))


def test_the_identifier_keeps_to_the_foot() -> None:
    assert inside(changed(SAMPLE, replace(SAMPLE, identifier="1." * 400)), (150, 588, 960, 638))


def test_the_seal_is_red_and_at_the_lower_right() -> None:
    image = draw_card(SAMPLE).crop((790, 404, 970, 580))
    reds = sum(r > 150 and g < 120 and b < 120 for r, g, b in zip(*[iter(image.tobytes())] * 3, strict=True))
    assert reds > 2_000


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_rows_and_notes_of_the_back_keep_to_their_places(text: str) -> None:
    rows = changed(replace(BACK, rows=()), replace(BACK, rows=(("标签", "值"), *[(text, text)] * 12)))
    assert inside(rows, (50, 122, 960, 446))
    notes = changed(replace(BACK, notes=()), replace(BACK, notes=("说明。", *[text] * 20)))
    assert inside(notes, (50, 450, 960, 588))


def test_notes_that_do_not_fit_end_in_an_ellipsis() -> None:
    fits = replace(BACK, notes=("说明。",) * 3)
    assert changed(fits, replace(BACK, notes=("说明。",) * 4))
    assert render_card(replace(BACK, notes=("说明。",) * 4)) == render_card(replace(BACK, notes=("说明。",) * 50))


def colourful(image: Image.Image, box: Box) -> int:
    """How many pixels in a box are not grey."""
    pixels = zip(*[iter(image.crop(box).tobytes())] * 3, strict=True)
    return sum(max(pixel) - min(pixel) > 30 for pixel in pixels)


@pytest.mark.parametrize("face", [SAMPLE, BACK], ids=["front", "back"])
def test_a_stamp_crosses_a_card_that_has_lost_its_colour(face: CardFront | CardBack) -> None:
    stamped = draw_card(replace(face, stamp="已撤销"))
    assert colourful(draw_card(face), (0, 0, 1012, 118)) > 100_000
    assert colourful(stamped, (0, 0, 1012, 118)) == 0
    assert colourful(stamped, (790, 404, 970, 580)) == 0, "the seal is no longer red"
    assert colourful(stamped, (250, 150, 760, 550)) > 20_000


def test_a_stamp_of_many_letters_stays_on_the_card() -> None:
    assert inside(changed(replace(SAMPLE, stamp="已撤销"), replace(SAMPLE, stamp="失" * 200)), (100, 118, 912, 588))


@pytest.mark.parametrize("face", [SAMPLE, BACK], ids=["front", "back"])
def test_a_watermark_lies_over_all_of_the_body_and_leaves_text_dark(face: CardFront | CardBack) -> None:
    plain, marked = draw_card(face), draw_card(replace(face, watermark="仅供办理入学使用 2026-11-27"))
    difference = ImageChops.difference(plain, marked)
    box = difference.getbbox()
    assert box is not None
    assert inside(box, (0, 118, 1012, 588))
    for left in range(0, 1012, 253):
        for top in range(118, 588, 157):
            assert difference.crop((left, top, left + 253, top + 157)).getbbox(), "a part without a watermark"
    # What is dark becomes darker still, what is light stays light: nothing is hidden.
    assert max(difference.tobytes()) <= 52
    assert max(max(0, a - b) for a, b in zip(marked.tobytes(), plain.tobytes(), strict=True)) == 0


@pytest.mark.parametrize("color", ["", "red", "#12345", "#1234567", "1F5FAE", "#GGGGGG", "#1F5FAE\n"])
def test_a_colour_of_another_form_is_refused(color: str) -> None:
    with pytest.raises(CardColourError) as refused:
        render_card(replace(SAMPLE, color=color))
    assert refused.value.code == "card_colour"


def test_a_colour_too_light_for_white_letters_is_darkened() -> None:
    """#767676 is the lightest grey that holds 4.5 to 1 against white (4.54), #777777 does not (4.48)."""
    assert dark_enough((0x76, 0x76, 0x76)) == (0x76, 0x76, 0x76)
    assert dark_enough((0x77, 0x77, 0x77)) < (0x77, 0x77, 0x77)
    assert dark_enough((0x1F, 0x5F, 0xAE)) == (0x1F, 0x5F, 0xAE)
    header = draw_card(replace(SAMPLE, color="#FFFFFF")).getpixel((2, 2))
    assert isinstance(header, tuple)
    assert max(header) <= 0x80


def test_content_shows_nothing_of_itself_in_print() -> None:
    assert "张建国" not in repr(SAMPLE)


ROWS = st.lists(st.tuples(st.text("标签名", max_size=30), st.text("值，市 aB1.", max_size=400)), max_size=14)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_rows_are_whole_or_end_in_an_ellipsis_and_those_left_out_are_counted(rows: list[tuple[str, str]]) -> None:
    width, height = 900, 254
    table = lay_table(rows, width=width, height=height, sizes=(30, 24, 18))
    shown = list(table.rows)
    if shown and shown[-1][1][0].startswith("另有"):
        _, note = shown.pop()
        assert note == (f"另有 {len(rows) - len(shown)} 项未列出",)
    else:
        assert len(shown) == len(rows)
    lines = [line for _, value in table.rows for line in value]
    for (_, value), (_, wanted) in zip(shown, rows, strict=False):
        text = "".join(value).replace(" ", "")
        whole = clean(wanted).replace(" ", "")
        assert text == whole or (text.endswith(ELLIPSIS) and whole.startswith(text.removesuffix(ELLIPSIS)))
    size = table.measures.size
    assert all(table.value_left + font(MEDIUM, size).getlength(line) <= width for line in lines)
    assert len(lines) * table.measures.line + max(len(table.rows) - 1, 0) * table.measures.gap <= height


def test_one_long_value_does_not_take_the_lines_of_the_others() -> None:
    rows = [("甲", "短"), ("乙", "长" * 2000), ("丙", "短" * 60)]
    table = lay_table(rows, width=900, height=254, sizes=(30, 18))
    (_, first), (_, second), (_, third) = table.rows
    assert (first, "".join(third)) == (("短",), "短" * 60)
    assert len(second) > 3
    assert second[-1].endswith(ELLIPSIS)


def test_short_rows_are_set_large() -> None:
    assert lay_table(SAMPLE.rows, width=900, height=254, sizes=(30, 24, 18)).measures.size == 30
