"""Mandates end with their time: nobody has to say so."""

from datetime import timedelta

import pytest

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.kit import clock
from app.licences.presenting.service import present_licence
from app.licences.verifying.service import verify_code
from app.mandates.errors import InvitationInvalidError, MandateInactiveError
from app.mandates.models import Mandate
from app.mandates.party import party_of
from app.mandates.queries import people_to_tell
from app.mandates.service import INVITATION_LIFETIME, accept_invitation, offer_proxy
from tests.service.cases import issued_licence, some_case_no, verified_citizen, verifier


async def test_a_mandate_is_over_when_its_last_day_is(house: House) -> None:
    """To act, to hear of things, and for a code that was handed out before."""
    mother, daughter = await verified_citizen(house), await verified_citizen(house)
    licence = await issued_licence(mother, some_case_no(mother.id))
    offer = await offer_proxy(mother.id, give=True, matters=["licence:food_business"], last_day=clock.today())
    await accept_invitation(daughter.id, offer.code)
    party = await party_of(daughter.id, offer.mandate.id)
    assert daughter.id in await people_to_tell(mother.id, None, offer.mandate.id)
    moment = clock.now()
    ends_in = (await Mandate.get(id=offer.mandate.id)).ends_at - moment
    with clock.travel(ends_in - timedelta(seconds=30)):
        await party_of(daughter.id, offer.mandate.id)
        shown = await present_licence(house.code_signer, "https://jiaban.example.cn", party, licence.id, Preset.ALL)
    with clock.travel(ends_in + timedelta(seconds=1)):
        with pytest.raises(MandateInactiveError):
            await party_of(daughter.id, offer.mandate.id)
        assert daughter.id not in await people_to_tell(mother.id, None, offer.mandate.id)
        checked = await verify_code(house.code_signer, await verifier(), shown.code, None)
        assert checked.verification.reason == "mandate_ended"


async def test_an_invitation_waits_for_a_day(house: House) -> None:
    """Then whoever finds the code has nothing."""
    mother, daughter = await verified_citizen(house), await verified_citizen(house)
    last_day = clock.today() + timedelta(days=9)
    offer = await offer_proxy(mother.id, give=True, matters=["licence:food_business"], last_day=last_day)
    with clock.travel(INVITATION_LIFETIME + timedelta(seconds=1)), pytest.raises(InvitationInvalidError):
        await accept_invitation(daughter.id, offer.code)
    await accept_invitation(daughter.id, offer.code)
