"""A kind of e-licence as it stands in ``config/city/licence_types.yaml``, typed."""

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid", frozen=True)


class LicenceField(BaseModel):
    """A field of a licence. ``from_form`` names the form's field it is filled from, empty where no form gives it.

    A ``masked`` field is kept whole and shown with its middle hidden, to the holder too: a card is held out to others.
    """

    model_config = _STRICT
    name: str
    title: str
    sensitive: bool
    from_form: str = ""
    masked: bool = False


class CardDesign(BaseModel):
    """How the licence's card looks; ``color`` as #rrggbb."""

    model_config = _STRICT
    title: str
    color: str = Field(pattern=r"^#[0-9a-f]{6}$")


class LicenceTypeDefinition(BaseModel):
    """A licence type. ``type_code`` is the definer's code and three digits (GB/T 36904)."""

    model_config = _STRICT
    code: str
    name: str
    type_code: str = Field(pattern=r"^[0-9A-Z]{21}$")
    department: str
    assurance_level: int = Field(ge=0, le=3)
    valid_years: int = Field(ge=1)
    fields: list[LicenceField]
    verify_fields: list[str]
    card: CardDesign
