"""The connectors to the departments' approval systems, and which of them a case goes through."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.applications.queries import department_of
from app.approvals.errors import CaseUnknownError
from app.approvals.models import Delivery
from app.approvals.ports import ApprovalSystem
from app.kit.signing import Signer


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
        """The connector of a case: the one that its first delivery chose, else its department's; None without a case.

        A delivery from before connectors had names went through the default one.
        """
        delivery = await Delivery.filter(case_no=case_no).order_by("created_at").first()
        if delivery is not None:
            return delivery.connector or self._default
        department = await department_of(case_no)
        return None if department is None else self.name_for(department)

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
