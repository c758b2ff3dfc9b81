"""Verifying: verdicts, the code spent once, a record of each."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.identity.models import Session
from app.identity.rules import Duty
from app.kit import clock, db
from app.licences.codes import CodeSigner
from app.licences.keys.algorithms import Algorithm
from app.licences.keys.ring import KeyInfo, PublicKey
from app.licences.models import Licence, LicenceState, Presentation
from bench.people import Caller, Codes, find_holders, make_officers
from bench.town import Town

PATH = "/staff/v1/verifications"
_RECORD = """
SELECT staff_id = $2 AS by_caller, way, office, duty, licence_id, verdict, reason, shown, idempotency_key IS NULL AS
    keyless, kind, preset, nonce IS NULL AS of_no_code, handed_in_at, at > now() - interval '1 minute' AS just_made
FROM verifications WHERE id = $1
"""


class _Forger:
    """Signs with a key that is not ours under the name of one that is, or under its own."""

    def __init__(self, key_id: bytes) -> None:
        self._key_id, self._key = key_id, Ed25519PrivateKey.generate()

    async def active(self, purpose: object) -> KeyInfo:
        """The key that it claims to have."""
        del purpose
        return KeyInfo(self._key_id, Algorithm.EDDSA)

    async def sign(self, key_id: bytes, data: bytes) -> bytes:
        """Its own signature."""
        del key_id
        return self._key.sign(data)

    async def verify(self, *_: object) -> bool:
        """It verifies nothing."""
        return False

    async def believes(self, *_: object) -> bool:
        """It believes nothing."""
        return False

    async def published(self) -> list[PublicKey]:
        """It publishes nothing."""
        return []


async def see(town: Town, client: httpx.AsyncClient) -> dict[str, Any]:
    """What a side answers and does in each case."""
    officer, bystander = (await make_officers(town, 1))[0], (await make_officers(town, 1, duties=[Duty.WINDOW]))[0]
    given = (await make_officers(town, 1, password_given=True))[0]
    barred, gone = (await make_officers(town, 1, active=False))[0], (await make_officers(town, 1))[0]
    await Session.filter(id=gone.session_id).update(ended_at=clock.now())
    holder = (await find_holders(town, 1))[0]
    codes = Codes(town, [holder])
    seen: dict[str, Any] = {}

    async def asked(text: str, caller: Caller | None = officer, key: str | None = None) -> httpx.Response:
        headers = {**(caller.bearer if caller else {}), **({"Idempotency-Key": key} if key else {})}
        return await client.post(PATH, json={"code": text}, headers=headers)

    async def said(case: str, text: str, row: Presentation | None = None) -> None:
        answer = await asked(text)
        body = answer.json()
        record = await db.row(_RECORD, body["id"], officer.id)
        spent = row and await Presentation.filter(nonce=row.nonce, spent_at__not_isnull=True).exists()
        seen[case] = (answer.status_code, {**body, "id": None}, record, spent)

    (text, row), (other, unspent) = await codes.made(2)
    for case, caller in {"nobody": None, "no duty": bystander, "password given": given, "ended session": gone}.items():
        seen[case] = (await asked(text, caller)).status_code
    seen["barred"] = (await asked(text, barred)).status_code
    await said("genuine", text, row)
    await said("again", text, row)
    await said("garbage", "HTTPS://JIABAN.EXAMPLE/V/NOCODE")
    key = uuid4().hex
    first, second = await asked(other, key=key), await asked(other, key=key)
    seen["same key"] = (first.status_code, first.json() == second.json(), first.json()["verdict"])
    seen["key of another code"] = (await asked(text, key=key)).status_code
    seen["key of another code, spent"] = await Presentation.filter(nonce=unspent.nonce, spent_at=None).count()
    for case, age in {"a minute old": timedelta(seconds=61), "from tomorrow": timedelta(days=-1)}.items():
        ((text, row),) = await codes.made(1, age)
        await said(case, text, row)
    known = (await town.house.licence_keys.active("code")).key_id
    for case, name in {"forged": known, "of an unknown key": b"nobody"}.items():
        ((text, row),) = await codes.made(1, signer=CodeSigner(_Forger(name)))
        # Nobody handed it out.
        await Presentation.filter(nonce=row.nonce).delete()
        await said(case, text, row)
    ((text, row),) = await codes.made(1)
    await Session.filter(id=holder.session_id).update(ended_at=clock.now())
    await said("shown by a session that ended", text, row)
    await Session.filter(id=holder.session_id).update(ended_at=None)
    for state in LicenceState:
        ((text, row),) = await codes.made(1)
        await Licence.filter(id=holder.licence_id).update(state=state)
        await said(f"licence {state}", text, row)
    await Licence.filter(id=holder.licence_id).update(state=LicenceState.VALID)
    return seen
