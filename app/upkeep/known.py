"""What checks read: the city as the database holds it, and the guides in effect."""

from collections.abc import AsyncIterator

from app.catalogue.guide import Guide
from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.models import CodeList, Department, Hall, LicenceType, Region, Theme
from app.catalogue.service import BATCH
from app.kit import clock, db
from app.upkeep.problems import Known

_IN_EFFECT = """
SELECT item_code, guide FROM (
    SELECT DISTINCT ON (item_code) item_code, guide, offered FROM item_versions
    WHERE state = 'published' AND effective_on <= $1 AND item_code > $2 AND ($4::text[] IS NULL OR item_code = ANY($4))
    ORDER BY item_code, number DESC
) AS newest WHERE offered ORDER BY item_code LIMIT $3
"""


async def read_known() -> Known:
    """The city as a check sees it."""
    types = [LicenceTypeDefinition.model_validate(kind.definition) for kind in await LicenceType.all()]
    return Known(
        departments=dict(await Department.all().values_list("code", "uscc")),
        regions=dict(await Region.all().values_list("code", "level")),
        themes={theme.code for theme in await Theme.all()},
        halls={hall.code for hall in await Hall.all()},
        licence_types={kind.code: {field.name for field in kind.fields} for kind in types},
        code_lists={entry.code for entry in await CodeList.all()},
    )


async def guides_in_effect(codes: list[str] | None = None) -> AsyncIterator[Guide]:
    """The guides that citizens see today in the order of their codes, all or those of some items, a batch at a time."""
    last = ""
    while True:
        found = await db.rows(_IN_EFFECT, clock.today(), last, BATCH, codes)
        for row in found:
            yield Guide.model_validate_json(row["guide"])
        if len(found) < BATCH:
            return
        last = found[-1]["item_code"]
