"""What can go wrong with a mandate."""

from app.kit.errors import DomainError, Kind


class MandateInactiveError(DomainError):
    """There is no such mandate, it is somebody else's, it was ended or its time is over: all look the same."""

    code, kind = "mandate_inactive", Kind.FORBIDDEN


class MatterNotCoveredError(DomainError):
    """The mandate does not cover this matter."""

    code, kind = "matter_not_covered", Kind.FORBIDDEN


class ActingNotPossibleError(DomainError):
    """This concerns the caller in person: nobody can do it for somebody else."""

    code, kind = "acting_not_possible", Kind.FORBIDDEN


class MandateNotFoundError(DomainError):
    """There is no such mandate of the caller's."""

    code, kind = "mandate_not_found", Kind.NOT_FOUND


class MatterUnknownError(DomainError):
    """A matter that is no service item and no licence type."""

    code, kind = "matter_unknown", Kind.INVALID


class MandateTermInvalidError(DomainError):
    """The last day lies in the past or more than a year ahead."""

    code, kind = "mandate_term_invalid", Kind.INVALID


class InvitationInvalidError(DomainError):
    """No invitation waits under this code: it is wrong, used, withdrawn, too old, or the caller's own."""

    code, kind = "invitation_invalid", Kind.INVALID


class CompanyMismatchError(DomainError):
    """The authority does not know this company with this representative. Wrong and unknown look the same."""

    code, kind = "company_mismatch", Kind.INVALID


class CompanyNotFoundError(DomainError):
    """There is no such company of the caller's."""

    code, kind = "company_not_found", Kind.NOT_FOUND


class CreditCodeInvalidError(DomainError):
    """Not of the shape of a unified social credit code."""

    code, kind = "credit_code_invalid", Kind.INVALID


class GuardianshipMismatchError(DomainError):
    """The authority does not know this child with this guardian. Wrong and unknown look the same."""

    code, kind = "guardianship_mismatch", Kind.INVALID


class NotAMinorError(DomainError):
    """The person is fourteen or older: they act themselves, or let somebody act for them."""

    code, kind = "not_a_minor", Kind.INVALID


class AuthorityUnavailableError(DomainError):
    """The authority gives no answer."""

    code, kind = "authority_unavailable", Kind.UNAVAILABLE
