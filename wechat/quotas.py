"""How often WeChat lets each API be called, as data.

A line that is wrong for an account (WeChat grants some more, new and test accounts get less; the console tells) is
replaced through ``with_own``.
Sources: WeChat's documentation of each API; ``WELL_KNOWN`` marks what its older page on call limits says
(接口调用频次限制说明) or what is common knowledge, and was not seen on the API's own page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

OWN = "the account's own"
WELL_KNOWN = "well known, not confirmed"
DOCUMENTED = "the API's page"


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls of one app to one API, in a minute and in a day of Beijing's; None where no limit is known.

    ``apart`` is how many seconds must lie between two calls. ``source`` is where the numbers are from.
    ``per_person``: the minute's limit is one for each person, so that errcode 45011 says nothing about the others.
    ``day_code_means_minute``: the API answers 45009 for the minute as well.
    """

    minute: int | None = None
    day: int | None = None
    apart: float = 0.0
    per_person: bool = False
    day_code_means_minute: bool = False
    source: str = DOCUMENTED

    @property
    def counts(self) -> bool:
        """Whether there is anything to count."""
        return self.minute is not None or self.day is not None or self.apart > 0


FORCED_TOKEN = "/cgi-bin/stable_token?force_refresh"  # noqa: S105  # a name
"""Not a path of its own: ``stable_token`` in its forced mode has a quota apart."""

QUOTAS: Mapping[str, Quota] = {
    # Tokens, login and identity.
    "/cgi-bin/stable_token": Quota(minute=10_000, day=500_000),
    FORCED_TOKEN: Quota(day=20, apart=30.0),
    "/sns/jscode2session": Quota(per_person=True),
    "/wxa/business/getuserphonenumber": Quota(),
    "/sns/oauth2/access_token": Quota(),
    "/cgi-bin/ticket/getticket": Quota(),
    "/cityservice/face/identify/getverifyid": Quota(),
    "/cityservice/face/identify/queryverifyinfo": Quota(),
    # Messages.
    "/cgi-bin/message/subscribe/send": Quota(day=10_000_000),
    "/cgi-bin/message/template/send": Quota(day=100_000),
    "/cgi-bin/message/subscribe/bizsend": Quota(),
    "/wxaapi/newtmpl/gettemplate": Quota(),
    "/cgi-bin/template/get_all_private_template": Quota(),
    "/cgi-bin/message/custom/send": Quota(day=500_000, source=WELL_KNOWN),
    # Links, codes and content safety.
    "/wxa/getwxacodeunlimit": Quota(minute=5_000, day_code_means_minute=True),
    "/wxa/generate_urllink": Quota(day=500_000),
    "/wxa/msg_sec_check": Quota(minute=4_000),
    "/wxa/media_check_async": Quota(minute=2_000, day=200_000, source=WELL_KNOWN),
    # The official account.
    "/cgi-bin/menu/create": Quota(day=1_000, source=WELL_KNOWN),
    "/cgi-bin/menu/get": Quota(day=10_000, source=WELL_KNOWN),
    "/cgi-bin/menu/delete": Quota(day=1_000, source=WELL_KNOWN),
    "/cgi-bin/menu/addconditional": Quota(day=2_000, source=WELL_KNOWN),
    "/cgi-bin/menu/delconditional": Quota(day=2_000, source=WELL_KNOWN),
    "/cgi-bin/user/get": Quota(day=500, source=WELL_KNOWN),
    "/cgi-bin/user/info/batchget": Quota(day=50_000, source=WELL_KNOWN),
    "/cgi-bin/tags/create": Quota(day=1_000, source=WELL_KNOWN),
    "/cgi-bin/tags/get": Quota(day=1_000, source=WELL_KNOWN),
    "/cgi-bin/tags/delete": Quota(day=1_000, source=WELL_KNOWN),
    "/cgi-bin/tags/members/batchtagging": Quota(day=100_000, source=WELL_KNOWN),
    "/cgi-bin/tags/members/batchuntagging": Quota(day=100_000, source=WELL_KNOWN),
    "/cgi-bin/qrcode/create": Quota(day=100_000, source=WELL_KNOWN),
    "/cgi-bin/media/upload": Quota(day=5_000, source=WELL_KNOWN),
}


def with_own(own: Mapping[str, tuple[int | None, int | None]]) -> Mapping[str, Quota]:
    """The quotas with an account's own numbers, per minute and per day, for some paths; None is no limit."""
    changed = {
        api: replace(QUOTAS.get(api, Quota()), minute=minute, day=day, source=OWN) for api, (minute, day) in own.items()
    }
    return {**QUOTAS, **changed}
