"""Receipts as documents: what stands in them, and that what comes later does not change them."""

import io
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pikepdf
import pypdfium2
import pytest
import zxingcpp

from app.applications import receipts
from app.applications.errors import AcceptanceOpenError, ApplicationNotFoundError, NotSubmittedError
from app.applications.events import apply_event
from app.applications.models import Application, Material
from app.applications.moving import lock_case
from app.applications.receipt_codes import ReceiptClaims, ReceiptKind, read_receipt
from app.applications.receipts import acceptance_receipt, submission_receipt
from app.applications.rules import Cause
from app.applications.service import submit_application, withdraw_application
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit import clock
from app.kit.benches import Bench
from app.kit.db import transaction
from app.kit.errors import TemporarilyUnavailableError
from app.mandates.models import Company
from app.mandates.party import Party
from tests.people import Person, make_person
from tests.service.cases import photograph, ready_draft, verified_citizen

FRIDAY = datetime(2026, 12, 4, 2, 30, tzinfo=UTC)


def read(content: bytes) -> tuple[str, str]:
    """The text of a PDF without white space, and that of the QR on its last page, read by others' libraries."""
    pdf = pypdfium2.PdfDocument(content)
    try:
        text = "".join("".join(page.get_textpage().get_text_range().split()) for page in pdf)
        (symbol,) = zxingcpp.read_barcodes(pdf[len(pdf) - 1].render(scale=150 / 72).to_pil())
    finally:
        pdf.close()
    return text, symbol.text


class Case:
    """A submitted case of somebody's, and its receipts."""

    def __init__(self, house: House, person: Person, citizen: Citizen, application: Application) -> None:
        self.house, self.person, self.citizen, self.application = house, person, citizen, application
        self.party = Party.own(citizen.id)
        self._sequence = 0

    async def submission(self) -> bytes:
        house = self.house
        return await submission_receipt(house.record_signer, house.settings.public_url, self.party, self.application.id)

    async def acceptance(self) -> bytes:
        house = self.house
        return await acceptance_receipt(house.record_signer, house.settings.public_url, self.party, self.application.id)

    async def word(self, cause: Cause, at: datetime, reason: str = "") -> None:
        """The approval system's next word."""
        self._sequence += 1
        async with transaction():
            case = await lock_case(str(self.application.case_no))
            await apply_event(case, cause, self._sequence, at, {"reason": reason})

    def claims(self, code: str) -> ReceiptClaims:
        """What a genuine QR says."""
        return read_receipt(self.house.record_signer, code)


@pytest.fixture
async def case(quiet: House) -> Case:
    """A case of the trip's item, which is promised in seven and bound to ten working days, with two photographs."""
    person = make_person()
    citizen = await verified_citizen(quiet, person)
    draft = await ready_draft(quiet, citizen, photograph(), photograph())
    submitted = await submit_application(Party.own(citizen.id), draft.id, uuid4().hex)
    return Case(quiet, person, citizen, submitted)


async def test_a_submission_s_receipt_says_what_was_handed_in(case: Case) -> None:
    """Its owner in full but for the number, the item, the time, each file by its digest, the limits, whom to ask."""
    text, code = read(await case.submission())
    files = await Material.filter(application=case.application)
    submitted_at = case.application.submitted_at
    assert submitted_at is not None
    for part in (
        *("申请回执", str(case.application.case_no), case.person.name, case.person.id_number[-4:], "食品经营许可"),
        *(
            "佳木斯市市场监督管理局",
            clock.minute_written(submitted_at),
            "7个工作日",
            "10个工作日",
            "0454-12345",
            "12345",
        ),
        *("收到的申请材料", "电子文件2份", *(file.sha256[:16] for file in files), "第三十二条"),
    ):
        assert "".join(part.split()) in text, part
    assert len(files) == 2
    assert case.person.id_number not in text
    claims = case.claims(code)
    assert (claims.kind, claims.case_no) == (ReceiptKind.SUBMITTED, case.application.case_no)
    assert (claims.item, claims.department) == ("食品经营许可", "市市场监管局")
    assert (claims.day, claims.promised_on) == (clock.today(), case.application.promised_on)


async def test_a_stranger_learns_no_name_from_the_symbol(case: Case) -> None:
    """It leads to the house, in capitals, and its claims hold a masked name at most."""
    _, code = read(await case.submission())
    address = urlsplit(case.house.settings.public_url)
    assert code.startswith(f"{address.scheme}://{address.netloc}/R/".upper())
    said = str(case.claims(code))
    assert case.person.name not in said
    assert case.person.id_number not in said
    assert case.claims(code).holder[0] == case.person.name[0]
    assert "*" in case.claims(code).holder


async def test_a_receipt_stays_what_it_was(case: Case) -> None:
    """The same bytes each time, also when the case has moved, its clock has stood still, and it has ended."""
    first = await case.submission()
    assert await case.submission() == first
    await case.word(Cause.ACCEPTED, FRIDAY)
    accepted = await case.acceptance()
    await case.word(Cause.SPECIAL_PROCEDURE, FRIDAY + timedelta(days=3))
    await case.word(Cause.RESUMED, FRIDAY + timedelta(days=10))
    await withdraw_application(case.party, case.application.id, "")
    assert await case.submission() == first
    assert await case.acceptance() == accepted


async def test_an_acceptance_s_receipt_counts_from_the_acceptance(case: Case) -> None:
    """The days are those of the case when it was accepted; what the file is dated is that moment."""
    await case.word(Cause.ACCEPTED, FRIDAY)
    content = await case.acceptance()
    text, code = read(content)
    for part in (
        "受理回执",
        "予以受理",
        "2026年12月4日10:30",
        "最迟2026年12月15日",
        "最迟2026年12月18日",
        "第三十二条",
    ):
        assert part in text
    assert "不予受理" not in text
    claims = case.claims(code)
    assert (claims.kind, claims.day.isoformat()) == (ReceiptKind.ACCEPTED, "2026-12-04")
    assert str(claims.promised_on) == "2026-12-15"
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert str(pdf.docinfo.Title) == "受理回执"
        assert str(pdf.docinfo.CreationDate).startswith("D:20261204023000")


async def test_an_office_that_reviews_has_accepted(case: Case) -> None:
    """Also where it skipped the word."""
    await case.word(Cause.UNDER_REVIEW, FRIDAY)
    _, code = read(await case.acceptance())
    assert case.claims(code).kind is ReceiptKind.ACCEPTED


async def test_a_refused_acceptance_names_its_reason_and_the_way_to_object(case: Case) -> None:
    """And promises nothing."""
    await case.word(Cause.NOT_ACCEPTED, FRIDAY, "经营场所不在本市")
    text, code = read(await case.acceptance())
    for part in ("不予受理回执", "经营场所不在本市", "六十日内", "行政复议", "六个月内", "行政诉讼"):
        assert part in text
    assert "承诺办结时限" not in text
    assert case.claims(code).kind is ReceiptKind.NOT_ACCEPTED
    assert case.claims(code).promised_on is None


async def test_a_company_s_receipt_names_the_company(case: Case) -> None:
    """By name and code on the paper, by its code for strangers; whoever acted for it is masked."""
    moment, uscc = clock.now(), uuid4().hex[:18].upper()
    company = await Company.create(uscc=uscc, name="佳木斯示例餐饮有限公司", checked_at=moment, created_at=moment)
    await Application.filter(id=case.application.id).update(company_id=company.id)
    case.party = Party(actor_id=case.citizen.id, citizen_id=None, company_id=company.id)
    text, code = read(await case.submission())
    assert company.name in text
    assert uscc in text
    assert case.person.name not in text
    assert case.claims(code).holder == uscc
    await Application.filter(id=case.application.id).update(company_id=None)
    await company.delete()


async def test_what_has_not_happened_has_no_receipt(case: Case) -> None:
    """A draft has none; a case that waits has none of its acceptance; somebody else's case is not there."""
    with pytest.raises(AcceptanceOpenError):
        await case.acceptance()
    draft = await ready_draft(case.house, case.citizen)
    other = Case(case.house, case.person, await verified_citizen(case.house), case.application)
    case.application = draft
    for receipt in (case.submission(), case.acceptance()):
        with pytest.raises(NotSubmittedError):
            await receipt
    for receipt in (other.submission(), other.acceptance()):
        with pytest.raises(ApplicationNotFoundError):
            await receipt


async def test_of_more_receipts_than_may_wait_one_is_told_to_come_later(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing piles up; when there is a place again it is drawn."""
    bench = Bench("receipts", places=1)
    monkeypatch.setattr(receipts, "_BENCH", bench)
    with bench.place(), pytest.raises(TemporarilyUnavailableError):
        await case.submission()
    assert await case.submission()
