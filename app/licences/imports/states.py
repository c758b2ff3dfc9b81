"""What the states of other systems mean here: the codes that are in use beside GB/T 36903, and their words."""

import re

from app.kit import texts
from app.licences.models import LicenceState

STATES: dict[str, LicenceState] = {
    "valid": LicenceState.VALID,
    "suspended": LicenceState.SUSPENDED,
    "03": LicenceState.REVOKED,
    "04": LicenceState.CANCELLED,
    "05": LicenceState.EXPIRED,
    "06": LicenceState.CANCELLED,
    "07": LicenceState.REVOKED,
}
"""What a licence is worth by its state elsewhere: 03 撤销, 04 注销, 05 失效, 06 转出, 07 吊销. 99 其他 says nothing."""

_WORDS = {"": "valid", "有效": "valid", "正常": "valid", "暂扣": "suspended", "暂停": "suspended"}
_CODE_AND_WORD = re.compile(r"([0-9]{1,2})[ .、-]*([^0-9]*)")


def read_state(written: str) -> str | None:
    """The key in ``STATES`` that a code, a word or both mean; None where they mean none."""
    found = _CODE_AND_WORD.fullmatch(written)
    code, word = (found[1].zfill(2), found[2]) if found else ("", written)
    if code:
        return code if code in STATES and word in ("", reason(code)) else None
    return _WORDS.get(word) or next((state for state in STATES if word == reason(state)), None)


def reason(state: str) -> str | None:
    """The word that a licence's holder reads as the reason of a state elsewhere; None for one that is valid."""
    return texts.text("licence_states_elsewhere", state) if state != "valid" else None
