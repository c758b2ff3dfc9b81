"""What the worker does for reviews."""

from uuid import UUID

from app.applications.models import Application
from app.identity.service import openid_of
from app.kit.db import transaction
from app.kit.ports import TryLaterError
from app.mandates.queries import people_to_tell
from app.notifications.service import notify
from app.reviews.models import CommentState, Review
from app.reviews.ports import ContentSafety
from app.reviews.rules import Judgement
from app.reviews.service import judge_comment
from wechat.codes import Advice
from wechat.content import Scene, Suggestion
from wechat.errors import WeChatError, WeChatRefusedError

_PASSING = {Advice.RETRY, Advice.QUOTA, Advice.REFRESH_TOKEN}
_MEANING = {
    Suggestion.PASS: Judgement.PASS,
    Suggestion.RISKY: Judgement.RISKY,
    Suggestion.REVIEW: Judgement.UNSURE,
}


async def invite_review(application_id: str) -> None:
    """Ask whoever hears of a case to review it, once a case."""
    async with transaction():
        case = await Application.get_or_none(id=UUID(application_id))
        if case is None:
            return
        for person in await people_to_tell(case.citizen_id, case.company_id, case.mandate_id):  # type: ignore[attr-defined]  # Tortoise adds them
            link = f"/applications/{case.id}/reviews"
            await notify(person, "review_invitation", str(case.case_no), link=link, item=case.item_name)


async def check_comment(wechat: ContentSafety, appid: str, review_id: str) -> None:
    """Have WeChat judge a comment; until it has, nobody but the supervision sees it.

    A comment of which WeChat says nothing for good is left to the supervision: its writer is unknown to WeChat, or was
    not in the mini-program within two hours. Raises TryLaterError where WeChat is away.
    """
    review = await Review.get_or_none(id=UUID(review_id))
    if review is None or review.comment is None or review.comment_state is not CommentState.CHECKING:
        return
    openid = await openid_of(review.author_id, appid) if review.author_id else None
    await judge_comment(review.id, await _judgement(wechat, review.comment, openid))


async def _judgement(wechat: ContentSafety, comment: str, openid: str | None) -> Judgement:
    if openid is None:
        return Judgement.UNSURE
    try:
        verdict = await wechat.check(comment, openid=openid, scene=Scene.COMMENT)
    except WeChatRefusedError as error:
        if error.advice in _PASSING:
            raise TryLaterError(f"wechat_{error.code}") from error
        return Judgement.UNSURE
    except WeChatError as error:
        raise TryLaterError("unreachable") from error
    return _MEANING[verdict.suggestion]
