"""``jiaban dev bench-revocation``: how soon after it is said everybody online sees that a licence was revoked."""

import time
from uuid import UUID, uuid4

import httpx
from rich.console import Console
from rich.progress import track

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.commands.bench import engine, free_port, quantiles
from app.commands.bench_cases import Size, drop, fill, processes
from app.identity.models import Staff
from app.identity.rules import EVERY_DEPARTMENT, Audience, Duty
from app.identity.sessions import open_session
from app.kit import clock
from app.licences.models import Licence, LicenceState
from config.settings import DemoSettings, load_demo_settings

_console = Console(highlight=False)
_MILLISECONDS = 1000
_ALL = {"preset": Preset.ALL.value}


async def bench_revocation(licences: int, rounds: int, given: str | None) -> None:
    """Revoke ``rounds`` of ``licences`` one by one over HTTP and scan each until the scan says so; print the figures.

    A round's time begins before the request that revokes is sent. ``given`` is the address of a server's database,
    beside which one is made and dropped; None starts PostgreSQL from its wheel.
    """
    async with engine(given) as url:
        size = Size(licences, f"{url}_{licences}")
        demo = DemoSettings(port=free_port(5), var=load_demo_settings().var / "bench" / "revocation", database_url=url)
        try:
            await fill(size, demo)
            async with processes(size, demo) as (web_url, house), httpx.AsyncClient(base_url=web_url) as client:
                officer = await _signed_in_staff(house)
                valid = Licence.filter(state=LicenceState.VALID, company_id=None).order_by("id").limit(rounds)
                revocable: list[tuple[UUID, UUID]] = await valid.values_list("id", "citizen_id")
                seen, scans = [], 0
                for licence_id, citizen_id in track(revocable, "revocations", console=Console(stderr=True)):
                    holder = await _signed_in_holder(house, citizen_id)
                    took, needed = await _revoke_and_scan(client, officer, holder, licence_id)
                    seen.append(took)
                    scans += needed
        finally:
            await drop(size.url)
    middle, p95, p99, most = quantiles(seen)
    _console.print(
        f"{len(seen)} of {licences} licences revoked, seen by a scan after p50 {middle:.0f} ms, p95 {p95:.0f} ms, "
        f"p99 {p99:.0f} ms, at most {most:.0f} ms; {scans} scans were needed",
        soft_wrap=True,
    )


async def _signed_in_staff(house: House) -> dict[str, str]:
    """The headers of a member of staff who verifies, and keeps every department's licences."""
    staff = await Staff.create(
        username="bench",
        password_hash="",
        office="bench",
        department=EVERY_DEPARTMENT,
        duties=[Duty.VERIFY, Duty.LICENCES],
        created_at=clock.now(),
    )
    return _bearing((await open_session(house.access_tokens, Audience.STAFF, staff.id, "bench")).tokens.access_token)


async def _signed_in_holder(house: House, citizen_id: UUID) -> dict[str, str]:
    grant = await open_session(house.access_tokens, Audience.CITIZEN, citizen_id, "bench")
    return _bearing(grant.tokens.access_token)


def _bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _revoke_and_scan(
    client: httpx.AsyncClient, officer: dict[str, str], holder: dict[str, str], licence_id: UUID
) -> tuple[float, int]:
    """The milliseconds from before the revocation to the first scan that tells it, and how many scans that took.

    Raises httpx.HTTPStatusError.
    """

    async def post(address: str, headers: dict[str, str], body: dict[str, str]) -> dict[str, str]:
        answer = await client.post(address, headers=headers, json=body)
        answer.raise_for_status()
        said: dict[str, str] = answer.json()
        return said

    codes = [await post(f"/api/v1/licences/{licence_id}/presentations", holder, _ALL) for _ in range(2)]
    begun, scans = time.perf_counter(), 0
    await post(f"/staff/v1/licences/{licence_id}/moves", officer, {"cause": "revoked", "reason": "bench"})
    while True:
        code = codes.pop() if codes else await post(f"/api/v1/licences/{licence_id}/presentations", holder, _ALL)
        verdict = await post(
            "/staff/v1/verifications", officer | {"Idempotency-Key": uuid4().hex}, {"code": code["code"]}
        )
        scans += 1
        if verdict["reason"] == LicenceState.REVOKED:
            return (time.perf_counter() - begun) * _MILLISECONDS, scans
