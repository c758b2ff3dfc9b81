"""Materials that need not be handed in (免提交): a licence held here stands for them, or others fetch them."""

from dataclasses import dataclass

from app.applications.prefill import has_refused
from app.catalogue.guidance import Asked
from app.catalogue.guide import GuideMaterial
from app.licences.models import Licence
from app.licences.queries import valid_licences
from app.mandates.party import Party


@dataclass(frozen=True, slots=True)
class AskedMaterial:
    """A material of an application, and the licence that stands for it, if one does."""

    material: GuideMaterial
    licence: Licence | None

    @property
    def replaced(self) -> bool:
        """Whether it is not asked for: a licence stands for it, the office fetches it, or a statement is signed."""
        by = self.material.replaced_by
        return self.licence is not None or (by is not None and by.kind != "licence")

    @property
    def needed(self) -> bool:
        """Whether the applicant must hand it in."""
        return self.material.required and not self.replaced


async def materials_of(party: Party, asked: Asked, *, lock: bool = False) -> list[AskedMaterial]:
    """The materials that a party is asked for, in the guide's order.

    With ``lock`` the licences that stand for some stay valid until the caller's transaction ends.
    """
    by_licence = {
        material.id: material.replaced_by.source
        for material in asked.materials
        if material.replaced_by and material.replaced_by.kind == "licence"
    }
    held: dict[str, Licence] = {}
    if by_licence and not await has_refused(party):
        held = await valid_licences(party, sorted(set(by_licence.values())), lock=lock)
    return [AskedMaterial(material, held.get(by_licence.get(material.id, ""))) for material in asked.materials]
