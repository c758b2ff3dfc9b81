"""The stand-in's content safety check, asked by the library."""

import pytest

from tests.contract.sandbox.stand_ins import StandIns
from wechat.account import Account
from wechat.content import NOT_SEEN_LATELY, ContentClient, Scene, Suggestion
from wechat.errors import WeChatRefusedError

pytestmark = pytest.mark.asyncio(loop_scope="session")


def client(stand_ins: StandIns) -> ContentClient:
    """The library's client."""
    return ContentClient(Account("wxmini", "mini", stand_ins.http))


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [("办得很快", Suggestion.PASS), ("有疑似内容", Suggestion.REVIEW), ("违规，也疑似", Suggestion.RISKY)],
)
async def test_magic_words_decide(stand_ins: StandIns, text: str, suggestion: Suggestion) -> None:
    verdict = await client(stand_ins).check(text, openid="o-demo", scene=Scene.COMMENT)
    assert verdict.suggestion is suggestion
    assert (verdict.label == 100) is (suggestion is Suggestion.PASS)


@pytest.mark.parametrize(("text", "openid", "code"), [("久未访问", "o-demo", NOT_SEEN_LATELY), ("好", "demo", 40003)])
async def test_a_writer_who_is_not_known_or_not_there_is_refused(
    stand_ins: StandIns, text: str, openid: str, code: int
) -> None:
    with pytest.raises(WeChatRefusedError) as refused:
        await client(stand_ins).check(text, openid=openid, scene=Scene.COMMENT)
    assert refused.value.code == code


@pytest.mark.parametrize("wrong", [{"version": 1}, {"scene": 9}, {"content": ""}, {"content": "长" * 2501}])
async def test_a_request_against_the_documentation_is_refused(stand_ins: StandIns, wrong: dict[str, object]) -> None:
    body = {"content": "好", "version": 2, "scene": 2, "openid": "o-demo"} | wrong
    answer = await stand_ins.http.post(f"/wxa/msg_sec_check?access_token={await stand_ins.token()}", json=body)
    assert answer.json()["errcode"] == 47001
