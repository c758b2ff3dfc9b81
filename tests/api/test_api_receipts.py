"""Receipts over HTTP: the citizen's paper, and the page that anybody opens to check it."""

import asyncio
import re
import uuid
from urllib.parse import urlsplit

import httpx
import pypdfium2
import zxingcpp

from app.demo.plan import Plan
from tests.api.conftest import Holder, photograph_of_site, submit_held
from tests.conftest import Phone


def text_and_code(answer: httpx.Response) -> tuple[str, str]:
    """The text of a PDF without white space, and that of its QR."""
    assert answer.status_code == 200, answer.text
    pdf = pypdfium2.PdfDocument(answer.content)
    try:
        text = "".join("".join(page.get_textpage().get_text_range().split()) for page in pdf)
        (symbol,) = zxingcpp.read_barcodes(pdf[len(pdf) - 1].render(scale=150 / 72).to_pil())
    finally:
        pdf.close()
    return text, symbol.text


def test_a_stranger_checks_the_paper_of_a_submission(phone: Phone, client: httpx.Client, plan: Plan) -> None:
    """From the phone's PDF by its QR to the page: genuine, what to compare, no name, no state, nothing kept of it."""
    path, case_no = submit_held(phone)
    answer = phone.http.get(f"{path}/receipt")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    text, code = text_and_code(answer)
    assert phone.person.name in text
    assert case_no in text
    place = urlsplit(code).path
    for address in (place, place.lower()):
        page = client.get(address)
        assert page.status_code == 200
        for part in ("真实", "申请回执", case_no, "食品经营许可", "市市场监管局", "提交日期"):
            assert part in page.text
        assert phone.person.name not in page.text
        assert phone.person.id_number[-4:] not in page.text
        assert "审查" not in page.text
        assert "送达" not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
    token = place.rpartition("/")[2]
    for log in (plan.var / "log").glob("*.log"):
        assert token.lower()[:40] not in log.read_text(encoding="utf-8", errors="replace").lower()


def test_a_changed_code_is_not_genuine(phone: Phone, client: httpx.Client) -> None:
    """One character, and a presentation's letter instead of a receipt's."""
    path, case_no = submit_held(phone)
    _, code = text_and_code(phone.http.get(f"{path}/receipt"))
    token = code.rpartition("/")[2]
    changed = token[:60] + ("A" if token[60] != "A" else "B") + token[61:]
    for address in (f"/r/{changed}", f"/v/{token}", "/r/x", f"/R/{token}A"):
        page = client.get(address)
        assert page.status_code == 404
        assert "不是有效的" in page.text
        assert case_no not in page.text


def test_an_accepted_case_has_both_papers(holder: Holder, client: httpx.Client) -> None:
    """After the whole trip, with a supplement in between."""
    found = client.get("/api/v1/applications", headers=holder.headers).json()["items"]
    path = f"/api/v1/applications/{found[0]['id']}/receipt"
    for address, title in ((path, "申请回执"), (f"{path}/acceptance", "受理回执")):
        answer = client.get(address, headers=holder.headers)
        text, code = text_and_code(answer)
        assert text.startswith(title)
        assert client.get(address, headers=holder.headers).content == answer.content
        assert title in client.get(urlsplit(code).path).text


def test_too_early_is_a_clear_answer(phone: Phone) -> None:
    """A draft has no receipt; a case that waits has none of its acceptance."""
    draft = f"/api/v1/applications/{phone.draft()['id']}/receipt"
    for address in (draft, f"{draft}/acceptance"):
        answer = phone.http.get(address)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_submitted")
    path, _ = submit_held(phone)
    answer = phone.http.get(f"{path}/receipt/acceptance")
    assert (answer.status_code, answer.json()["code"]) == (409, "acceptance_open")


async def test_other_requests_are_answered_while_receipts_are_drawn(phone: Phone, plan: Plan) -> None:
    """Ten at once: all come, each the same, and a request that came meanwhile does not come last."""
    path = f"/api/v1/applications/{phone.draft(remark='请等待')['id']}"
    phone.http.post(f"{path}/materials", data={"material_id": "site_photo"}, files={"file": photograph_of_site()})
    phone.http.post(f"{path}/submission", headers={"Idempotency-Key": uuid.uuid4().hex}).raise_for_status()
    headers = {"Authorization": phone.http.headers["Authorization"]}
    ended: list[str] = []

    async def ask(http: httpx.AsyncClient, address: str) -> bytes:
        answer = await http.get(address, headers=headers)
        assert answer.status_code == 200
        ended.append(address)
        return answer.content

    async with httpx.AsyncClient(base_url=plan.web_url, timeout=120, trust_env=False) as http:
        drawn = [asyncio.create_task(ask(http, f"{path}/receipt")) for _ in range(10)]
        await drawn[0]
        await ask(http, "/health/live")
        assert len({*await asyncio.gather(*drawn)}) == 1
    assert ended[-1] != "/health/live"


def test_the_page_is_one_of_few_words(client: httpx.Client) -> None:
    """It loads nothing from elsewhere, and only scripts of ours run."""
    page = client.get("/r/x")
    assert all(address.startswith(("/h5/", "#")) for address in re.findall(r'(?:src|href|action)="([^"]*)"', page.text))
    assert not re.search(r"<script>|<style|style=|url\(", page.text)
