"""Who verifies: a member of staff in a duty, or another system for a purpose."""

from dataclasses import dataclass
from typing import Any, Self

from app.catalogue.licence_type import LicenceTypeDefinition
from app.identity.models import Staff
from app.identity.rules import Duty
from app.licences.relying import Purpose, RelyingSystem
from app.licences.verifying.models import Way


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who verifies. Exactly one of ``staff``, with its ``duty``, and ``system``, with its ``purpose``, is set."""

    office: str
    way: Way
    staff: Staff | None = None
    duty: Duty | None = None
    system: RelyingSystem | None = None
    purpose: Purpose | None = None

    @classmethod
    def of_staff(cls, staff: Staff, duty: Duty, way: Way = Way.ONLINE) -> Self:
        """A member of staff who verifies in a duty."""
        return cls(staff.office, way, staff=staff, duty=duty)

    @classmethod
    def of_system(cls, system: RelyingSystem, purpose: Purpose) -> Self:
        """A system that verifies for a purpose."""
        return cls(system.title, Way.BATCH, system=system, purpose=purpose)

    @property
    def itself(self) -> dict[str, Any]:
        """The columns by which its verifications are found."""
        return {"staff": self.staff} if self.staff else {"system": self.system.name if self.system else None}

    @property
    def columns(self) -> dict[str, Any]:
        """What a verification keeps of who made it."""
        return {
            **self.itself,
            "way": self.way,
            "office": self.office,
            "duty": self.duty.value if self.duty else None,
            "purpose": self.purpose.title if self.purpose else None,
        }

    def fields_for(self, definition: LicenceTypeDefinition) -> list[str] | None:
        """The names of the fields of this licence type that it may see, None where it may not ask about the type."""
        if self.purpose:
            return self.purpose.licence_types.get(definition.code)
        return definition.fields_for(self.duty or Duty.ANY) or None
