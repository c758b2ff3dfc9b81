"""Two accounts that turn out to be one person's become one.

Knowing a name and a number is not being the person. What proves it is WeChat's UnionID, which names one WeChat user
in every app of ours, or a face. So an account is joined with another

- wholly, where both are proven: what either holds becomes the older one's, and both sign-ins lead there;
- in part, where only one is proven by face: the cases and licences in the person's name go to that one, and the other
  keeps its sign-in and loses the name. By a face of its own it is joined too.

Every table that names citizens follows by itself. A model with a rule of its own against that says how by the class
method ``move(old, new)``; one with rows in a person's name and not an account's says by ``move_in_name(old, new)``
what follows when the name goes to another account.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from tortoise import Model, Tortoise
from tortoise.fields.relational import ForeignKeyFieldInstance

from app.audit import service as audit
from app.identity.errors import SessionEndedError
from app.identity.models import Citizen
from app.identity.rules import Level
from app.identity.service import get_citizen
from app.identity.sessions import TELL
from app.kit import db, jobs
from app.kit.crypto import keyring

PERSON_PROVEN = "licences.attach_to_person"
_IDENTITY = ("level", "name", "id_number", "id_number_hash", "verified_at")
_REST = ("phone", "phone_hash")


def tables_about_citizens() -> Iterator[tuple[type[Model], list[str]]]:
    """Every table that names citizens, with the columns in which it does; sign-ins are theirs too."""
    for models in Tortoise.apps.values() if Tortoise.apps else ():
        # From the highest room to the lowest, as whoever works on a case goes: what comes of a case or a mandate while
        # its row is waited for (a licence, a message) is there when its own table is moved.
        for model in sorted(models.values(), key=lambda one: -db.MODEL_MODULES.index(one.__module__)):
            columns = [
                str(field.source_field)
                for field in model._meta.fields_map.values()
                if isinstance(field, ForeignKeyFieldInstance) and field.related_model is Citizen
            ]
            if "citizen_id" in model._meta.fields_db_projection and "citizen_id" not in columns:
                columns.append("citizen_id")
            if columns:
                yield model, columns


async def _move(model: type[Model], columns: list[str], old: UUID, new: UUID) -> None:
    by_itself = getattr(model, "move", None)
    if by_itself:
        await by_itself(old, new)
        return
    for column in columns:
        await db.execute(f'UPDATE "{model._meta.db_table}" SET "{column}" = $2 WHERE "{column}" = $1', old, new)  # noqa: S608  # names of our own tables


async def lock_citizens(*ids: UUID) -> list[Citizen]:
    """Citizens locked in one order, so that two callers never wait for each other; they are returned as asked for.

    Rows that point to them may still come in.
    """
    locked = await Citizen.select_for_update(no_key=True).filter(id__in=ids).order_by("id")
    found = {citizen.id: citizen for citizen in locked}
    return [found[one] for one in ids]


async def lock_person(citizen_id: UUID) -> tuple[Citizen, list[Citizen]]:
    """A citizen, and the other accounts that were verified with the same number, locked."""
    others = await same_number(await get_citizen(citizen_id))
    citizen, *locked = await lock_citizens(citizen_id, *others)
    if is_gone(citizen):
        raise SessionEndedError
    return citizen, [other for other in locked if other.id_number == citizen.id_number and not is_gone(other)]


def is_gone(citizen: Citizen) -> bool:
    """Whether an account was deleted or joined with another one."""
    return citizen.deleted_at is not None or citizen.joined_into is not None


def are_compatible(one: Citizen, other: Citizen) -> bool:
    """Whether two accounts can be one person's: not where both were verified, by different numbers."""
    return one.id_number is None or other.id_number is None or one.id_number == other.id_number


async def join_wholly(one: Citizen, other: Citizen, because: str) -> Citizen:
    """Make two locked accounts one, within the caller's transaction, and tell the citizen; returns the older one."""
    kept, given_up = sorted((one, other), key=lambda citizen: (citizen.created_at, citizen.id))
    for model, columns in tables_about_citizens():
        await _move(model, columns, given_up.id, kept.id)
    # Rows that were still being written under the account that goes have come in after this; no more can.
    await Citizen.select_for_update().get(id=given_up.id)
    for model, columns in tables_about_citizens():
        await _move(model, columns, given_up.id, kept.id)
    changed = {
        "level": max(kept.level, given_up.level),
        "unionid": kept.unionid or given_up.unionid,
        # A child that has grown up has an account of its own.
        "ward": bool(kept.ward and given_up.ward),
    }
    if kept.id_number is None:
        changed |= {name: getattr(given_up, name) for name in _IDENTITY if name != "level"}
    if kept.phone is None:
        changed |= {name: getattr(given_up, name) for name in _REST}
    empty = {**dict.fromkeys((*_IDENTITY, *_REST, "unionid")), "level": Level.WECHAT, "joined_into": kept.id}
    await _set(given_up, empty)
    await _set(kept, changed)
    await audit.record(f"citizen:{given_up.id}", "system", "joined_into", citizen=str(kept.id), because=because)
    await audit.record(f"citizen:{kept.id}", "system", "joined", citizen=str(given_up.id), because=because)
    await tell(kept.id, "accounts_joined", given_up.id)
    return kept


async def take_over_name(proven: Citizen, other: Citizen) -> None:
    """Give what is in a person's name to the account that a face proved, within the caller's transaction.

    The other one keeps its sign-in and is told how to come back.
    """
    for model, _ in tables_about_citizens():
        in_name = getattr(model, "move_in_name", None)
        if in_name:
            await in_name(other.id, proven.id)
    level = Level.PHONE if other.phone else Level.WECHAT
    await _set(other, {**dict.fromkeys(_IDENTITY), "level": level})
    await audit.record(f"citizen:{other.id}", "system", "name_taken_over", citizen=str(proven.id))
    await audit.record(f"citizen:{proven.id}", "system", "name_confirmed", citizen=str(other.id))
    await tell(other.id, "name_taken_over", proven.id)


async def join_by_face(proven: Citizen, others: list[Citizen]) -> Citizen:
    """Join the accounts of a person, locked by ``lock_person``, with the one that a face has proven.

    Returns the citizen who remains.
    """
    for other in others:
        if other.ward or other.level >= Level.FACE:
            proven = await join_wholly(proven, other, "face")
        else:
            await take_over_name(proven, other)
    await jobs.defer(PERSON_PROVEN, citizen_id=str(proven.id))
    return proven


async def same_number(citizen: Citizen) -> list[UUID]:
    """The other accounts that were verified with a citizen's number."""
    forms = keyring().lookups(citizen.id_number or "", "id_number")
    others = Citizen.filter(id_number_hash__in=forms).exclude(id=citizen.id).order_by("id")
    return [other.id for other in await others.only("id")]


async def _set(citizen: Citizen, columns: dict[str, Any]) -> None:
    citizen.update_from_dict(columns)
    await citizen.save(update_fields=list(columns))


async def tell(citizen_id: UUID, kind: str, about: UUID) -> None:
    """Tell a citizen something about another account, within the caller's transaction."""
    await jobs.defer(TELL, citizen_id=str(citizen_id), kind=kind, occasion=str(about))
