"""One suite for every connector: it is run over each, against the stand-in that it speaks to."""

from collections.abc import AsyncIterator

import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from tests.contract.approvals.ways import Way, over_http, over_tables


@pytest.fixture(params=["http", "tables"])
async def way(request: pytest.FixtureRequest, house: House, plan: Plan) -> AsyncIterator[Way]:
    """One way to an approval system."""
    opened = over_http(house, plan) if request.param == "http" else over_tables(plan)
    async with opened as way:
        yield way
