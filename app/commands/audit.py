"""``jiaban audit``: whether the audit is whole, and the public keys by which others check what came from it."""

import argparse
import asyncio
import hashlib
import sys

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app.audit.chains import BrokenError
from app.audit.verification import Checked, Watcher, verify
from app.bootstrap import open_house
from app.kit.db import AWAY
from app.kit.record_signing import RecordSigner
from config.settings import load_settings

_console = Console(highlight=False)


def add_commands(command: argparse.ArgumentParser) -> None:
    """Add what ``audit`` can do."""
    what = command.add_subparsers(required=True, metavar="command")
    what.add_parser("verify", help="check that nobody changed it").set_defaults(function=_verify)
    what.add_parser("keys", help="print the public keys that vouch for it").set_defaults(function=_keys)


def _verify(arguments: argparse.Namespace) -> int:
    del arguments
    try:
        return asyncio.run(_verify_all())
    except AWAY as error:
        sys.stderr.write(f"stopped by {type(error).__name__}: nothing is proven, run it again\n")
        return 1


async def _verify_all() -> int:
    async with open_house(load_settings()) as house:
        try:
            checked = await _watched(house.record_signer)
        except BrokenError as broken:
            _console.print(f"broken: {broken}", soft_wrap=True, markup=False)
            return 1
    number, digest = checked.newest or (0, "-")
    _console.print(
        f"whole: {checked.records} records in {checked.chains} chains, {checked.checkpoints} checkpoints, "
        f"{checked.waiting} chains wait for the next one\nnewest checkpoint: {number} {digest}",
        soft_wrap=True,
        markup=False,
    )
    return 0


async def _watched(signer: RecordSigner) -> Checked:
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*bar, *times, console=Console(stderr=True)) as progress:
        checkpoints, records = (progress.add_task(name, total=None) for name in ("checkpoints", "records"))

        def sizes(of_checkpoints: int, of_records: int) -> None:
            progress.update(checkpoints, total=of_checkpoints)
            progress.update(records, total=of_records)

        return await verify(
            signer,
            Watcher(
                sizes=sizes,
                checkpoints=lambda count: progress.advance(checkpoints, count),
                records=lambda count: progress.advance(records, count),
            ),
        )


def _keys(arguments: argparse.Namespace) -> int:
    del arguments
    asyncio.run(_show_keys())
    return 0


async def _show_keys() -> None:
    async with open_house(load_settings()) as house:
        for key_id, pem in sorted(house.record_signer.public_keys().items()):
            _console.print(f"{key_id}  SHA-256 {fingerprint(pem)}\n{pem}", soft_wrap=True, markup=False, end="")


def fingerprint(pem: str) -> str:
    """The SHA-256 of a public key (SubjectPublicKeyInfo in DER) in hexadecimal."""
    der = load_pem_public_key(pem.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()
