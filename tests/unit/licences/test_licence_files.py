"""What stands on a licence's card, and when its picture is made."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO

import pytest
from cachetools import TTLCache
from PIL import Image

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import crypto
from app.kit.crypto import Keyring
from app.licences.files import making
from app.licences.files.cards import licence_card
from app.licences.files.faces import Side, back, front, word_across
from app.licences.files.making import LicenceFile, licence_file
from app.licences.models import LicenceState
from tests.unit.licences.conftest import KEYS, food_licence

TODAY = date(2026, 11, 27)


def test_the_front_shows_the_fields_that_the_type_puts_there(food: LicenceTypeDefinition) -> None:
    face = front(food_licence(), food, TODAY)
    assert face.rows == (
        ("经营者名称", "佳木斯市前进区老张烘焙坊"),
        ("法定代表人（负责人）", "张建国"),
        ("经营场所", "佳木斯市前进区中山街128号"),
        ("主体业态", "食品销售经营者"),
        ("经营项目", "预包装食品销售、散装食品销售"),
    )
    assert (face.title, face.number, face.issued_on, face.valid_until) == (
        "食品经营许可证",
        "JY12308030012345",
        "2026-03-12",
        "2031-03-11",
    )


def test_the_back_shows_the_rest_with_its_number_masked_and_how_to_verify(food: LicenceTypeDefinition) -> None:
    face = back(food_licence(version=2), food, TODAY)
    assert face.rows == (
        ("身份证号码", "230***********0011"),
        ("发证机关代码", "11230800JB0000017Q"),
        ("有效期自", "2026-03-12"),
        ("版本", "002"),
    )
    assert any("亮证码" in note for note in face.notes)


def test_a_licence_without_an_end_says_so(food: LicenceTypeDefinition) -> None:
    assert front(food_licence(valid_until=None), food, TODAY).valid_until == "长期"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (LicenceState.VALID, ""),
        (LicenceState.SUSPENDED, "已暂停"),
        (LicenceState.REVOKED, "已撤销"),
        (LicenceState.CANCELLED, "已注销"),
        (LicenceState.EXPIRED, "已过期"),
        (LicenceState.SUPERSEDED, "已有新证"),
    ],
)
def test_each_state_has_its_word_across_both_sides(food: LicenceTypeDefinition, state: LicenceState, word: str) -> None:
    licence = food_licence(state=state)
    assert {front(licence, food, TODAY).stamp, back(licence, food, TODAY).stamp} == {word}


@pytest.mark.parametrize(
    ("today", "word"),
    [
        (date(2026, 3, 11), "未生效"),
        (date(2026, 3, 12), ""),
        (date(2031, 3, 11), ""),
        (date(2031, 3, 12), "已过期"),
    ],
)
def test_a_licence_is_worth_nothing_outside_its_days_whatever_its_state_says_yet(today: date, word: str) -> None:
    assert word_across(food_licence(), today) == word


@pytest.mark.usefixtures("installed_keys")
async def test_a_copy_says_what_it_is_for_and_since_when(food: LicenceTypeDefinition) -> None:
    licence = food_licence()
    plain = await licence_card(licence, food, side=Side.FRONT, on=TODAY)
    copies = [
        await licence_card(licence, food, side=Side.FRONT, purpose=purpose, on=day)
        for purpose, day in (("办理入学", TODAY), ("申请贷款", TODAY), ("办理入学", date(2026, 11, 28)))
    ]
    assert len({plain, *copies}) == 4
    assert Image.open(BytesIO(copies[0])).size == (1012, 638)


@dataclass(frozen=True)
class Content:
    """What the tests' files hold."""

    text: str
    size: int = 1


made: list[Content] = []


def make(content: Content) -> bytes:
    """A file that counts how often it is made."""
    made.append(content)
    return content.text.encode() * content.size


@pytest.fixture
def _nothing_kept(installed_keys: None) -> Iterator[None]:
    del installed_keys
    made.clear()
    making._kept.clear()
    yield
    making._kept.clear()


def wanted(content: Content) -> LicenceFile:
    return licence_file("text/plain", make, content)


@pytest.mark.usefixtures("_nothing_kept")
async def test_the_same_content_is_made_once_and_another_one_anew() -> None:
    first, other = Content("甲"), Content("乙")
    assert [await wanted(each).made() for each in (first, other, first)] == [
        "甲".encode(),
        "乙".encode(),
        "甲".encode(),
    ]
    assert made == [first, other]
    assert wanted(first).etag == wanted(replace(first)).etag != wanted(other).etag


@pytest.mark.usefixtures("_nothing_kept")
async def test_what_is_kept_is_bounded_in_bytes_and_what_is_larger_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(making, "_kept", TTLCache(100, 600, getsizeof=len))
    monkeypatch.setattr(making, "_MOST_BYTES", 100)
    for letter in "abcd":
        await wanted(Content(letter, 40)).made()
    assert making._kept.currsize == 80
    assert await wanted(Content("x", 101)).made() == b"x" * 101
    await wanted(Content("a", 40)).made()
    assert [content.text for content in made] == ["a", "b", "c", "d", "x", "a"]


@pytest.mark.usefixtures("_nothing_kept")
async def test_an_etag_tells_nothing_without_the_house_s_key() -> None:
    """It stands in logs on the way, and who else knows a hash's input could try names."""
    here = wanted(Content("甲")).etag
    crypto.install(Keyring(KEYS, "1", {"1": bytes(32)}, "1"))
    assert wanted(Content("甲")).etag != here


@pytest.mark.usefixtures("_nothing_kept")
async def test_files_are_made_beside_the_event_loop() -> None:
    threads: list[str] = []

    def note_thread(content: Content) -> bytes:
        threads.append(threading.current_thread().name)
        return content.text.encode()

    await licence_file("text/plain", note_thread, Content("x")).made()
    assert threads[0].startswith("licence-files")
