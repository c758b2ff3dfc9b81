"""What can go wrong with an identity."""

from app.kit.errors import DomainError, Kind


class AccessTokenMissingError(DomainError):
    """The request carries no access token."""

    code, kind = "access_token_missing", Kind.UNAUTHENTICATED


class AccessTokenInvalidError(DomainError):
    """The access token is not one of ours, or is for another surface."""

    code, kind = "access_token_invalid", Kind.UNAUTHENTICATED


class AccessTokenExpiredError(DomainError):
    """The access token was ours, and its time is over."""

    code, kind = "access_token_expired", Kind.UNAUTHENTICATED


class SessionEndedError(DomainError):
    """The session was ended, by the citizen or because a refresh token was used twice."""

    code, kind = "session_ended", Kind.UNAUTHENTICATED


class SessionNotFoundError(DomainError):
    """No such session, or it is somebody else's."""

    code, kind = "session_not_found", Kind.NOT_FOUND


class RefreshTokenInvalidError(DomainError):
    """The refresh token is unknown, over, used before, or its session ended."""

    code, kind = "refresh_token_invalid", Kind.UNAUTHENTICATED


class LoginCodeInvalidError(DomainError):
    """WeChat does not know the login code, or it was used or is too old."""

    code, kind = "login_code_invalid", Kind.UNAUTHENTICATED


class PhoneCodeInvalidError(DomainError):
    """WeChat does not know the phone code, or it was used or is too old."""

    code, kind = "phone_code_invalid", Kind.INVALID


class PhoneUnsupportedError(DomainError):
    """A phone number outside the mainland."""

    code, kind = "phone_unsupported", Kind.INVALID


class WeChatUnavailableError(DomainError):
    """WeChat gives no answer."""

    code, kind = "wechat_unavailable", Kind.UNAVAILABLE


class IdNumberInvalidError(DomainError):
    """Not a citizen identity number by GB 11643."""

    code, kind = "id_number_invalid", Kind.INVALID


class RealNameMismatchError(DomainError):
    """The authority does not know this name with this number. Wrong and unknown look the same."""

    code, kind = "real_name_mismatch", Kind.INVALID


class RealNameUnavailableError(DomainError):
    """The authority gives no answer."""

    code, kind = "real_name_unavailable", Kind.UNAVAILABLE


class AlreadyVerifiedError(DomainError):
    """The account was verified as somebody else."""

    code, kind = "already_verified", Kind.CONFLICT


class MinorNeedsGuardianError(DomainError):
    """The number is a child's: a guardian acts for it until its fourteenth birthday (PIPL, article 31)."""

    code, kind = "minor_needs_guardian", Kind.FORBIDDEN


class SnapshotUserError(DomainError):
    """WeChat showed a snapshot of the page to a made-up account; the citizen must open the page itself."""

    code, kind = "snapshot_user", Kind.FORBIDDEN


class FaceNeedsMiniProgramError(DomainError):
    """Faces are compared in the mini-program; this session is another surface's."""

    code, kind = "face_needs_mini_program", Kind.CONFLICT


class FaceVerificationNotFoundError(DomainError):
    """No such comparison of the citizen's, or its time is over."""

    code, kind = "face_verification_not_found", Kind.NOT_FOUND


class FaceNotPassedError(DomainError):
    """The comparison failed, was broken off, or is not finished."""

    code, kind = "face_not_passed", Kind.INVALID


class LoginStateInvalidError(DomainError):
    """The sign-in through another site did not begin in this browser, was finished before, or took too long."""

    code, kind = "login_state_invalid", Kind.UNAUTHENTICATED


class CsrfTokenWrongError(DomainError):
    """A page changes something without the token that only our own pages know."""

    code, kind = "csrf_token_wrong", Kind.FORBIDDEN


class ProvinceUnavailableError(DomainError):
    """The provincial identity platform gives no answer."""

    code, kind = "province_unavailable", Kind.UNAVAILABLE


class ProvinceRefusedError(DomainError):
    """The provincial identity platform did not confirm the sign-in."""

    code, kind = "province_refused", Kind.UNAUTHENTICATED


class WorkUnavailableError(DomainError):
    """企业微信 gives no answer, or is not set up here."""

    code, kind = "work_unavailable", Kind.UNAVAILABLE


class WorkAccountUnknownError(DomainError):
    """No active account of staff belongs to this identity in 企业微信."""

    code, kind = "work_account_unknown", Kind.UNAUTHENTICATED


class LevelTooLowError(DomainError):
    """The assurance level is too low; the context names the level needed and the next step."""

    code, kind = "level_too_low", Kind.FORBIDDEN


class PasswordWrongError(DomainError):
    """No such member of staff, or the password is wrong: both look the same."""

    code, kind = "password_wrong", Kind.UNAUTHENTICATED


class SecondFactorNeededError(DomainError):
    """The password is right; the code of the second factor is missing."""

    code, kind = "second_factor_needed", Kind.UNAUTHENTICATED


class SecondFactorWrongError(DomainError):
    """The code of the second factor is wrong, too old, or was used before."""

    code, kind = "second_factor_wrong", Kind.UNAUTHENTICATED


class SecondFactorUnsetError(DomainError):
    """The account has no second factor, and here nobody signs in without."""

    code, kind = "second_factor_unset", Kind.FORBIDDEN


class PasswordWeakError(DomainError):
    """A new password that is too short or too easy."""

    code, kind = "password_weak", Kind.INVALID


class PasswordChangeNeededError(DomainError):
    """The password was chosen by an administrator; until it is changed the account may do nothing else."""

    code, kind = "password_change_needed", Kind.FORBIDDEN


class StaffNotFoundError(DomainError):
    """No such account, or it lies outside of the administrator's region and department."""

    code, kind = "staff_not_found", Kind.NOT_FOUND


class UsernameTakenError(DomainError):
    """Another account has this user name, or this identity in 企业微信."""

    code, kind = "username_taken", Kind.CONFLICT


class OutsideOwnScopeError(DomainError):
    """The region or department lies outside of the administrator's own."""

    code, kind = "outside_own_scope", Kind.FORBIDDEN


class OwnAccountError(DomainError):
    """Administrators do not change their own account: another one does."""

    code, kind = "own_account", Kind.CONFLICT


class DutyMissingError(DomainError):
    """The member of staff lacks the duty this needs."""

    code, kind = "duty_missing", Kind.FORBIDDEN
