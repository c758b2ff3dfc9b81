"""Approval systems that tests play: their signatures, and connectors that lead to them."""

from app.approvals.connectors import Connector, Connectors
from app.approvals.ports import ApprovalSystem
from app.kit.signing import Signer
from config.settings import Settings


def approval_signer(settings: Settings, name: str = "city") -> Signer:
    """The signature of the approval system behind a connector."""
    connector = settings.approvals.over_http[name]
    return Signer(connector.client_id, connector.secret.get_secret_value().encode())


def leading_to(system: ApprovalSystem, name: str = "city") -> Connectors:
    """Connectors of which there is one."""
    return Connectors([Connector(name, system, 1000.0, 4, 60)], name, {})
