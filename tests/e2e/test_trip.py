"""The citizen's trip, as ``make demo`` walks it."""

import uuid

from app.demo.plan import Plan
from app.demo.trip import Traveller, Trip


def traveller() -> Traveller:
    """A citizen who has never been here."""
    return Traveller(login_code=f"login-{uuid.uuid4().hex}")


def test_every_step_of_the_trip_holds(plan: Plan) -> None:
    """All steps, in order; each proves its own claims."""
    trip = Trip(plan.web_url, plan.sandbox_url, traveller())
    seen = [step() for _, step in trip.steps()]
    assert len(seen) == 18
    trip.close()
