"""E-licences as files: the card's two sides, the document to print, a signed credential."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity.errors import LevelTooLowError
from app.kit.errors import NotFoundError, TemporarilyUnavailableError
from app.licences.errors import LicenceNotFoundError
from app.licences.files.cards import PNG, card_file
from app.licences.files.credentials import CREDENTIAL, credential
from app.licences.files.faces import Side
from app.licences.files.making import LicenceFile
from app.licences.files.papers import OFD, ofd_file, pdf_file
from media.documents import PDF
from miniapp_api.answers import file_answer, owned_answer
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


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>/licence.pdf",
    actor=Actor.CITIZEN,
    acting=True,
    limit="licence_file",
    media_type=PDF,
    also=(304,),
    errors=_ERRORS,
)
async def read_licence_pdf(call: Call, licence_id: UUID, query: LicenceFileQuery) -> HTTPResponse:
    """The licence as a document to print, with its issuer's seal and a QR that leads to its state today."""
    house = call.house
    file = await pdf_file(house.licence_keys, house.settings.public_url, call.party, licence_id, query.stated)
    return await _answered(call, file)


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>/licence.ofd",
    actor=Actor.CITIZEN,
    acting=True,
    limit="licence_file",
    media_type=OFD,
    also=(304,),
    errors=_ERRORS,
)
async def read_licence_ofd(call: Call, licence_id: UUID) -> HTTPResponse:
    """The same document as OFD (GB/T 33190)."""
    house = call.house
    return await _answered(call, await ofd_file(house.licence_keys, house.settings.public_url, call.party, licence_id))


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>/credential",
    actor=Actor.CITIZEN,
    acting=True,
    limit="licence_file",
    media_type=CREDENTIAL,
    errors=_ERRORS,
)
async def read_credential(call: Call, licence_id: UUID) -> HTTPResponse:
    """The licence's data as a JWT that the keys under /.well-known/licence-keys prove."""
    house = call.house
    signed = await credential(house.licence_keys, house.settings.public_url, call.party, licence_id)
    return file_answer(signed, CREDENTIAL)


async def _answered(call: Call, file: LicenceFile) -> HTTPResponse:
    return await owned_answer(file.made, file.media_type, file.etag, call.request.headers.get("If-None-Match"))
