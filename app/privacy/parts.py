"""All parts of a citizen's copy, and the tables that have none, each with the reason."""

from app.applications.held import PARTS as APPLICATIONS
from app.approvals.held import PARTS as APPROVALS
from app.broadcasts.held import PARTS as BROADCASTS
from app.complaints.held import PARTS as COMPLAINTS
from app.consents.held import PARTS as CONSENTS
from app.finding.held import PARTS as FINDING
from app.followers.held import PARTS as FOLLOWERS
from app.identity.held import PARTS as IDENTITY
from app.kit.held import Part, of_citizen
from app.licences.held import PARTS as LICENCES
from app.mandates.held import PARTS as MANDATES
from app.notifications.held import PARTS as NOTIFICATIONS
from app.official_account.held import PARTS as OFFICIAL_ACCOUNT
from app.privacy.models import Export
from app.reviews.held import PARTS as REVIEWS

_EXPORTS = Part(
    model=Export,
    name="exports",
    title="个人信息副本",
    fields={
        "id": "编号",
        "mandate_id": "由监护人申请的授权编号",
        "state": "状态",
        "created_at": "申请时间",
        "ready_at": "完成时间",
        "expires_at": "失效时间",
    },
    left_out={
        "citizen_id": "即副本所属账号",
        "attempt": "制作进度",
        "done": "制作进度",
        "total": "制作进度",
        "pieces": "文件在存储中的位置",
        "size": "制作进度",
    },
    find=of_citizen(),
)

# The audit comes last and is made for each copy: its chains are those of the rows before.
PARTS: tuple[Part, ...] = (
    *IDENTITY,
    *CONSENTS,
    *MANDATES,
    *APPLICATIONS,
    *APPROVALS,
    *REVIEWS,
    *COMPLAINTS,
    *LICENCES,
    *NOTIFICATIONS,
    *FOLLOWERS,
    *OFFICIAL_ACCOUNT,
    *BROADCASTS,
    *FINDING,
    _EXPORTS,
)

WITHOUT_PART: dict[str, str] = {
    "AuditRecord": "has a part of its own, made for each copy in app/audit/held.py",
    "ChainHead": "digests of records, which are told themselves",
    "ChangedChain": "names of chains, gone with the next checkpoint",
    "Checkpoint": "signed hashes, of nobody",
    "RefreshToken": "hashes of secrets; each belongs to a session, which is told",
    "LoginState": "a sign-in under way through another site, gone after ten minutes",
    "Staff": "members of staff, no citizens; a citizen is told the office alone",
    "StaffFollower": "members of staff, no citizens, at the official account",
    "FollowerSync": "how far WeChat's list of followers was read, of nobody",
    "Company": "public data of a company; a mandate tells its name",
    "Broadcast": "a public notice; who prepared and approved it are members of staff",
    "BroadcastSlice": "numbers of recipients",
    "BroadcastDay": "counts sends of a day, of nobody",
    "CaseCounter": "counts cases of an item on a day, of nobody",
    "DigitMiss": "counts wrong entries of members of staff, of no citizen",
    "LicenceImport": "a file's digest and how many of its rows are through, of nobody",
    "LicenceImportProblem": "places in a file and codes of what is wrong there, without what stands there",
    "LicenceSerial": "counts licences of a type in a year, of nobody",
    "LicenceKey": "keys of the city, of nobody",
    "StatusList": "what unnamed places of licences are worth",
    "StatusMark": "numbers of status lists",
    "EndedPlace": "places of licences that are gone",
    "Channel": "a connector's pace, and whether its system answers",
    "FeedCursor": "a place in the approval system's feed",
    "UploadChunk": "pieces of a file on its way, whose upload is told; gone after a day",
    "SendReport": "WeChat's number of a message and whether it arrived, until that message is found",
    "SpentNonce": "nonces of other systems",
    "CountedTry": "a hash that leads to nobody without asking, gone after two days",
    "DoomedBlob": "names of files that are being deleted",
    "WeChatToken": "tokens of the city's own apps, of nobody",
    "RetentionRun": "numbers of rows that were deleted",
    "Region": "the city's data",
    "Department": "the city's data",
    "CodeList": "the city's data",
    "Theme": "the city's data",
    "Hall": "the city's data",
    "LifeEvent": "the city's data",
    "LifeEventItem": "the city's data",
    "ItemVersion": "the city's data; who wrote it are members of staff",
    "Reading": "words of items",
    "Phrase": "words of items",
    "SearchWord": "words of items",
    "ItemUse": "counts uses of an item on a day, of nobody",
    "Popularity": "counts uses of a service, of nobody",
    "Item": "the city's data",
    "LicenceType": "the city's data",
}
