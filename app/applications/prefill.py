"""What a form can be filled with before anybody types: verified identity, licences, shared data, earlier cases.

Each value keeps the name of its source beside it until the applicant changes it. Nothing here runs in a transaction.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.applications.models import Application, State
from app.applications.ports import SharedData
from app.catalogue import forms
from app.catalogue.queries import get_licence_types, known_to
from app.consents.errors import ConsentMissingError
from app.consents.service import require_consent, respect_withdrawal
from app.identity.service import get_citizen
from app.kit import clock, texts
from app.kit.ports import PortError
from app.licences.queries import valid_licences
from app.mandates.party import Party
from app.mandates.queries import legal_person, level_of

PURPOSE = "prefill"
"""The purpose of ``config/city/privacy.yaml``: who withdrew their consent to it is filled in by identity alone."""

_EARLIER = "earlier"
_CASES = 20
_CAME_TO_NOTHING = (State.WITHDRAWN, State.REFUSED, State.NOT_ACCEPTED)


@dataclass(frozen=True, slots=True)
class Prefill:
    """A form as far as it is known, each field's source by name, the sources away, and the sets that were queried."""

    form: dict[str, Any]
    sources: dict[str, str] = field(default_factory=dict)
    away: list[str] = field(default_factory=list)
    queried: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mark:
    """A field that was filled, its source, and the sentence that says so."""

    field: str
    source: str
    title: str


class Sources:
    """What is known of a party. Each source is asked once, however many drafts are begun together."""

    def __init__(self, party: Party, shared: SharedData | None) -> None:
        """``shared`` is None where the city has no shared data."""
        self._party, self._shared = party, shared
        self._identity: dict[str, str | None] | None = None
        self._values: dict[str, Any] = {}
        self._asked: set[str] = set()
        self._away: set[str] = set()
        self._queried: set[str] = set()

    async def fill(self, schema: dict[str, Any]) -> Prefill:
        """The form as far as it is known; a value that its own field would refuse is left out."""
        fields = {name: forms.sources(definition) for name, definition in schema.get("properties", {}).items()}
        wanted = {_root(source) for named in fields.values() for source in named}
        await self._ask(wanted - self._asked)
        self._asked |= wanted
        form: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for name, named in fields.items():
            for source in named:
                value = self._value(source, name)
                if name not in form and value is not None and await _fits(schema, name, value):
                    form[name], sources[name] = value, source
        form = forms.settle(schema, form, today=clock.today())
        kept = {name: source for name, source in sources.items() if name in form}
        return Prefill(form, kept, sorted(self._away & wanted), sorted(self._queried & wanted))

    def _value(self, source: str, name: str) -> Any:
        return self._values.get(_EARLIER, {}).get(name) if source == _EARLIER else self._values.get(source)

    async def _ask(self, roots: set[str]) -> None:
        if self._identity is None:
            self._identity = await _identity(self._party)
            self._values.update(self._identity)
        if not roots - {"identity", "company"} or await has_refused(self._party):
            return
        if _EARLIER in roots:
            self._values[_EARLIER] = await _earlier(self._party)
        await self._ask_licences([root.removeprefix("licence.") for root in roots if root.startswith("licence.")])
        subject = _subject(self._party, self._identity)
        if self._shared and subject and await _agreed(self._party):
            sets = sorted(root.removeprefix("shared.") for root in roots if root.startswith("shared."))
            await asyncio.gather(*(self._ask_shared(self._shared, one, subject) for one in sets))

    async def _ask_licences(self, types: list[str]) -> None:
        """Values of a licence show at the level that its type names, as the licence itself does."""
        held = await valid_licences(self._party, types)
        definitions = await get_licence_types(list(held))
        level = await level_of(self._party) if definitions else 0
        for code, definition in definitions.items():
            if level >= definition.assurance_level:
                self._values.update({f"licence.{code}.{name}": value for name, value in held[code].values.items()})

    async def _ask_shared(self, shared: SharedData, data_set: str, subject: dict[str, str]) -> None:
        try:
            self._queried.add(f"shared.{data_set}")
            values = await shared.fetch(data_set, subject)
        except PortError:
            self._away.add(f"shared.{data_set}")
        else:
            self._values.update({f"shared.{data_set}.{name}": value for name, value in values.items()})


def _root(source: str) -> str:
    """What is asked for a source: ``licence.<type>``, ``shared.<set>``, or the first word."""
    parts = source.split(".")
    return ".".join(parts[:2]) if parts[0] in {"licence", "shared"} else parts[0]


def _subject(party: Party, identity: Mapping[str, str | None]) -> dict[str, str] | None:
    """By what a body that shares data knows the party: a company by its code, a person by their number."""
    name, value = (
        ("uscc", identity.get("company.uscc"))
        if party.company_id
        else ("id_number", identity.get("identity.id_number"))
    )
    return {name: value} if value else None


async def _fits(schema: dict[str, Any], name: str, value: Any) -> bool:
    """Whether a value passes its field's own rule; whether the field is asked at present is another question."""
    definition = {key: part for key, part in schema["properties"][name].items() if key != "x-when"}
    alone = {"properties": {name: definition}}
    known = await known_to(alone, {name: value})
    return not forms.problems(alone, {name: value}, complete=False, known=known)


async def _identity(party: Party) -> dict[str, str | None]:
    """The person's identity; a company's name, code and legal representative."""
    if party.company_id:
        legal = await legal_person(party.company_id)
        return {
            "company.name": legal.company.name,
            "company.uscc": legal.company.uscc,
            "company.legal_representative": legal.name,
            "identity.name": legal.name,
            "identity.id_number": legal.id_number,
            "identity.phone": legal.phone,
        }
    person = await get_citizen(party.citizen_id or party.actor_id)
    return {"identity.name": person.name, "identity.id_number": person.id_number, "identity.phone": person.phone}


async def has_refused(party: Party) -> bool:
    """Whether the person withdrew their consent to being filled in from elsewhere."""
    try:
        if party.citizen_id:
            await respect_withdrawal(party.citizen_id, PURPOSE)
    except ConsentMissingError:
        return True
    return False


async def _agreed(party: Party) -> bool:
    """Whether the person agreed that other bodies are asked about them: silence is no word. A company is nobody."""
    try:
        if party.citizen_id:
            await require_consent(party.citizen_id, PURPOSE)
    except ConsentMissingError:
        return False
    return True


async def _earlier(party: Party) -> dict[str, Any]:
    """The fields of the party's submitted cases, each as the newest case has it, as far as the mandate covers them.

    What came to nothing tells nothing; and a person's form takes nothing over that a proxy typed, such as an account.
    """
    cases = Application.filter(case_no__not_isnull=True, **party.owner).exclude(state__in=_CAME_TO_NOTHING)
    cases = cases.filter(mandate_id=None) if party.citizen_id else cases
    covered = party.covered("item")
    cases = cases if covered is None else cases.filter(item_code__in=covered)
    found: dict[str, Any] = {}
    for case in reversed(await cases.order_by("-submitted_at", "-id").limit(_CASES)):
        found.update(case.form)
    return found


def kept_marks(application: Application, before: Mapping[str, Any]) -> dict[str, str] | None:
    """The sources of those fields that hold what they were filled with; ``before`` is the form before a change."""
    marks = application.prefilled or {}
    kept = {
        name: source
        for name, source in marks.items()
        if name in application.form and application.form[name] == before.get(name)
    }
    return kept or None


async def marks_of(application: Application, language: str = "zh-CN") -> list[Mark]:
    """The fields that were filled, in the form's order, each with the sentence about its source in a language."""
    marks = application.prefilled or {}
    types = {source.split(".")[1] for source in marks.values() if source.startswith("licence.")}
    names = {code: definition.name for code, definition in (await get_licence_types(sorted(types))).items()}
    return [Mark(name, marks[name], _title(marks[name], names, language)) for name in application.form if name in marks]


def _title(source: str, licence_names: Mapping[str, str], language: str) -> str:
    said = partial(texts.text_in, language, "prefill")
    kind, _, rest = source.partition(".")
    which = rest.partition(".")[0]
    if kind == "licence":
        return said(kind, name=licence_names.get(which, said("some_licence")))
    if kind == "shared":
        key = f"set_{which}" if f"set_{which}" in texts.keys("prefill") else "some_set"
        return said(kind, name=said(key))
    return said(kind)
