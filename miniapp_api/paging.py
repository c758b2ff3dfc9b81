"""The query of any list."""

from pydantic import Field

from miniapp_api.routing import QuerySchema


class PageQuery(QuerySchema):
    """Where to read on: the ``next_cursor`` of the page before."""

    cursor: str | None = Field(default=None, max_length=512)
