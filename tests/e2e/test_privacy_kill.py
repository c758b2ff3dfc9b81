"""The worker is killed in the middle of a citizen's copy: it is made all the same, once."""

import io
import zipfile
from collections.abc import Iterator

import pytest

from app.demo.plan import Plan
from tests.conftest import Phone
from tests.e2e.breaking import Breaker, await_true


@pytest.fixture
def breaker(plan: Plan) -> Iterator[Breaker]:
    """Kills processes of the running house."""
    breaker = Breaker(plan)
    yield breaker
    breaker.close()


def test_a_copy_survives_the_death_of_its_worker(phone: Phone, breaker: Breaker) -> None:
    """Held where it writes its first piece down, killed, taken up again by the next worker."""
    with breaker.locked("doomed_blobs") as wait:
        asked = phone.http.post("/api/v1/privacy/exports").json()
        wait()
        breaker.kill("worker")
    path = f"/api/v1/privacy/exports/{asked['id']}"
    await_true("the copy", lambda: phone.http.get(path).json()["state"] == "ready")
    content = phone.http.get(f"{path}/file").content
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    told = [entry for entry in phone.http.get("/api/v1/messages").json()["items"] if entry["kind"] == "export_ready"]
    assert len(told) == 1
