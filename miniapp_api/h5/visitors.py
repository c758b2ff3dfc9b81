"""Who opens a page: pages for anybody show more to whoever is signed in."""

from dataclasses import replace

from app.identity.errors import AccessTokenExpiredError
from app.kit.errors import DomainError
from app.mandates.errors import MandateInactiveError
from miniapp_api import auth, cookies
from miniapp_api.routing import Actor, Call


async def visitor(call: Call) -> Call | None:
    """The call as a citizen's, None where nobody is signed in on this browser.

    Raises AccessTokenExpiredError: the browser is sent to renew its session and comes back. Raises
    MandateInactiveError where the browser acts for somebody by a mandate that is over.
    """
    if cookies.ACCESS not in call.request.cookies:
        return None
    try:
        caller = await auth.identify(call.house, call.request, Actor.CITIZEN.value, None, acting=True)
    except (AccessTokenExpiredError, MandateInactiveError):
        raise
    except DomainError:
        return None
    return replace(call, caller=caller)
