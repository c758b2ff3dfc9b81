"""What WeChat takes as a menu: three buttons, five below each, names, keys and addresses within their bytes.

Source: WeChat's pages on custom menus and its list of global return codes. Not confirmed: the length of an address, and
that pages and names of buttons may not be empty.
"""

from typing import Any, NamedTuple

from app.sandbox.wechat.answers import PlatformError

MOST_BUTTONS = 3
_MOST_BELOW = 5
_KEY = 128
_ADDRESS = 1024
_WITH_KEY = frozenset(
    {
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    }
)


class _Codes(NamedTuple):
    many: int
    type: int
    name: int
    key: int
    address: int
    name_bytes: int


_TOP = _Codes(many=40016, type=40017, name=40018, key=40019, address=40020, name_bytes=16)
_BELOW = _Codes(many=40023, type=40024, name=40025, key=40026, address=40027, name_bytes=60)


def check_buttons(buttons: object, mini_appid: str) -> None:
    """Hold a menu's buttons to the rules; raises PlatformError with the code of the rule that is broken."""
    if not isinstance(buttons, list) or not 0 < len(buttons) <= MOST_BUTTONS:
        raise PlatformError(_TOP.many, "invalid button size")
    for button in buttons:
        _check_name(button, _TOP)
        below = button.get("sub_button")
        if not below:
            _check_button(button, _TOP, mini_appid)
            continue
        if not isinstance(below, list) or len(below) > _MOST_BELOW:
            raise PlatformError(_BELOW.many, "invalid sub button size")
        for one in below:
            _check_name(one, _BELOW)
            if one.get("sub_button"):
                raise PlatformError(40022, "invalid sub button level")
            _check_button(one, _BELOW, mini_appid)


def _check_name(button: Any, codes: _Codes) -> None:
    if not isinstance(button, dict):
        raise PlatformError(40015, "invalid menu type")
    if not _fits(button.get("name"), codes.name_bytes):
        raise PlatformError(codes.name, "invalid button name size")


def _check_button(button: dict[str, Any], codes: _Codes, mini_appid: str) -> None:
    kind = button.get("type")
    if kind in _WITH_KEY:
        if not _fits(button.get("key"), _KEY):
            raise PlatformError(codes.key, "invalid button key size")
    elif kind in {"view", "miniprogram"}:
        if not _fits(button.get("url"), _ADDRESS):
            raise PlatformError(codes.address, "invalid button url size")
        if kind == "miniprogram" and (button.get("appid") != mini_appid or not button.get("pagepath")):
            raise PlatformError(45064, "no permission to use weapp in menu")
    else:
        raise PlatformError(codes.type, "invalid button type")


def _fits(text: object, most_bytes: int) -> bool:
    return isinstance(text, str) and 0 < len(text.encode()) <= most_bytes
