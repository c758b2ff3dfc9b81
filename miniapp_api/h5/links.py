"""Where what a message tells stands among the pages."""

_PAGES = {
    "/applications/": "/h5/cases/",
    "/complaints/": "/h5/complaints/",
    "/life-event-applications/": "/h5/life-event-applications/",
    "/mandates": "/h5/mandates",
    "/privacy/exports/": "/h5/privacy/exports/",
    "/reviews/": "/h5/reviews/",
}
"""How a message's link begins: the page that it leads to."""


def page_of(link: str | None) -> str | None:
    """The page of a message's link, None where there is none, as for what the mini-program alone has."""
    begun = next((start for start in _PAGES if link and link.startswith(start)), None)
    return f"{_PAGES[begun]}{(link or '').removeprefix(begun)}" if begun else None
