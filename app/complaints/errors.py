"""What can go wrong with a complaint."""

from app.kit.errors import DomainError, Kind


class ComplaintNotFoundError(DomainError):
    """No such complaint, it is somebody else's, or it lies outside the caller's scope."""

    code, kind = "complaint_not_found", Kind.NOT_FOUND


class ComplaintAnsweredError(DomainError):
    """It was answered: nothing is left to be done about it."""

    code, kind = "complaint_answered", Kind.CONFLICT


class ComplaintSubjectUnknownError(DomainError):
    """What it is said to be about is not there, or is somebody else's case."""

    code, kind = "complaint_subject_unknown", Kind.INVALID


class DepartmentUnknownError(DomainError):
    """No such department to hand something on to."""

    code, kind = "department_unknown", Kind.INVALID
