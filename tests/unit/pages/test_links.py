"""Where messages lead."""

import re

import pytest

from miniapp_api.h5.links import page_of
from miniapp_api.surfaces import all_routes

ID = "0190b2c4-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "link",
    [
        f"/applications/{ID}",
        f"/applications/{ID}/reviews",
        f"/complaints/{ID}",
        f"/life-event-applications/{ID}",
        f"/licences/{ID}",
        f"/licences/{ID}/verifications",
        "/mandates",
        f"/privacy/exports/{ID}",
        f"/reviews/{ID}",
    ],
)
def test_each_link_of_a_message_has_its_page(link: str) -> None:
    """A page that is served."""
    served = [re.sub(r"<\w+:\w+>", "[^/]+", route.path) for route in all_routes() if route.method == "GET"]
    found = page_of(link)
    assert found
    assert [path for path in served if re.fullmatch(path, found)]


@pytest.mark.parametrize("link", [None, "", "pages/index/index", "https://www.jms.gov.cn/", "javascript:alert(1)"])
def test_what_is_no_page_of_ours_is_no_link(link: str | None) -> None:
    """A broadcast's link may be the mini-program's or another site's."""
    assert page_of(link) is None
