"""The WeChat stand-in's followers: the list of them, what it says of each, and their tags."""

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request

from app.sandbox.answers import read
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import WeChatApp
from app.sandbox.wechat.desk import OK, Answer, Desk
from app.sandbox.wechat.state import WeChatState

_PAGE = 10_000
_MOST_INFOS = 100
_MOST_TAGGED = 50


class _InfoOf(BaseModel):
    openid: str
    lang: str = "zh_CN"


class _InfosBody(BaseModel):
    user_list: list[_InfoOf]


class _Tag(BaseModel):
    id: int = 0
    name: str = ""


class _TagBody(BaseModel):
    tag: _Tag


class _TaggingBody(BaseModel):
    tagid: int
    openid_list: list[str]


class _OpenidBody(BaseModel):
    openid: str


class _MembersBody(BaseModel):
    tagid: int
    next_openid: str = ""


class Users:
    """Followers and their tags, over WeChat's APIs."""

    def __init__(self, state: WeChatState) -> None:
        self._followers = state.followers
        self._tags = state.tags

    def page(self, request: Request, _app: WeChatApp) -> Answer:
        """Ten thousand followers after ``next_openid``; the last one's openid asks for the next page."""
        openids = self._followers.page(request.args.get("next_openid", ""), _PAGE)
        counts = {"total": self._followers.total, "count": len(openids)}
        if not openids:
            return {**counts, "next_openid": ""}
        return {**counts, "data": {"openid": openids}, "next_openid": openids[-1]}

    def info(self, request: Request, _app: WeChatApp) -> Answer:
        """One person."""
        return self._info(request.args.get("openid", ""))

    def infos(self, request: Request, _app: WeChatApp) -> Answer:
        """At most a hundred people."""
        wanted = read(_InfosBody, request).user_list
        if not 0 < len(wanted) <= _MOST_INFOS:
            raise PlatformError(40032, "invalid openid list size")
        return {"user_info_list": [self._info(one.openid) for one in wanted]}

    def _info(self, openid: str) -> dict[str, object]:
        info = self._followers.info(openid)
        return {**info, "tagid_list": self._tags.of(openid)} if info["subscribe"] else info

    def tags(self, _request: Request, _app: WeChatApp) -> Answer:
        """All tags."""
        return {"tags": self._tags.listing()}

    def create_tag(self, request: Request, _app: WeChatApp) -> Answer:
        """A new tag."""
        name = read(_TagBody, request).tag.name
        return {"tag": {"id": self._tags.create(name), "name": name}}

    def rename_tag(self, request: Request, _app: WeChatApp) -> Answer:
        """A tag's new name."""
        tag = read(_TagBody, request).tag
        self._tags.rename(tag.id, tag.name)
        return OK

    def delete_tag(self, request: Request, _app: WeChatApp) -> Answer:
        """One tag less."""
        self._tags.delete(read(_TagBody, request).tag.id)
        return OK

    def put_tag(self, request: Request, _app: WeChatApp) -> Answer:
        """Tag at most fifty followers."""
        body = self._tagging(request)
        self._tags.put(body.tagid, body.openid_list)
        return OK

    def take_tag(self, request: Request, _app: WeChatApp) -> Answer:
        """Take a tag from at most fifty followers."""
        body = self._tagging(request)
        self._tags.take(body.tagid, body.openid_list)
        return OK

    def _tagging(self, request: Request) -> _TaggingBody:
        body = read(_TaggingBody, request)
        if not 0 < len(body.openid_list) <= _MOST_TAGGED:
            raise PlatformError(40032, "invalid openid list size")
        if not all(self._followers.is_following(openid) for openid in body.openid_list):
            raise PlatformError(49003, "not match openid with appid")
        return body

    def members(self, request: Request, _app: WeChatApp) -> Answer:
        """Who has a tag, ten thousand after ``next_openid``."""
        body = read(_MembersBody, request)
        openids = self._tags.members(body.tagid)
        if body.next_openid:
            if body.next_openid not in openids:
                raise PlatformError(40003, "invalid openid")
            openids = openids[openids.index(body.next_openid) + 1 :]
        openids = openids[:_PAGE]
        return {"count": len(openids), "data": {"openid": openids}, "next_openid": openids[-1] if openids else ""}

    def tags_of(self, request: Request, _app: WeChatApp) -> Answer:
        """The tags of one person."""
        return {"tagid_list": self._tags.of(read(_OpenidBody, request).openid)}


def blueprint(desk: Desk, state: WeChatState) -> Blueprint:
    """WeChat's own routes."""
    routes = Blueprint("wechat_users")
    users = Users(state)
    for method, path, work in (
        ("GET", "/cgi-bin/user/get", users.page),
        ("GET", "/cgi-bin/user/info", users.info),
        ("POST", "/cgi-bin/user/info/batchget", users.infos),
        ("GET", "/cgi-bin/tags/get", users.tags),
        ("POST", "/cgi-bin/tags/create", users.create_tag),
        ("POST", "/cgi-bin/tags/update", users.rename_tag),
        ("POST", "/cgi-bin/tags/delete", users.delete_tag),
        ("POST", "/cgi-bin/tags/members/batchtagging", users.put_tag),
        ("POST", "/cgi-bin/tags/members/batchuntagging", users.take_tag),
        ("POST", "/cgi-bin/tags/getidlist", users.tags_of),
        ("POST", "/cgi-bin/user/tag/get", users.members),
    ):
        desk.serve(routes, method, path, work, kinds=("official",))
    return routes
