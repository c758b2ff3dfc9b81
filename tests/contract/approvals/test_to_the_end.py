"""A citizen's case whose department is behind exchange tables: from the phone to the licence, and nobody calls back."""

import asyncio
import io
import uuid

import asyncpg
import httpx
from PIL import Image

from app.demo.plan import Plan
from tests.conftest import Phone
from tests.e2e.breaking import await_true


def portrait() -> bytes:
    """A photograph."""
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(content, "JPEG")
    return content.getvalue()


async def taken(plan: Plan, case_no: str) -> str | None:
    """Whether the row of the case in the front database says that it was taken."""
    connection = await asyncpg.connect(plan.front_url)
    try:
        found: str | None = await connection.fetchval(
            "SELECT is_sync FROM up_pro_accept WHERE project_no = $1", case_no
        )
    finally:
        await connection.close()
    return found


def test_a_case_over_tables_ends_like_any_other(plan: Plan, phone: Phone) -> None:
    """The materials that the other side found are those that were handed in."""
    code = phone.http.get("/api/v1/items", params={"q": "老年人优待证"}).json()["items"][0]["item_code"]
    item = phone.http.get(f"/api/v1/items/{code}").json()
    draft = phone.http.post("/api/v1/applications", json={"item_code": code})
    assert draft.status_code == 201, draft.text
    path = f"/api/v1/applications/{draft.json()['id']}"
    saved = phone.http.patch(path, json={"form": item["form_example"], "revision": draft.json()["revision"]})
    assert saved.status_code == 200, saved.text
    file = {"file": ("a.jpg", portrait(), "image/jpeg")}
    uploaded = phone.http.post(f"{path}/materials", data={"material_id": "portrait"}, files=file)
    assert uploaded.status_code == 201, uploaded.text
    submitted = phone.http.post(f"{path}/submission", headers={"Idempotency-Key": uuid.uuid4().hex})
    assert submitted.status_code == 202, submitted.text
    case_no = submitted.json()["case_no"]
    await_true("the end of the case", lambda: phone.http.get(path).json()["state"] == "completed")
    assert phone.http.get(path).json()["licence_id"]

    def found() -> list[bool]:
        items = httpx.get(f"{plan.sandbox_url}/control/approvals", trust_env=False).json()["items"]
        (listed,) = (one for one in items if one["case_no"] == case_no)
        return [one["verified"] for one in listed["materials"]]

    await_true("the material", lambda: found() == [True])
    assert asyncio.run(taken(plan, case_no)) == "1"
