"""The sheet that a window prints: what the code says, its QR, and what to do with it."""

import asyncio

from app.catalogue.licence_type import LicenceTypeDefinition
from app.kit import clock, texts
from app.licences.codes import Claims
from media.paper_layout import Document, Section
from media.papers import render_document


async def draw_paper(claims: Claims, definition: LicenceTypeDefinition, text: str, office: str) -> bytes:
    """The PDF of a code on paper; it tells in words what the code says, and no more."""
    rows = [(_text("holder"), claims.masked_holder)]
    if claims.licence_type:
        rows.insert(0, (_text("licence"), definition.name))
        last_day = clock.day_written(claims.valid_until) if claims.valid_until else texts.text("licence", "endless")
        rows.append((_text("valid_until"), last_day))
    rows += [(_text(fact), _text("yes")) for fact, true in claims.facts.items() if true]
    rows.append((_text("expires"), clock.minute_written(claims.expires_at)))
    document = Document(
        title=_text("title"),
        number=_text("number", number=claims.nonce.hex()[:8].upper()),
        sections=(
            Section(rows=tuple(rows)),
            Section(_text("how"), paragraphs=tuple(_text(f"how_{step}") for step in ("show", "lost", "alone"))),
        ),
        signed=(office, clock.day_written(claims.issued_at.astimezone(clock.CITY_TIME).date())),
        qr=text,
        qr_notes=(_text("scan"), _text("compare")),
        footer=_text("footer"),
        author=office,
        made_at=claims.issued_at,
    )
    return await asyncio.to_thread(render_document, document)


def _text(key: str, **values: str) -> str:
    return texts.text("paper_code", key, **values)
