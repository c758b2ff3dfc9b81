"""``jiaban dev bench-pages``: how long the server takes for each page of one citizen and of one member of staff.

The house runs as processes on a database full of cases. The citizen has walked the demonstration's trip: a case that
was decided, a draft, a licence that was scanned, messages, a review, a complaint. Pages are asked for one after the
other over one connection, in turns, and the floor, an answer that asks nothing of the database, among them.
"""

import asyncio
import json
import random
import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.applications.receipt_codes import ReceiptClaims, ReceiptKind, sign_receipt
from app.bootstrap import House
from app.commands.bench import engine, free_port, quantiles
from app.commands.bench_cases import Size, drop, fill, processes
from app.demo.plan import Plan, make_plan
from app.demo.trip import Trip
from app.identity.models import Staff
from app.identity.rules import EVERY_DEPARTMENT, Duty
from app.identity.staff import hash_password
from app.kit import clock
from app.kit.tls import public_tls
from app.licences.files.file_codes import FileClaims, sign_file
from config.settings import DemoSettings, load_demo_settings

_console = Console(highlight=False)
_FLOOR = "/health/live"
_LICENCE_SCANNED = 15  # steps of the trip; then the licence is revoked
_A_SECOND = 15
"""Requests: one citizen has 1,200 a minute, and pages that show codes fewer."""
_SEARCHED = {"/h5/items": "?q=食品经营"}
_PASSWORD = "of-the-bench-alone"  # noqa: S105  # of a database that is dropped
_PART = re.compile(r"\{(\w+)\}")
_OK = 200


@dataclass(slots=True)
class Measured:
    """A page: where, its weight in bytes, and the milliseconds of each request."""

    address: str
    size: int
    milliseconds: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        """The median."""
        return quantiles(self.milliseconds)[0]

    @property
    def p95(self) -> float:
        """What 95 of a hundred stay below."""
        return quantiles(self.milliseconds)[1]


async def bench_pages(cases: int, each: int, into: Path | None) -> None:
    """Measure every page ``each`` times beside so many filled cases; print the figures, write them ``into`` a file."""
    async with engine(None, "-cshared_buffers=512MB") as url:
        var = load_demo_settings().var / "bench" / "pages"
        demo = DemoSettings(port=free_port(5), var=var, database_url=url)
        size = Size(cases, f"{url}_{cases}")
        try:
            await fill(size, demo)
            async with processes(size, demo) as (_, house):
                member = await _member()
                codes = {"r": _receipt(house), "l": await _printed(house)}
                measured, left_out = await asyncio.to_thread(_measure, make_plan(demo), member, codes, each)
        finally:
            await drop(size.url)
    _print(measured, left_out)
    if into:
        figures = json.dumps(_figures(measured), ensure_ascii=False, indent=2)
        await asyncio.to_thread(into.write_text, f"{figures}\n", encoding="utf-8")


async def _member() -> str:
    """The user name of a member of staff with every duty."""
    made = await Staff.create(
        username="bench",
        password_hash=await hash_password(_PASSWORD),
        duties=[duty for duty in Duty if duty is not Duty.ANY],
        office="测",
        department=EVERY_DEPARTMENT,
        created_at=clock.now(),
    )
    return made.username


def _receipt(house: House) -> str:
    """The token of a receipt."""
    claims = ReceiptClaims(
        ReceiptKind.SUBMITTED, "0" * 43, "食品经营许可", "市市场监管局", "李*兰", clock.today(), None
    )
    return sign_receipt(house.record_signer, claims)


async def _printed(house: House) -> str:
    """The token of a printed licence."""
    claims = FileClaims(bytes(8), "食品经营许可证", "李*兰", clock.today(), clock.today() + timedelta(days=365))
    return await sign_file(house.licence_keys, claims)


class _Browser:
    """Where the citizen is signed in, and a member of staff: what it sends along to each page."""

    def __init__(self, plan: Plan, login_code: str, member: str) -> None:
        self._http = httpx.Client(base_url=plan.web_url, timeout=30, verify=public_tls(), trust_env=False)
        there = self._http.get("/h5/sign-in/wechat").headers["Location"]
        login = login_code.removeprefix("login-")
        back = self._http.get(there.replace("#wechat_redirect", f"&login={login}")).headers["Location"]
        self._http.get(back)
        self._http.post("/h5/staff/sign-in", data={"username": member, "password": _PASSWORD})
        place = urlsplit(plan.web_url)
        self._connection = HTTPConnection(str(place.hostname), place.port)

    def get(self, address: str) -> tuple[int, int, float]:
        """Ask for an address over the one connection: the status, how many bytes came, in how many milliseconds."""
        made = self._http.build_request("GET", address, headers={"Accept": "text/html"})
        headers = {name: made.headers[name] for name in ("Accept", "Cookie") if name in made.headers}
        began = time.perf_counter()
        self._connection.request("GET", made.url.raw_path.decode(), headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        return answer.status, len(body), (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._connection.close()


def _measure(plan: Plan, member: str, codes: dict[str, str], each: int) -> tuple[list[Measured], dict[str, int]]:
    """The pages with their times, the floor first, and those that answered no page with their status."""
    trip = Trip(plan.web_url, plan.sandbox_url)
    for _, step in trip.steps()[:_LICENCE_SCANNED]:
        step()
    things = _things(plan, trip)
    codes["v"] = trip.notes.code.rpartition("/")[2]
    browser = _Browser(plan, trip.traveller.login_code, member)
    measured, left_out = [Measured(_FLOOR, 0)], {}
    for path in _paths(plan):
        own = things | {"token": [codes.get(path.split("/")[1], "")]}
        page, status = _first_page(browser, path, own)
        if page:
            measured.append(page)
        else:
            left_out[path] = status
    for _ in track(range(each), "asking", console=Console(stderr=True)):
        for page in random.sample(measured, len(measured)):
            status, page.size, took = browser.get(page.address)
            if status != _OK:
                raise RuntimeError(f"{page.address} answered {status}")
            page.milliseconds.append(took)
            time.sleep(max(0.0, 1 / _A_SECOND - took / 1000))
    browser.close()
    trip.close()
    return measured, left_out


def _things(plan: Plan, trip: Trip) -> dict[str, list[str]]:
    """What the citizen has, by the names of the parts of paths; of some several, of which a page takes one."""
    notes = trip.notes
    headers = {"Authorization": f"Bearer {notes.token}"}
    with httpx.Client(base_url=plan.web_url, headers=headers, verify=public_tls(), trust_env=False) as http:

        def made(path: str, body: dict[str, Any]) -> str:
            answer = http.post(f"/api/v1{path}", json=body)
            answer.raise_for_status()
            return str(answer.json()["id"])

        draft = made("/applications", {"item_code": notes.item["item_code"]})
        review = {"stage": "result", "level": 5, "reasons": [], "comment": "很快"}
        complaint = {"kind": "complaint", "text": "等了很久", "named": True}
        return {
            "application_id": [notes.application_id, draft],
            "licence_id": [str(notes.licence["id"])],
            "item_code": [str(notes.item["item_code"])],
            "life_event": ["open_restaurant"],
            "review_id": [made(f"/applications/{notes.application_id}/reviews", review)],
            "complaint_id": [made("/complaints", complaint)],
        }


def _paths(plan: Plan) -> list[str]:
    """Every page that the interface's document has; those that a QR spells in capitals are the same ones."""
    document = httpx.get(f"{plan.web_url}/openapi.json", verify=public_tls(), trust_env=False).json()
    found = {
        path
        for path, operations in document["paths"].items()
        if "text/html" in operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    }
    return sorted(path for path in found if path == path.lower() or path.lower() not in found)


def _first_page(browser: _Browser, path: str, things: dict[str, list[str]]) -> tuple[Measured | None, int]:
    """The page at a path, with the first of the citizen's things that there is a page of; else the last status."""
    status = 0
    names = _PART.findall(path)
    choices = things.get(names[0], []) if names else [""]
    for choice in choices:
        address = _PART.sub(choice, path) + _SEARCHED.get(path, "")
        status, size, _ = browser.get(address)
        if status == _OK:
            return Measured(address, size), status
    return None, status


def _figures(measured: list[Measured]) -> dict[str, dict[str, float]]:
    return {
        page.address: {"p50_ms": round(page.p50, 2), "p95_ms": round(page.p95, 2), "bytes": page.size}
        for page in measured
    }


def _print(measured: list[Measured], left_out: dict[str, int]) -> None:
    table = Table("page", "KB", "p50 ms", "p95 ms", "× floor")
    floor, *pages = measured
    for page in [floor, *sorted(pages, key=lambda page: -page.p95)]:
        size, times = f"{page.size / 1000:.1f}", f"{page.p50 / floor.p50:.1f}"
        table.add_row(_shown(page.address), size, f"{page.p50:.1f}", f"{page.p95:.1f}", times)
    _console.print(table)
    if left_out:
        _console.print(
            "no page of this citizen's:", ", ".join(f"{path} ({status})" for path, status in left_out.items())
        )


def _shown(address: str) -> str:
    """An address without ids and tokens."""
    return re.sub(r"[0-9a-f-]{36}|(?<=/[vrl]/).+", "…", address)
