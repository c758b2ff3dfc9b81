"""E-licences as files: the card's two sides."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity.errors import LevelTooLowError
from app.kit.errors import NotFoundError, TemporarilyUnavailableError
from app.licences.errors import LicenceNotFoundError
from app.licences.files.cards import PNG, card_file
from app.licences.files.faces import Side
from app.licences.files.making import LicenceFile
from miniapp_api.answers import owned_answer
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ERRORS = (LicenceNotFoundError, LevelTooLowError, NotFoundError, TemporarilyUnavailableError)


class LicenceFileQuery(QuerySchema):
    """What a copy is for, as the citizen says it; without it the file is no copy."""

    purpose: str | None = Field(default=None, min_length=1, max_length=40, pattern=r"\S")

    @property
    def stated(self) -> str | None:
        """The purpose without space around it."""
        return self.purpose.strip() if self.purpose else None


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>/card.png",
    actor=Actor.CITIZEN,
    acting=True,
    limit="licence_file",
    media_type=PNG,
    also=(304,),
    errors=_ERRORS,
)
async def read_card(call: Call, licence_id: UUID, query: LicenceFileQuery) -> HTTPResponse:
    """The front of the licence's card as a picture."""
    return await _answered(call, await card_file(call.party, licence_id, Side.FRONT, query.stated))


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>/card-back.png",
    actor=Actor.CITIZEN,
    acting=True,
    limit="licence_file",
    media_type=PNG,
    also=(304,),
    errors=_ERRORS,
)
async def read_card_back(call: Call, licence_id: UUID, query: LicenceFileQuery) -> HTTPResponse:
    """The back of the licence's card as a picture."""
    return await _answered(call, await card_file(call.party, licence_id, Side.BACK, query.stated))


async def _answered(call: Call, file: LicenceFile) -> HTTPResponse:
    return await owned_answer(file.made, file.media_type, file.etag, call.request.headers.get("If-None-Match"))
