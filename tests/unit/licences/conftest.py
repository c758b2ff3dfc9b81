"""A licence of a real type that lies in no database."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import crypto
from app.kit.crypto import Keyring
from app.kit.ids import new_id
from app.licences.models import Licence
from tests.unit.city.reading import LICENCE_TYPES

KEYS = {"1": bytes(range(32))}


@pytest.fixture
def installed_keys() -> Iterator[None]:
    """Keys of the test's own for whatever hashes, and afterwards those that were there."""
    before = crypto._Installed.ring
    crypto.install(Keyring(KEYS, "1", KEYS, "1"))
    yield
    crypto._Installed.ring = before


@pytest.fixture(scope="session")
def food() -> LicenceTypeDefinition:
    """The type of a food licence."""
    return LicenceTypeDefinition.model_validate(LICENCE_TYPES["food_business"])


def food_licence(**changes: Any) -> Licence:
    """A valid food licence."""
    facts: dict[str, Any] = {
        "id": new_id(),
        "type_code": "food_business",
        "identifier": "1.2.156.3005.2.11100000000013338W032.11230800JB0000017Q.20260000001.001.Y",
        "reference": "0123456789abcdef",
        "number": "JY12308030012345",
        "case_no": "11230800JB0000017Q3000131001001202611230001",
        "holder": "张建国",
        "holder_code": "230803199001010011",
        "values": {
            "business_name": "佳木斯市前进区老张烘焙坊",
            "holder_name": "张建国",
            "holder_id_number": "230803199001010011",
            "business_site": "佳木斯市前进区中山街128号",
            "business_kind": "食品销售经营者",
            "business_items": ["预包装食品销售", "散装食品销售"],
        },
        "issuer": "佳木斯市市场监督管理局",
        "issuer_code": "11230800JB0000017Q",
        "region": "230800000000",
        "issued_on": date(2026, 3, 12),
        "valid_from": date(2026, 3, 12),
        "valid_until": date(2031, 3, 11),
    }
    return Licence(**(facts | changes))
