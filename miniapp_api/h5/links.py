"""Where what a message tells stands among the pages."""

import re

_PAGES = {
    "/applications/": "/h5/cases/",
    "/complaints/": "/h5/complaints/",
    "/life-event-applications/": "/h5/life-event-applications/",
    "/mandates": "/h5/mandates",
    "/privacy/exports/": "/h5/privacy/exports/",
    "/reviews/": "/h5/reviews/",
}
"""How a message's link begins: the page that it leads to."""

_LICENCE = re.compile("/licences/([0-9a-f-]{36})(/verifications)?")


def page_of(link: str | None) -> str | None:
    """The page of a message's link, None where there is none, as for what the mini-program alone has."""
    if licence := _LICENCE.fullmatch(link or ""):
        return f"/h5/licences/{licence[1]}/verifications" if licence[2] else "/h5/licences"
    begun = next((start for start in _PAGES if link and link.startswith(start)), None)
    return f"{_PAGES[begun]}{(link or '').removeprefix(begun)}" if begun else None
