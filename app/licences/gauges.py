"""How the keys and the lists of licences stand, for Prometheus: the same in every process."""

from prometheus_client import Gauge

from app.kit import clock
from app.licences.keys import rules
from app.licences.keys.algorithms import Purpose
from app.licences.keys.models import LicenceKey
from app.licences.status.models import StatusList

_SIGNING = Gauge("jiaban_licence_signing_keys", "keys that may sign", ["purpose"])
_AGE = Gauge("jiaban_licence_key_age_seconds", "for how long the key that signs has done so", ["purpose"])
_LIST_AGE = Gauge("jiaban_status_list_age_seconds", "age of the oldest status list that is served")


async def measure() -> None:
    """Set the gauges."""
    keys, moment = await LicenceKey.all(), clock.now()
    for purpose in Purpose:
        signing = rules.signing_key(keys, purpose, moment)
        _SIGNING.labels(purpose).set(sum(key.purpose == purpose and rules.may_sign(key, moment) for key in keys))
        _AGE.labels(purpose).set((moment - signing.signs_from).total_seconds() if signing else 0)
    oldest = await StatusList.filter(made_at__not_isnull=True).order_by("made_at").only("id", "made_at").first()
    _LIST_AGE.set((moment - oldest.made_at).total_seconds() if oldest and oldest.made_at else 0)
