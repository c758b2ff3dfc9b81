"""WeChat's error codes as data: what each means and what to do about it.

Source: WeChat's and WeCom's public documentation of the APIs in this package and their lists of global return codes.
A code is added by a line.
"""

from enum import StrEnum


class Advice(StrEnum):
    """What the caller does about an errcode."""

    RETRY = "retry"
    """The platform is busy: ask again a little later."""
    REFRESH_TOKEN = "refresh_token"  # noqa: S105  # the name of an advice, not a secret
    """The access token is no longer good: get a new one and repeat once."""
    GIVE_UP = "give_up"
    """Repeating cannot help: the request or the configuration is wrong."""
    TELL = "tell"
    """Only the citizen can change it: a new code, a grant, another account."""
    QUOTA = "quota"
    """Too many calls for now: try later."""


CODES: dict[int, tuple[Advice, str]] = {
    -1: (Advice.RETRY, "the platform is busy"),
    40001: (Advice.REFRESH_TOKEN, "bad secret, or a token that is not the latest"),
    40003: (Advice.GIVE_UP, "bad openid"),
    40007: (Advice.GIVE_UP, "unknown or expired media"),
    40013: (Advice.GIVE_UP, "bad appid"),
    40014: (Advice.REFRESH_TOKEN, "bad access token"),
    40018: (Advice.GIVE_UP, "a menu button's name is too long"),
    40029: (Advice.TELL, "bad, used or expired code"),
    40037: (Advice.GIVE_UP, "unknown template"),
    40091: (Advice.GIVE_UP, "bad secret of a company's app"),
    40125: (Advice.GIVE_UP, "bad secret"),
    40163: (Advice.TELL, "used code"),
    40164: (Advice.GIVE_UP, "the calling address is not on the white list"),
    40226: (Advice.TELL, "the account is held to be of high risk"),
    41030: (Advice.GIVE_UP, "unknown page"),
    42001: (Advice.REFRESH_TOKEN, "expired access token"),
    # Listed among the global codes; whether an expired code of web OAuth gets it is not confirmed.
    42003: (Advice.TELL, "expired code"),
    43004: (Advice.TELL, "the person does not follow the account"),
    43101: (Advice.TELL, "the citizen gave no grant, or none is left"),
    43117: (Advice.QUOTA, "sent too often"),
    45009: (Advice.QUOTA, "the day's quota is used up"),
    45011: (Advice.QUOTA, "the minute's quota is used up"),
    45015: (Advice.TELL, "the follower has not written within the last 48 hours"),
    45033: (Advice.QUOTA, "too many calls at once"),
    45047: (Advice.TELL, "too many customer-service messages without an answer"),
    45056: (Advice.GIVE_UP, "the account has as many tags as it may have"),
    45057: (Advice.GIVE_UP, "too many followers carry the tag"),
    45059: (Advice.GIVE_UP, "a follower has as many tags as they may have"),
    45157: (Advice.GIVE_UP, "a tag of that name exists, or the name is not allowed"),
    45158: (Advice.GIVE_UP, "a tag's name is too long"),
    45159: (Advice.GIVE_UP, "unknown tag"),
    46003: (Advice.GIVE_UP, "there is no menu"),
    47001: (Advice.GIVE_UP, "bad format of the request"),
    47003: (Advice.GIVE_UP, "a template field is wrong"),
    48001: (Advice.GIVE_UP, "the account has no permission for this API"),
    50001: (Advice.GIVE_UP, "the page's domain is not one of the app's"),
    60020: (Advice.GIVE_UP, "the calling address is not on the company's white list"),
    61010: (Advice.TELL, "the person was not in the mini-program within the last two hours"),
}

_UNKNOWN = (Advice.GIVE_UP, "unknown code")


def advice_for(code: int) -> Advice:
    """What to do about an errcode; GIVE_UP for one that is not known."""
    return CODES.get(code, _UNKNOWN)[0]


def meaning_of(code: int) -> str:
    """A short meaning of an errcode, in English."""
    return CODES.get(code, _UNKNOWN)[1]
