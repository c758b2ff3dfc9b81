"""Stand-ins that run, and a product beside them. All tests here share one event loop."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.contract.sandbox.stand_ins import Product, StandIns


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def product() -> AsyncIterator[Product]:
    """A product that listens."""
    product = Product()
    await product.start()
    yield product
    await product.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stand_ins(tmp_path_factory: pytest.TempPathFactory, product: Product) -> AsyncIterator[StandIns]:
    """One process for all tests that leave it running: each uses case numbers and people of its own."""
    stand_ins = StandIns(tmp_path_factory.mktemp("sandbox"), product)
    await stand_ins.start()
    yield stand_ins
    await stand_ins.http.aclose()
    assert stand_ins.stop() == 0
