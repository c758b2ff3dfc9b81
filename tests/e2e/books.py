"""The books of a kill campaign: when everything has settled, and whether here and there the same is written."""

from collections.abc import Sequence
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from app.demo.plan import Plan
from app.kit.tls import public_tls
from config.settings import Settings
from tests.e2e.campaign import Applicant

_DELIVERIES = "SELECT case_no, kind, state FROM deliveries WHERE case_no = ANY(%s) ORDER BY kind"
_CASES = """
SELECT theirs.case_no FROM applications AS theirs JOIN applications AS ours USING (citizen_id)
WHERE ours.case_no = ANY(%s) AND theirs.case_no IS NOT NULL
"""
_EVENTS = "SELECT case_no, event_id, applied_at FROM inbox_events WHERE case_no = ANY(%s) ORDER BY sequence"
# One that asks after a gap that was filled since may still lie there for later.
_JOBS = """
SELECT task_name, status FROM procrastinate_jobs
WHERE (status IN ('doing', 'failed') OR status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()))
  AND (args ->> 'case_no' = ANY(%(cases)s) OR args ->> 'application_id' = ANY(%(applications)s))
"""


class Books:
    """Reads both sides."""

    def __init__(self, plan: Plan, settings: Settings, applicants: Sequence[Applicant]) -> None:
        self._plan, self._settings, self._applicants = plan, settings, applicants
        self._cases = [applicant.case_no for applicant in applicants]

    def _rows(self, sql: str, values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self._plan.database_url, row_factory=dict_row) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def _there(self) -> list[dict[str, Any]]:
        found = httpx.get(f"{self._plan.sandbox_url}/control/approvals", verify=public_tls(), trust_env=False).json()[
            "items"
        ]
        return [case for case in found if case["case_no"] in self._cases]

    def _unsettled(self) -> list[str]:
        deliveries = self._rows(_DELIVERIES, [self._cases])
        events = self._rows(_EVENTS, [self._cases])
        applications = [applicant.application_id for applicant in self._applicants]
        jobs = self._rows(_JOBS, {"cases": self._cases, "applications": applications})
        there = self._there()
        token = self._settings.ops_token.get_secret_value()
        ready = httpx.get(
            f"{self._plan.web_url}/health/ready",
            headers={"Authorization": f"Bearer {token}"},
            verify=public_tls(),
            trust_env=False,
        ).json()
        return [
            *(f"{row['kind']} of {row['case_no']} is {row['state']}" for row in deliveries if _is_open(row)),
            *(f"event {row['event_id']} is not applied" for row in events if row["applied_at"] is None),
            *(f"job {row['task_name']} is {row['status']}" for row in jobs),
            *(f"{case} is not there" for case in set(self._cases) - {case["case_no"] for case in there}),
            *(
                f"{event['kind']} of {case['case_no']} is not delivered"
                for case in there
                for event in case["events"]
                if not event["delivered"]
            ),
            *(
                f"{applicant.case_no} is {state}"
                for applicant in self._applicants
                if (state := applicant.state) != applicant.way.state
            ),
            *(f"{name} is {state}" for name, state in ready["parts"].items() if state != "ok"),
        ]

    def unsettled(self) -> list[str]:
        """What is still on its way, in sentences."""
        try:
            return self._unsettled()
        except (psycopg.Error, httpx.TransportError) as error:
            return [f"somebody is away: {type(error).__name__}"]

    def assert_balanced(self) -> None:
        """Each citizen sees what they must see; here and there is one case each, and the same of each."""
        for applicant in self._applicants:
            assert applicant.seen() == applicant.expected(), applicant.way.name
        assert sorted(row["case_no"] for row in self._rows(_CASES, [self._cases])) == sorted(self._cases)
        there = self._there()
        assert sorted(case["case_no"] for case in there) == sorted(self._cases)
        assert {case["case_no"]: case["duplicates"] for case in there if case["duplicates"]} == {}
        deliveries = self._rows(_DELIVERIES, [self._cases])
        events = self._rows(_EVENTS, [self._cases])
        for applicant in self._applicants:
            case = next(case for case in there if case["case_no"] == applicant.case_no)
            ours = [row for row in deliveries if row["case_no"] == applicant.case_no]
            assert [(row["kind"], row["state"]) for row in ours] == [
                (kind, "delivered") for kind in applicant.way.deliveries
            ]
            kept = [row["event_id"] for row in events if row["case_no"] == applicant.case_no]
            assert kept == [event["event_id"] for event in case["events"]]
            assert case["supplements"] == applicant.way.deliveries.count("supplement")
            assert case["withdrawn"] == (applicant.way.state == "withdrawn")


def _is_open(delivery: dict[str, Any]) -> bool:
    return delivery["state"] in {"waiting", "sending"}
