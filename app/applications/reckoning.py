"""Time limits reckoned anew, once the holidays that they hang on are published."""

from uuid import UUID

from app.applications.models import Application
from app.applications.moving import LIMITS, limits_of, set_limits
from app.applications.rules import ENDED
from app.audit import service as audit
from app.kit import db
from app.kit.apart import Apart
from app.kit.db import transaction

_SLICE = 500
_PROVISIONAL = """
SELECT id FROM applications WHERE promised_provisional AND state <> ALL($1::text[]) AND id > $2 ORDER BY id LIMIT $3
"""


async def reckon_provisional() -> int:
    """Reckon every provisional limit of a case under way anew; returns how many moved. Raises RowsFailedError."""
    moved, last, ended = 0, UUID(int=0), sorted(ENDED)
    with Apart("applications.reckon") as apart:
        while found := await db.rows(_PROVISIONAL, ended, last, _SLICE):
            for row in found:
                with apart.row(row["id"]):
                    moved += await _reckon(row["id"])
            last = found[-1]["id"]
    return moved


async def _reckon(application_id: UUID) -> bool:
    async with transaction():
        application = await Application.select_for_update().get_or_none(id=application_id)
        if application is None or application.state in ENDED:
            return False
        moved = set_limits(application, await limits_of(application))
        if moved:
            await application.save(update_fields=list(LIMITS))
            await audit.record(f"application:{application.id}", "clock", "limits_reckoned")
        return moved
