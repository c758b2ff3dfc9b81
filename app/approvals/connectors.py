"""The connectors to the departments' approval systems, and which of them a case goes through."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.approvals.errors import CaseUnknownError
from app.approvals.models import Delivery
from app.approvals.ports import ApprovalSystem
from app.kit import db
from app.kit.signing import Signer

# The department is that of the version of the item under which the case was begun.
_CHOSEN = """
SELECT given.case_no, first.id IS NOT NULL AS delivered, first.connector, version.department
FROM unnest($1::text[]) AS given (case_no)
LEFT JOIN LATERAL (
    SELECT id, connector FROM deliveries WHERE case_no = given.case_no ORDER BY created_at LIMIT 1
) AS first ON true
LEFT JOIN applications AS application ON application.case_no = given.case_no
LEFT JOIN item_versions AS version
    ON version.item_code = application.item_code AND version.number = application.item_version
"""


@dataclass(frozen=True, slots=True)
class Connector:
    """One way to an approval system.

    At most ``per_second`` deliveries a second go through it, ``concurrency`` at once; what it has to say is read every
    ``read_every_seconds``. ``signer`` is what both sides sign with where the system calls us.
    """

    name: str
    system: ApprovalSystem
    per_second: float
    concurrency: int
    read_every_seconds: int
    signer: Signer | None = None


class Connectors:
    """All connectors by their names; ``departments`` says which takes a department's cases, by the department's code.

    A case stays with the connector that took it first, whatever the settings say later.
    """

    def __init__(self, connectors: Iterable[Connector], default: str, departments: Mapping[str, str]) -> None:
        self._by_name = {connector.name: connector for connector in connectors}
        self._default, self._departments = default, departments

    def __iter__(self) -> Iterator[Connector]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Connector:
        """The connector of this name. Raises KeyError where the settings know it no more."""
        return self._by_name[name]

    def name_for(self, department: str) -> str:
        """The connector that takes a department's new cases."""
        return self._departments.get(department, self._default)

    def of_client(self, client_id: str) -> Connector | None:
        """The connector whose system signs with this client id."""
        signing = (one for one in self if one.signer and one.signer.client_id == client_id)
        return next(signing, None)

    async def name_of(self, case_no: str) -> str | None:
        """The connector of a case, as ``names_of`` finds it; None without a case."""
        return (await self.names_of([case_no])).get(case_no)

    async def names_of(self, case_nos: Sequence[str]) -> dict[str, str]:
        """The connectors of cases, by their numbers: of each the one that its first delivery chose, else its
        department's.

        A delivery from before connectors had names went through the default one.
        """
        found = {}
        for row in await db.rows(_CHOSEN, case_nos):
            if row["delivered"]:
                found[row["case_no"]] = row["connector"] or self._default
            elif row["department"]:
                found[row["case_no"]] = self.name_for(row["department"])
        return found

    async def adopt_nameless(self) -> None:
        """Write the default connector into deliveries from before connectors had names: nothing else is drained."""
        await Delivery.filter(connector=None).update(connector=self._default)

    async def of_case(self, case_no: str) -> Connector:
        """The connector of a case, as ``name_of`` finds it.

        Raises CaseUnknownError, or KeyError where the settings know the connector no more.
        """
        name = await self.name_of(case_no)
        if name is None:
            raise CaseUnknownError
        return self.get(name)
