"""What is decided about broadcasts, without a database."""

from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest

from app.broadcasts.definitions import Night, broadcasting
from app.broadcasts.errors import BroadcastFieldsUnfitError, BroadcastLinkUnfitError, OwnBroadcastError
from app.broadcasts.models import RecipientState
from app.broadcasts.rules import (
    back_off,
    fitted,
    judge,
    next_day,
    reported,
    require_link,
    require_second_person,
    rests_until,
)
from app.kit.clock import CITY_TIME
from wechat.errors import (
    WeChatAmbiguousError,
    WeChatError,
    WeChatLimitedError,
    WeChatRefusedError,
    WeChatUnreachableError,
)

API = "/cgi-bin/message/template/send"
NIGHT = Night(begins=time(21), ends=time(8))
NOON = datetime(2026, 3, 2, 12, tzinfo=CITY_TIME)
WORKS = {
    "thing1": "停水",
    "thing2": "向阳区西林街道（安庆社区、中建社区、万发社区）全部居民楼",
    "time3": "2026年3月3日 08:00",
    "time4": "2026年3月3日 17:00",
    "phone_number5": "0454-12345",
}


def test_the_second_person_is_another_and_known() -> None:
    """Neither the author nor nobody approves."""
    author, other = uuid4(), uuid4()
    assert require_second_person(author, other) == other
    for nobody in (author, None):
        with pytest.raises(OwnBroadcastError):
            require_second_person(author, nobody)


def test_texts_are_fitted_to_the_template() -> None:
    """A text too long is shortened; the order is the template's."""
    kind = broadcasting().kinds["works"]
    shown = fitted(kind, dict(reversed(WORKS.items())))
    assert list(shown) == list(kind.fields)
    assert shown["thing2"] == "向阳区西林街道全部居民楼"
    assert shown["time3"] == WORKS["time3"]


def test_all_wrong_fields_are_named_at_once() -> None:
    """Unknown, missing and unfit ones; no value is told."""
    wrong = {**WORKS, "time3": "明天上午", "thing9": "?"}
    del wrong["thing2"]
    with pytest.raises(BroadcastFieldsUnfitError) as refused:
        fitted(broadcasting().kinds["works"], wrong)
    assert refused.value.context == {"unknown": ["thing9"], "missing": ["thing2"], "unfit": ["time3"]}


@pytest.mark.parametrize("link", ["pages/notice/detail?id=7", "https://www.jms.gov.cn/a?b=c", "https://gov.cn/"])
def test_links_that_lead_to_us(link: str) -> None:
    """A page of the mini-program, or https at a host of ours."""
    require_link(link, ["gov.cn"])


@pytest.mark.parametrize(
    "link",
    [
        "http://www.jms.gov.cn/",
        "https://www.jms.gov.cn.example.com/",
        "https://evilgov.cn/",
        "https://gov.cn@example.com/",
        "https://www.gov.cn:8443/",
        "https://[::1/",
        "https://www.gov.cn/ a",
        "javascript:alert(1)",
        "pages/../x y",
        "/pages/a",
        "",
    ],
)
def test_links_that_lead_elsewhere(link: str) -> None:
    """A million people are led nowhere else."""
    with pytest.raises(BroadcastLinkUnfitError):
        require_link(link, ["gov.cn"])


@pytest.mark.parametrize(
    ("hour", "minute", "rests"),
    [(20, 59, None), (21, 0, 11), (23, 30, 8.5), (0, 0, 8), (7, 59, 1 / 60), (8, 0, None), (12, 0, None)],
)
def test_nights_are_quiet(hour: int, minute: int, rests: float | None) -> None:
    """From nine to eight nothing is sent but what is urgent; in hours until the morning."""
    now = NOON.replace(hour=hour, minute=minute)
    until = rests_until(now, NIGHT, urgent=False)
    assert (until and until - now) == (timedelta(hours=rests) if rests else None)
    assert rests_until(now, NIGHT, urgent=True) is None


def test_a_night_within_one_day() -> None:
    """Quiet hours that do not pass midnight."""
    siesta = Night(begins=time(12), ends=time(14))
    assert rests_until(NOON, siesta, urgent=False) == NOON + timedelta(hours=2)
    assert rests_until(NOON + timedelta(hours=2), siesta, urgent=False) is None


def test_the_day_is_the_citys() -> None:
    """WeChat counts anew at midnight in Beijing."""
    assert next_day(NOON) == NOON.replace(hour=0) + timedelta(days=1)


@pytest.mark.parametrize(
    ("error", "state", "reason", "effect"),
    [
        (WeChatRefusedError(API, 43004, ""), RecipientState.FAILED, "wechat_43004", None),
        (WeChatRefusedError(API, 40003, ""), RecipientState.FAILED, "wechat_40003", None),
        (WeChatRefusedError(API, -1, ""), RecipientState.WAITING, "wechat_-1", "failing"),
        (WeChatRefusedError(API, 40001, ""), RecipientState.WAITING, "wechat_40001", "failing"),
        (WeChatUnreachableError(API, "ConnectError"), RecipientState.WAITING, "unreachable", "failing"),
        (WeChatAmbiguousError(API, "ReadTimeout"), RecipientState.UNCERTAIN, "no_answer", "failing"),
        (WeChatAmbiguousError("/token", "ReadTimeout"), RecipientState.WAITING, "unreachable", "failing"),
        (WeChatRefusedError(API, 45009, ""), RecipientState.WAITING, "wechat_45009", 12 * 3600),
        (WeChatRefusedError(API, 45011, ""), RecipientState.WAITING, "wechat_45011", 60),
        (WeChatLimitedError(API, 77.5), RecipientState.WAITING, None, 77.5),
        (WeChatRefusedError(API, 40037, ""), RecipientState.WAITING, "wechat_40037", "wechat_40037"),
        (WeChatRefusedError(API, 47003, ""), RecipientState.WAITING, "wechat_47003", "wechat_47003"),
        (WeChatRefusedError(API, 99999, ""), RecipientState.WAITING, "wechat_99999", "wechat_99999"),
    ],
)
def test_what_an_error_means(error: WeChatError, state: str, reason: str | None, effect: float | str | None) -> None:
    """For the recipient: failed, waiting, uncertain. For the broadcast: nothing, trouble, seconds to wait, a pause."""
    verdict = judge(error, API, NOON)
    held = verdict.hold.total_seconds() if verdict.hold else None
    assert (verdict.state, verdict.reason) == (state, reason)
    assert (held or verdict.pause or ("failing" if verdict.failing else None)) == effect


def test_rests_grow_to_ten_minutes() -> None:
    """Twice as long each time, spread by a quarter."""
    for failures, seconds in ((0, 1), (3, 8), (40, 600)):
        assert 0.75 * seconds <= back_off(failures).total_seconds() <= 1.25 * seconds


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        ("success", RecipientState.DELIVERED, None),
        ("failed:user block", RecipientState.FAILED, "event_user_block"),
        ("failed: system failed", RecipientState.FAILED, "event_system_failed"),
        ("失败", RecipientState.FAILED, "event_failed"),
    ],
)
def test_a_later_word_of_wechats(outcome: str, state: str, reason: str | None) -> None:
    """Success, or a reason of plain letters."""
    assert reported(outcome) == (state, reason)


def test_template_ids_of_kinds_are_their_own() -> None:
    """Each kind has a template, whose fields all fit something."""
    kinds = broadcasting().kinds.values()
    assert len({kind.template_id for kind in kinds}) == len(kinds)
    assert all(len(kind.template_id) == 43 for kind in kinds)
