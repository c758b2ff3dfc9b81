"""The codes in exchange tables, to be agreed with each approval system: their national values are not confirmed."""

from app.applications.rules import Cause

DISAGREED = "0"
"""``is_agreed`` of a withdrawal that came too late."""

STEPS = {
    "02": Cause.PRE_REVIEW,
    "03": Cause.SUPPLEMENT_REQUESTED,
    "05": Cause.NOT_ACCEPTED,
    "06": Cause.UNDER_REVIEW,
    "08": Cause.EXPIRED,
    "09": Cause.RESULT_READY,
    "10": Cause.LICENCE_REVOKED,
    "11": Cause.LICENCE_SUSPENDED,
    "12": Cause.LICENCE_RESUMED,
    "13": Cause.LICENCE_CANCELLED,
}
"""``event_name`` of a step in up_pro_process: what it makes happen."""
ENDING_STEPS = [code for code, cause in STEPS.items() if cause in {Cause.NOT_ACCEPTED, Cause.EXPIRED}]
APPROVED, REFUSED = "1", "2"
"""``result_type`` in up_pro_result."""

PERSON, COMPANY = "1", "2"
"""``applyer_type``."""
IDENTITY_CARD, CREDIT_CODE = "111", "001"
"""``applyer_page_type``: a resident's identity card, a unified social credit code."""
SOURCE, INSERTED = "JB", "I"
"""``data_source`` and ``cd_operation`` of our rows."""
