"""The evidence pack of one chain: whoever holds it checks it without us, by what is in it and the city's public keys.

What is shown of a record is what its reader may see; of the rest they get the commitments, so that every digest can be
reckoned all the same. A record of the first format has none: where it may not be shown as a whole, its digest stands
for it. Nothing is in a pack that its check does not look at.
"""

import io
import zipfile
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.audit import verify_pack
from app.audit.chains import entry_of
from app.audit.checkpoints import head_leaf, statement
from app.audit.digests import Entry, canonical, commitments_of, opening_of
from app.audit.errors import EvidenceTooLargeError
from app.audit.merkle import inclusion_proof
from app.audit.models import AuditRecord, ChainHead, Checkpoint
from app.kit import clock, db, texts
from app.kit.benches import Bench, Place
from app.kit.record_signing import RecordSigner

_MOST_RECORDS = 20_000
"""A case has some dozens."""
_MOST_PROOFS = 32
"""Each hashes the whole tree of its checkpoint, ``MOST_NOTES`` leaves at most."""
_PAGE = 500

_BENCH = Bench("evidence", places=8)

_LEAVES = "SELECT chain, position, digest FROM audit_heads WHERE number >= $1 AND number < $2 ORDER BY number"
_OWNER_ONLY = 0o600 << 16
_VERIFY = Path(verify_pack.__file__).read_bytes()


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets a pack: they may see the names of these ``actors`` beside those of systems, and these ``details``."""

    actors: Collection[str]
    details: Collection[str]

    def may_see(self, name: str, value: Any) -> bool:
        """Whether they may see one value of a record. An actor without an id is a system."""
        if name == "actor":
            return value in self.actors or ":" not in value
        return name.removeprefix("details.") in self.details


async def evidence_pack(chain: str, reader: Reader, signer: RecordSigner) -> bytes:
    """A ZIP of the chain's records, the checkpoints that cover them, the public keys, and how it is checked.

    Of more checkpoints than ``_MOST_PROOFS`` it has so many, the first and the last among them: each covers all records
    before it. Raises EvidenceTooLargeError, or TemporarilyUnavailableError where too many packs are wanted at once.
    """
    with _BENCH.place() as place:
        return await _made(place, chain, reader, signer)


async def _made(place: Place, chain: str, reader: Reader, signer: RecordSigner) -> bytes:
    if await AuditRecord.filter(chain=chain).count() > _MOST_RECORDS:
        raise EvidenceTooLargeError(limit=_MOST_RECORDS)
    # Heads first: what they cover is among the records that are read after them.
    heads = _spread(await ChainHead.filter(chain=chain).order_by("position"), _MOST_PROOFS)
    checkpoints = [await _covering(place, head) for head in heads]
    records = [lines async for lines in _pages(place, chain, reader)]
    public_keys = signer.public_keys()
    used = sorted({one["key"] for one in checkpoints} & set(public_keys))
    files = {
        "README.txt": texts.text("evidence", "readme", chain=chain, time=clock.in_city(clock.now())).encode(),
        "verify.py": _VERIFY,
        "records.jsonl": b"".join(records),
        "checkpoints.json": canonical(checkpoints) + b"\n",
        **{f"keys/{quote(key_id, safe='')}.pem": public_keys[key_id].encode() for key_id in used},
    }
    return await place.do(_zipped, files, clock.now().astimezone(clock.CITY_TIME).timetuple()[:6])


def _spread(heads: Sequence[ChainHead], most: int) -> Sequence[ChainHead]:
    """At most so many of them, evenly, with the first and the last."""
    if len(heads) <= most:
        return heads
    return [heads[number * (len(heads) - 1) // (most - 1)] for number in range(most)]


async def _pages(place: Place, chain: str, reader: Reader) -> AsyncIterator[bytes]:
    """The lines of the chain's records, by the page."""
    position = 0
    while (
        page := await AuditRecord.filter(chain=chain, position__gt=position).order_by("position").limit(_PAGE).values()
    ):
        position = page[-1]["position"]
        yield await place.do(_lines, page, reader)


def _lines(rows: Sequence[Mapping[str, Any]], reader: Reader) -> bytes:
    return b"".join(canonical(_shown(row, reader)) + b"\n" for row in rows)


async def _covering(place: Place, head: ChainHead) -> dict[str, Any]:
    """The checkpoint that was made over a head, and the proof that the head is in it."""
    checkpoint = await Checkpoint.filter(first_head__lte=head.number).order_by("-first_head").first()
    if checkpoint is None:
        raise RuntimeError("a head stands under no checkpoint")
    first = checkpoint.first_head
    index = head.number - first
    path = await place.do(_path, await db.rows(_LEAVES, first, first + checkpoint.heads), index)
    return {
        "statement": statement(checkpoint).decode(),
        "key": checkpoint.key_id,
        "signature": bytes(checkpoint.signature).hex(),
        "position": head.position,
        "index": index,
        "path": path,
    }


def _path(heads: Sequence[Mapping[str, Any]], index: int) -> list[str]:
    """The proof that one of a checkpoint's heads is in its tree."""
    leaves = [head_leaf(head["chain"], head["position"], bytes(head["digest"])) for head in heads]
    return [one.hex() for one in inclusion_proof(leaves, index)]


def _shown(row: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    entry = entry_of(row)
    links: dict[str, Any] = {
        "format": 1 if entry.salt is None else 2,
        "chain": entry.chain,
        "position": entry.position,
        "algorithm": entry.algorithm,
        "previous": entry.previous.hex(),
        "digest": bytes(row["digest"]).hex(),
    }
    seen = {name: value for name, value in entry.values.items() if reader.may_see(name, value)}
    if entry.salt is not None:
        return {**links, **_committed(entry, seen)}
    if len(seen) < len(entry.values):
        return links
    plain = {"actor": entry.actor, "action": entry.action, "details": dict(entry.details)}
    return {**links, "at": entry.time, **plain}


def _committed(entry: Entry, seen: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": entry.time,
        "kind": entry.kind,
        "action": entry.action,
        "commitments": commitments_of(entry),
        "shown": {name: [opening_of(entry, name).hex(), value] for name, value in seen.items()},
    }


def _zipped(files: Mapping[str, bytes], moment: tuple[int, int, int, int, int, int]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _OWNER_ONLY
            pack.writestr(entry, data)
    return content.getvalue()
