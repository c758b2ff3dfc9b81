"""What applications need from outside."""

from typing import Any, Protocol


class SharedData(Protocol):
    """Data that other bodies share with the city; raises the errors of ``app.kit.ports``."""

    async def fetch(self, data_set: str, subject: dict[str, str]) -> dict[str, Any]:
        """What a set holds about one person (``{"id_number": …}``) or company (``{"uscc": …}``), by field.

        Empty where it knows nobody such. Ends in time for somebody who waits at a phone.
        """
