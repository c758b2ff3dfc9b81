"""The approval system's stand-in: its protocol, what steers it, and how its word comes back."""

import asyncio
from typing import Any

import httpx
import pytest

from app.sandbox.product import is_final
from tests.contract.sandbox.stand_ins import CITIZEN_NUMBER, Product, StandIns, material, submission, until

pytestmark = pytest.mark.asyncio(loop_scope="session")
_TO_THE_END = ["received", "accepted", "approved", "completed"]


def _kinds(case: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in case["events"]]


def _delivered(case: dict[str, Any]) -> list[bool]:
    return [event["delivered"] for event in case["events"]]


async def test_a_case_handed_in_twice_is_one_case(stand_ins: StandIns) -> None:
    first = await stand_ins.hand_in("twice", "请等待")
    again = await stand_ins.hand_in("twice", "请等待")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["events"] == again.json()["events"]
    listed = (await stand_ins.http.get("/control/approvals")).json()["items"]
    assert [case["deliveries"] for case in listed if case["case_no"] == "twice"] == [2]


async def test_many_hand_in_the_same_case_at_once_and_one_is_first(stand_ins: StandIns) -> None:
    answers = await asyncio.gather(*(stand_ins.hand_in("at-once", "请等待") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]


async def test_a_case_goes_its_way_by_itself_and_every_event_is_pushed(stand_ins: StandIns, product: Product) -> None:
    await stand_ins.hand_in("by-itself")
    case = await until(lambda: stand_ins.case("by-itself"), lambda case: _delivered(case) == [True] * 4)
    assert _kinds(case) == _TO_THE_END
    asked = (await stand_ins.signed("GET", "/approvals/by-itself")).json()
    assert (asked["state"], asked["last_sequence"]) == ("completed", 4)
    assert [push for push in product.pushes if push["case_no"] == "by-itself"] == asked["events"]
    assert [event["sequence"] for event in asked["events"]] == [1, 2, 3, 4]
    approved = asked["events"][2]
    assert set(approved["data"]) == {"decision_no", "valid_from"}
    assert approved["occurred_at"].endswith("+08:00")


async def test_an_unknown_case_is_said_to_be_unknown(stand_ins: StandIns) -> None:
    answers = [
        await stand_ins.signed("GET", "/approvals/nowhere"),
        await stand_ins.supplement("nowhere", "s1"),
        await stand_ins.signed("POST", "/approvals/nowhere/withdrawal", {"reason": ""}),
        await stand_ins.control("nowhere", "approve"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "unknown_case")] * 4


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/approvals"),
        ("GET", "/approvals/x"),
        ("POST", "/approvals/x/supplements"),
        ("POST", "/approvals/x/withdrawal"),
        ("GET", "/events?after=0"),
    ],
)
async def test_every_route_of_the_protocol_wants_a_signature(stand_ins: StandIns, method: str, path: str) -> None:
    assert (await stand_ins.http.request(method, path)).status_code == 401


async def test_a_malformed_case_is_refused_without_repeating_a_value(stand_ins: StandIns) -> None:
    off_site = {**material(b"x", "/files/1"), "path": "//elsewhere.example/1"}
    wrongs: list[dict[str, Any]] = [
        {"materials": [off_site]},
        {"applicant": {"name": "张三"}},
        {"form": "text"},
        {"case_no": 7},
    ]
    for wrong in wrongs:
        answer = await stand_ins.signed("POST", "/approvals", submission("malformed") | wrong)
        assert (answer.status_code, answer.json()) == (400, {"code": "malformed"})


async def test_the_control_list_names_no_applicant(stand_ins: StandIns) -> None:
    await stand_ins.hand_in("no-names", "请等待")
    listed = (await stand_ins.http.get("/control/approvals")).text
    assert not any(value in listed for value in ("张三", CITIZEN_NUMBER, "13800138000"))


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("请不予受理", ["received", "not_accepted"]),
        ("请不予许可", ["received", "accepted", "refused"]),
        ("请暂停", ["received", "accepted", "special_procedure", "resumed", "approved", "completed"]),
    ],
)
async def test_a_magic_word_steers_the_case(stand_ins: StandIns, word: str, kinds: list[str]) -> None:
    await stand_ins.hand_in(word.encode().hex(), f"开业，{word}！")
    case = await stand_ins.reached(word.encode().hex(), kinds[-1])
    assert _kinds(case) == kinds
    assert all(event["data"]["reason"] for event in case["events"] if event["kind"] in ("not_accepted", "refused"))


async def test_a_supplement_is_asked_for_once_and_waited_for(stand_ins: StandIns) -> None:
    assert (await stand_ins.supplement("supplement", "s1")).status_code == 404
    await stand_ins.hand_in("supplement", "请补正", materials=[material(b"x", "/nothing")])
    case = await stand_ins.reached("supplement", "supplement_requested")
    assert case["events"][-1]["data"]["materials"] == ["photo"]
    assert (await stand_ins.control("supplement", "accept")).status_code == 409
    first, again = await stand_ins.supplement("supplement", "s1"), await stand_ins.supplement("supplement", "s1")
    assert (first.status_code, again.status_code) == (201, 200)
    case = await stand_ins.reached("supplement", "completed")
    assert _kinds(case) == ["received", "supplement_requested", *_TO_THE_END[1:]]
    assert case["supplements"] == 1
    late = await stand_ins.supplement("supplement", "s2")
    assert (late.status_code, late.json()["code"]) == (409, "not_awaiting_supplement")


async def test_a_supplement_may_carry_words_of_its_own(stand_ins: StandIns) -> None:
    await stand_ins.hand_in("new-words", "请补正")
    await stand_ins.reached("new-words", "supplement_requested")
    await stand_ins.supplement("new-words", "s1", "请不予许可")
    await stand_ins.reached("new-words", "refused")


@pytest.mark.parametrize("early", [True, False])
async def test_a_held_case_waits_until_it_is_let_go(stand_ins: StandIns, early: bool) -> None:
    case_no = f"held-{early}"
    if early:
        assert (await stand_ins.control(case_no, "hold")).json()["state"] == "expected"
        assert await stand_ins.case(case_no) == {}
    await stand_ins.hand_in(case_no, "小吃店" if early else "请等待")
    # Another case, handed in later, passes by while this one stands still.
    await stand_ins.hand_in(f"{case_no}-other")
    await stand_ins.reached(f"{case_no}-other", "completed")
    assert (await stand_ins.case(case_no))["state"] == "received"
    assert (await stand_ins.control(case_no, "resume")).json()["held"] is False
    await stand_ins.reached(case_no, "completed")


async def test_control_does_what_is_needed_before_an_action(stand_ins: StandIns) -> None:
    for case_no, action, kinds in (
        ("to-accept", "accept", ["received", "accepted"]),
        ("to-approve", "approve", _TO_THE_END),
        ("to-refuse", "refuse", ["received", "accepted", "refused"]),
        ("to-supplement", "supplement", ["received", "supplement_requested"]),
    ):
        await stand_ins.hand_in(case_no, "请等待")
        done = await stand_ins.control(case_no, action, note="窗口意见", materials=["photo"])
        assert (done.status_code, _kinds(done.json())) == (200, kinds)
    assert (await stand_ins.case("to-refuse"))["events"][-1]["data"] == {"reason": "窗口意见"}
    asked = (await stand_ins.case("to-supplement"))["events"][-1]["data"]
    assert asked == {"note": "窗口意见", "materials": ["photo"]}


async def test_a_licence_is_suspended_resumed_and_cancelled_and_may_follow_another(stand_ins: StandIns) -> None:
    await stand_ins.hand_in("licensed", "请等待")
    assert (await stand_ins.control("licensed", "suspend")).status_code == 409
    said = {"relation": "change", "follows": "2308002026"}
    approved = (await stand_ins.control("licensed", "approve", licence=said)).json()["events"][-2]
    assert (approved["kind"], approved["data"]["licence"]) == ("approved", said)
    assert (await stand_ins.control("licensed", "reinstate")).status_code == 409
    for action, kind in (
        ("suspend", "licence_suspended"),
        ("reinstate", "licence_resumed"),
        ("suspend", "licence_suspended"),
        ("cancel", "licence_cancelled"),
    ):
        last = (await stand_ins.control("licensed", action, note="依法")).json()["events"][-1]
        assert (last["kind"], last["data"]) == (kind, {"reason": "依法"})
    assert (await stand_ins.control("licensed", "revoke")).status_code == 409


async def test_an_impossible_action_is_refused_in_chinese(stand_ins: StandIns) -> None:
    await stand_ins.hand_in("impossible", "请等待")
    early = await stand_ins.control("impossible", "revoke")
    assert (early.status_code, early.json()["code"]) == (409, "impossible")
    assert "吊销" in early.json()["message"]
    await stand_ins.control("impossible", "approve")
    for action in ("accept", "approve", "refuse", "supplement"):
        assert (await stand_ins.control("impossible", action)).status_code == 409
    revoked = await stand_ins.control("impossible", "revoke", note="伪造材料")
    assert (revoked.json()["state"], revoked.json()["events"][-1]["data"]) == (
        "licence_revoked",
        {"reason": "伪造材料"},
    )
    assert (await stand_ins.control("impossible", "revoke")).status_code == 409
    unknown = await stand_ins.control("impossible", "burn")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_action")


async def test_a_withdrawn_case_stands_still_and_a_decided_one_cannot_be_withdrawn(stand_ins: StandIns) -> None:
    async def withdraw(case_no: str) -> httpx.Response:
        return await stand_ins.signed("POST", f"/approvals/{case_no}/withdrawal", {"reason": "不办了"})

    for case_no in ("withdrawn", "decided"):
        await stand_ins.hand_in(case_no, "请等待")
    await stand_ins.control("decided", "approve")
    late = await withdraw("decided")
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    for _ in range(2):
        answer = await withdraw("withdrawn")
        assert (answer.status_code, answer.json()) == (200, {"withdrawn": True})
    assert (await stand_ins.control("withdrawn", "resume")).json()["state"] == "withdrawn"
    assert (await stand_ins.control("withdrawn", "approve")).status_code == 409


async def test_the_feed_gives_every_event_once_in_pages_of_a_hundred(stand_ins: StandIns) -> None:
    await asyncio.gather(*(stand_ins.hand_in(f"feed-{number}", "请等待") for number in range(30)))
    await asyncio.gather(*(stand_ins.control(f"feed-{number}", "approve") for number in range(30)))
    first = (await stand_ins.signed("GET", "/events")).json()
    assert (len(first["items"]), first["next_cursor"]) == (100, "100")
    events = [event for event in await stand_ins.all_events() if event["case_no"].startswith("feed-")]
    assert len({event["event_id"] for event in events}) == len(events) == 120
    assert [event["sequence"] for event in events if event["case_no"] == "feed-7"] == [1, 2, 3, 4]
    assert (await stand_ins.signed("GET", "/events?after=x")).status_code == 400
    past_the_end = (await stand_ins.signed("GET", "/events?after=999999")).json()
    assert past_the_end == {"items": [], "next_cursor": "999999"}


async def test_an_unanswered_push_is_repeated_signed_anew_with_the_same_event(
    stand_ins: StandIns, product: Product
) -> None:
    product.statuses["retry"] = [500, 409]
    await stand_ins.hand_in("retry", "请等待")
    case = await until(lambda: stand_ins.case("retry"), lambda case: case["events"][0]["delivered"])
    assert case["events"][0]["pushes"] == 3
    assert len({push["event_id"] for push in product.pushes if push["case_no"] == "retry"}) == 1
    assert len(set(product.nonces)) == len(product.nonces)


async def test_a_push_refused_for_good_is_given_up_and_stays_in_the_feed(stand_ins: StandIns, product: Product) -> None:
    product.statuses["given-up"] = [404] * 5
    await stand_ins.hand_in("given-up")
    case = await until(
        lambda: stand_ins.case("given-up"),
        lambda case: [event["delivered"] for event in case["events"][1:]] == [True] * 3,
    )
    assert (case["events"][0]["delivered"], case["events"][0]["pushes"]) == (False, 5)
    fed = [event["kind"] for event in await stand_ins.all_events() if event["case_no"] == "given-up"]
    assert fed == _TO_THE_END


async def test_only_an_answer_that_cannot_change_ends_the_pushes() -> None:
    statuses = (302, 400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 503)
    assert [status for status in statuses if is_final(status)] == [400, 403, 404, 410, 422]


async def test_a_scrambled_case_is_pushed_twice_and_out_of_order(stand_ins: StandIns, product: Product) -> None:
    await stand_ins.hand_in("scrambled", "乱序")
    pushed = await until(lambda: product.pushed("scrambled"), lambda pushed: (4, "completed") in pushed)
    assert pushed == [(1, "received"), (1, "received"), (3, "approved"), (2, "accepted"), (4, "completed")]


async def test_materials_are_fetched_and_held_to_their_digest(stand_ins: StandIns, product: Product) -> None:
    right, wrong = material(b"photo", "/files/right?v=1"), material(b"photo", "/files/wrong")
    product.files = {"/files/right?v=1": b"photo", "/files/wrong": b"another"}
    await stand_ins.hand_in("materials", "请等待", materials=[wrong, right])
    case = await until(lambda: stand_ins.case("materials"), lambda case: case["materials"][1]["verified"])
    assert case["materials"][0]["verified"] is False
    assert case["materials"][1]["file_id"] == right["file_id"]


async def test_a_stand_in_that_recognises_nothing_counts_what_comes_twice(stand_ins: StandIns) -> None:
    await stand_ins.http.post("/control/approvals/settings", json={"idempotent": False})
    try:
        await stand_ins.hand_in("unrecognised", "请补正")
        await stand_ins.reached("unrecognised", "supplement_requested")
        await stand_ins.supplement("unrecognised", "s1", "请等待")
        again = [await stand_ins.hand_in("unrecognised"), await stand_ins.supplement("unrecognised", "s1")]
        assert [answer.status_code for answer in again] == [201, 201]
        case = await stand_ins.case("unrecognised")
        assert (case["duplicates"], case["deliveries"], case["supplements"]) == (2, 2, 1)
        asked = (await stand_ins.signed("GET", "/approvals/unrecognised")).json()
        assert (asked["last_sequence"], asked["supplements"]) == (2, ["s1"])
    finally:
        await stand_ins.http.post("/control/approvals/settings", json={"idempotent": True})
    assert (await stand_ins.hand_in("unrecognised")).status_code == 200
    assert (await stand_ins.case("unrecognised"))["duplicates"] == 2
