"""What followers are answered, from what the house itself knows: no call to anybody else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from app.applications.models import Application
from app.catalogue.queries import get_licence_types
from app.finding.queries import search_items
from app.identity.models import WeChatAccount
from app.identity.rules import Level
from app.kit import clock, texts
from app.licences.models import Licence, LicenceState
from app.official_account import places, scenes, staff
from app.official_account.counter import Counter, say
from app.official_account.definitions import Answer, definitions
from app.official_account.rules import Asked, fitted, is_staffed, quoted, staffed_next

MOST_ENTRIES = 5
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: a text, or None to hand over to the people of the customer service."""

    text: str | None = field(repr=False)


async def answer(asked: Asked, openid: str, counter: Counter) -> Reply:
    """The answer to what a follower asks for."""
    if asked.scene or asked.welcome:
        return Reply(await _greeted(asked, counter))
    if asked.answer is Answer.PEOPLE:
        return _people()
    return Reply(await _ANSWERS[asked.answer](asked, openid, counter))


async def _greeted(asked: Asked, counter: Counter) -> str:
    head = [say("welcome")] if asked.welcome else []
    said = await scenes.said_by(asked.scene, counter) if asked.scene else None
    return "\n\n".join([*head, said or say("help")])


def _people() -> Reply:
    """Hand over while people are there; outside their hours say when they are."""
    people, moment = definitions().people, clock.now()
    if is_staffed(people, moment):
        return Reply(None)
    hours = "、".join(f"{one.begin:%-H:%M}—{one.end:%-H:%M}" for one in people.hours)
    begin = staffed_next(people, moment)
    day = f"{begin.month}月{begin.day}日（星期{_WEEKDAYS[begin.weekday()]}）{begin:%-H:%M}"
    return Reply(say("nobody_there", hours=hours, next=day, phone=people.phone))


async def _bound(openid: str, counter: Counter) -> tuple[UUID | None, str]:
    """The citizen with a proven name who is bound to a follower; else None, and how to become it."""
    account = WeChatAccount.filter(appid=counter.appid, openid=openid, citizen__deleted_at=None)
    found = await account.first().values("citizen_id", "citizen__level")
    if not found:
        return None, say("not_bound", link=counter.sign_in)
    if found["citizen__level"] < Level.REAL_NAME:
        return None, say("not_real_name", link=counter.page("pages/identity/index", say("verify_name")))
    return found["citizen_id"], ""


async def _progress(asked: Asked, openid: str, counter: Counter) -> str:
    del asked
    citizen_id, refused = await _bound(openid, counter)
    if citizen_id is None:
        return refused
    cases = await (
        Application.filter(citizen_id=citizen_id, company_id=None, case_no__not_isnull=True)
        .order_by("-submitted_at")
        .limit(MOST_ENTRIES)
        .values("item_name", "state", "case_no", "updated_at")
    )
    more = counter.page("pages/applications/index", say("all_cases"))
    if not cases:
        return fitted([say("no_cases")], [], [more])
    entries = [
        say(
            "case",
            item=quoted(case["item_name"]),
            state=texts.text("state", case["state"]),
            tail=case["case_no"][-6:],
            time=clock.minute_written(case["updated_at"]),
        )
        for case in cases
    ]
    return fitted([say("cases")], entries, [more])


async def _licences(asked: Asked, openid: str, counter: Counter) -> str:
    del asked
    citizen_id, refused = await _bound(openid, counter)
    if citizen_id is None:
        return refused
    found = await (
        Licence.filter(citizen_id=citizen_id, company_id=None, state=LicenceState.VALID)
        .order_by("-valid_from", "-id")
        .limit(MOST_ENTRIES)
        .values("type_code", "valid_until")
    )
    more = counter.page("pages/licences/index", say("all_licences"))
    if not found:
        return fitted([say("no_licences")], [], [more])
    types = await get_licence_types([one["type_code"] for one in found])
    entries = [
        say(
            "licence",
            name=quoted(types[one["type_code"]].name),
            until=clock.day_written(one["valid_until"]) if one["valid_until"] else say("no_end"),
        )
        for one in found
    ]
    return fitted([say("licences")], entries, [more])


async def _find(asked: Asked, openid: str, counter: Counter) -> str:
    if not asked.words:
        return say("find")
    region = await places.region_of(counter.appid, openid)
    found = (await search_items(asked.words, region, "", None)).items[:MOST_ENTRIES]
    if not found:
        return say("nothing_found", words=quoted(asked.words, 20)) + "\n\n" + say("help")
    entries = [scenes.item_line(one.item_code, one.name, counter) for one in found]
    head = say("found", words=quoted(asked.words, 20))
    return fitted([head], entries, [counter.page("pages/items/index", say("all_items"))])


async def _hall(asked: Asked, openid: str, counter: Counter) -> str:
    return await places.halls_for(asked, counter.appid, openid)


async def _region(asked: Asked, openid: str, counter: Counter) -> str:
    return await places.choose_region(asked.words, counter.appid, openid)


async def _staff(asked: Asked, openid: str, counter: Counter) -> str:
    return await staff.bind(asked.words, counter.appid, openid)


async def _help(asked: Asked, openid: str, counter: Counter) -> str:
    del asked, openid, counter
    return say("help")


_ANSWERS: dict[Answer, Callable[[Asked, str, Counter], Awaitable[str]]] = {
    Answer.PROGRESS: _progress,
    Answer.LICENCES: _licences,
    Answer.FIND: _find,
    Answer.HALL: _hall,
    Answer.REGION: _region,
    Answer.STAFF: _staff,
    Answer.HELP: _help,
}
