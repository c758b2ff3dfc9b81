"""What forms are filled with: the codes that a field chooses from."""

from sanic import HTTPResponse

from app.catalogue.code_lists import CodeListDefinition, get_code_list
from app.catalogue.errors import CodeListNotFoundError
from miniapp_api.answers import cacheable_answer
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()


@routes.add(
    "GET",
    "/api/v1/code-lists/<code_list:str>",
    actor=Actor.ANYONE,
    limit="browse",
    headers=("If-None-Match",),
    also=(304,),
    errors=(CodeListNotFoundError,),
    shape=CodeListDefinition,
)
async def read_code_list(call: Call, code_list: str) -> HTTPResponse:
    """One list of codes, as ``x-codes`` names it, in its standard's order."""
    found = await get_code_list(code_list)
    return cacheable_answer(found.answer, found.etag, call.request.headers.get("If-None-Match"))
