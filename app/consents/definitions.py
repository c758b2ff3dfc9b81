"""The purposes for which data is used, as they stand in ``config/city/privacy.yaml``."""

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.consents.errors import ConsentPurposeUnknownError
from app.kit import retention
from config.reading import read_yaml
from config.settings import CITY_DATA


class Purpose(BaseModel):
    """A purpose. A ``notice`` informs (PIPL, article 35); a ``separate_consent`` is asked for (article 29)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str = Field(pattern=r"^[a-z][a-z_]{0,63}$")
    version: int = Field(ge=1)
    kind: Literal["notice", "separate_consent"]
    title: str
    text: str


@cache
def purposes() -> dict[str, Purpose]:
    """All purposes by key, with the times of ``retention.yaml`` in their texts."""
    loaded = read_yaml(CITY_DATA / "privacy.yaml")
    times = {kind: term.words for kind, term in retention.terms().items()}
    found = [Purpose.model_validate({**entry, "text": entry["text"].format(**times)}) for entry in loaded]
    return {purpose.key: purpose for purpose in found}


def asked(key: str) -> Purpose:
    """A purpose for which consent is asked. Raises ConsentPurposeUnknownError, for a notice too."""
    purpose = purposes().get(key)
    if purpose is None or purpose.kind != "separate_consent":
        raise ConsentPurposeUnknownError
    return purpose
