"""Filling a database with cases, their histories and all that hangs on them, by SQL alone.

The cases of three years are spread evenly up to yesterday; what the nights delete by ``config/retention.yaml`` is not
made. Every sealed column holds one constant value that opens, a form the example of its item; digests, signatures and
roots of the audit are noise, so such a database does not pass ``jiaban audit verify``.
"""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from app.applications.rules import ENDED
from app.catalogue.queries import get_item
from app.finding.queries import search_items
from app.kit import clock
from app.kit.crypto import keyring

_BATCH = 20_000
CONNECTOR = "city"
# Numbers of cases are given per item and day, so none of today's is taken.
_NEWEST = timedelta(hours=26)
_CITIZENS_OF_CASES, _CASES_OF_COMPANY, _HEADS = 0.4, 250, 4096

# What moved a case into each state, and the states on the way.
_WAYS: dict[str, list[tuple[str, str]]] = {
    "draft": [],
    "submitted": [("submit", "submitted")],
    "delivered": [("submit", "submitted"), ("received", "delivered")],
}
_WAYS["withdrawn"] = [*_WAYS["delivered"], ("withdraw", "withdrawn")]
_WAYS["not_accepted"] = [*_WAYS["delivered"], ("not_accepted", "not_accepted")]
_WAYS["supplement_requested"] = [*_WAYS["delivered"], ("supplement_requested", "supplement_requested")]
_WAYS["expired"] = [*_WAYS["supplement_requested"], ("expired", "expired")]
_WAYS["accepted"] = [*_WAYS["delivered"], ("accepted", "accepted")]
_WAYS["special_procedure"] = [*_WAYS["accepted"], ("special_procedure", "special_procedure")]
_WAYS["under_review"] = [*_WAYS["accepted"], ("under_review", "under_review")]
_WAYS["refused"] = [*_WAYS["accepted"], ("refused", "refused")]
_WAYS["completed"] = [*_WAYS["accepted"], ("approved", "approved"), ("completed", "completed")]

_PREPARE = """
CREATE FUNCTION pg_temp.uid(kind int, at timestamptz, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
        || '8000' || lpad(to_hex(n), 12, '0'))::uuid
$$;
CREATE FUNCTION pg_temp.citizen(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.uid(0, '2023-01-01Z', n)
$$;
CREATE TEMP TABLE sealed (place text PRIMARY KEY, value bytea);
CREATE TEMP TABLE forms (item_code text PRIMARY KEY, value bytea);
CREATE TEMP TABLE ways (state text PRIMARY KEY, causes text[], states text[]);
CREATE TEMP TABLE offers AS
    SELECT (row_number() OVER (ORDER BY item_code <> '{item}', item_code) - 1)::int AS number,
        item_code, name AS item_name, department, region FROM items;
CREATE TEMP TABLE made (
    n bigint, id uuid, citizen_id uuid, company_id uuid, item_code text, item_name text, department text, region text,
    at timestamptz, updated_at timestamptz, state text, moves int, case_no text, under_way boolean, kept boolean
);
CREATE TEMP VIEW moved AS
SELECT made.*, step.cause, step.stood, step.place,
    at + (updated_at - at) * (step.place - 1) / GREATEST(moves - 1, 1) AS moment
FROM made JOIN ways USING (state), unnest(causes, states) WITH ORDINALITY AS step (cause, stood, place);
"""

_CITIZENS = (
    """
INSERT INTO citizens (id, level, name, id_number, id_number_hash, verified_at, created_at)
SELECT pg_temp.citizen(n), 2, (SELECT value FROM sealed WHERE place = 'citizens.name'),
    (SELECT value FROM sealed WHERE place = 'citizens.id_number'),
    'filled:aes:' || encode(sha256(int8send(n)), 'hex'), '2023-01-01Z', '2023-01-01Z'
FROM generate_series($1::bigint, $2::bigint) AS n
""",
    """
INSERT INTO wechat_accounts (id, citizen_id, appid, openid, created_at)
SELECT pg_temp.uid(1, '2023-01-01Z', n), pg_temp.citizen(n), 'filled', 'filled-' || n, '2023-01-01Z'
FROM generate_series($1::bigint, $2::bigint) AS n
""",
    """
INSERT INTO sessions (id, citizen_id, audience, created_at, last_used_at)
SELECT pg_temp.uid(2, '2023-01-01Z', n), pg_temp.citizen(n), 'citizen', now() - interval '190 days',
    now() - n % 186 * interval '1 day'
FROM generate_series($1::bigint, $2::bigint) AS n
""",
    """
INSERT INTO refresh_tokens (id, session_id, digest, expires_at)
SELECT pg_temp.uid(3, '2023-01-01Z', n), pg_temp.uid(2, '2023-01-01Z', n), encode(sha256(int8send(n)), 'hex'),
    now() + (n % 60 - 30) * interval '1 day'
FROM generate_series($1::bigint, $2::bigint) AS n
""",
)
_COMPANIES = """
INSERT INTO companies (id, uscc, name, checked_at, created_at)
SELECT pg_temp.uid(4, '2023-01-01Z', n), 'F' || lpad(n::text, 17, '0'), '公司' || n, '2023-01-01Z', '2023-01-01Z'
FROM generate_series(0, $1::bigint) AS n
"""

# $1 and $2 the first and last number, $3 when the newest case arrived, $4 how many cases, $5 citizens, $6 companies,
# $7 the states at an end. The cases that arrived within a month are under way, older ones ended; of the last weeks a
# seventh are drafts. What is handed over and heard is kept for a year after the end.
_MADE = """
INSERT INTO made
SELECT n, pg_temp.uid(1, at, n), pg_temp.citizen(n * 7919 % $5),
    CASE WHEN n % 10 = 3 THEN pg_temp.uid(4, '2023-01-01Z', n * 7919 % $6) END,
    item_code, item_name, department, region, at, updated_at, state, cardinality(causes),
    CASE WHEN state <> 'draft' THEN item_code || to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD')
        || lpad((n % 10000)::text, 4, '0') END,
    state <> ALL($7::text[]), state <> ALL($7::text[]) OR updated_at > now() - interval '366 days'
FROM (
    SELECT n, at, LEAST(at + interval '10 days', $3) AS updated_at, CASE
        WHEN n % 7 = 0 AND age < interval '75 days' THEN 'draft'
        WHEN age < interval '1 day' THEN (ARRAY['submitted', 'delivered'])[1 + n % 2]
        WHEN age < interval '30 days' THEN (ARRAY['accepted', 'accepted', 'accepted', 'accepted', 'accepted',
            'under_review', 'under_review', 'supplement_requested', 'special_procedure', 'completed'])[1 + n % 10]
        ELSE (ARRAY['completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed',
            'refused', 'not_accepted', 'withdrawn', 'expired'])[1 + n % 11]
    END AS state
    FROM (
        SELECT n, $3::timestamptz - age AS at, age FROM (
            SELECT n, (1 - n::float8 / $4::bigint) * interval '1095 days' AS age
            FROM generate_series($1::bigint, $2::bigint) AS n
        ) AS ages
    ) AS moments
) AS stated JOIN offers ON number = n / 7 % (SELECT count(*) FROM offers) JOIN ways USING (state)
"""

_CASES = {
    "applications": """
INSERT INTO applications (id, citizen_id, company_id, item_code, item_name, item_version, state, form, case_no,
    idempotency_key, last_sequence, promised_on, statutory_on, promised_provisional, saved_fields, saved_materials,
    created_at, updated_at, submitted_at)
SELECT id, citizen_id, company_id, item_code, item_name, 1, state,
    (SELECT value FROM forms WHERE forms.item_code = made.item_code), case_no, 'filled-' || n, GREATEST(moves - 1, 0),
    (at + interval '10 days')::date, (at + interval '20 days')::date, n % 500 = 0, 3, 1, at, updated_at,
    CASE WHEN case_no IS NOT NULL THEN at END
FROM made
""",
    "timeline_entries": """
INSERT INTO timeline_entries (id, application_id, kind, state, note, at)
SELECT pg_temp.uid(place::int, moment, n), id, cause, stood,
    CASE WHEN stood = 'refused' THEN (SELECT value FROM sealed WHERE place = 'timeline_entries.note') END, moment
FROM moved
""",
    "materials": """
INSERT INTO materials (id, application_id, material_id, content_type, size, width, height, sha256, blob_key,
    handed_in_at, created_at)
SELECT pg_temp.uid(1, at, n), id, 'site_photo', 'image/jpeg', 200000, 1600, 1200, encode(sha256(int8send(n)), 'hex'),
    'materials/filled-' || n, CASE WHEN case_no IS NOT NULL THEN at END, at
FROM made
""",
    "deliveries": """
INSERT INTO deliveries (id, case_no, kind, reference, connector, state, attempts, due_at, asked_at, created_at,
    updated_at)
SELECT pg_temp.uid(kind, at, n), case_no, (ARRAY['case', 'withdrawal'])[kind], '', 'city', 'delivered', 1, at,
    CASE WHEN kind = 1 AND n % 1000 <> 1 AND under_way
        THEN now() - interval '3 hours' END, at, at + interval '1 second'
FROM made, generate_series(1, CASE WHEN state = 'withdrawn' THEN 2 ELSE 1 END) AS kind
WHERE case_no IS NOT NULL AND kept
""",
    "inbox_events": """
INSERT INTO inbox_events (id, event_id, case_no, sequence, kind, occurred_at, data, received_at, applied_at, moved)
SELECT pg_temp.uid(place::int, moment, n), 'filled-' || n || '-' || place, case_no, place - 1, cause, moment,
    (SELECT value FROM sealed WHERE place = 'inbox_events.data'), moment, moment, TRUE
FROM moved WHERE cause NOT IN ('submit', 'withdraw') AND kept
""",
    "audit_records": """
INSERT INTO audit_records (id, chain, position, at, actor, action, details, previous, digest, algorithm, salt)
SELECT pg_temp.uid(place, at, n), 'application:' || id, place, at, 'citizen:' || citizen_id,
    (ARRAY['draft_started', 'draft_saved', 'material_added', 'submit', 'received'])[place],
    '{"after": "submitted", "before": "draft"}', sha256(int8send(n)), sha256(int8send(n)), 'sha256',
    substring(sha256(int8send(n)) FOR 16)
FROM made, generate_series(1, CASE WHEN case_no IS NULL THEN 2 ELSE 5 END) AS place
""",
    "audit_heads": """
INSERT INTO audit_heads (number, chain, position, digest)
SELECT n, 'application:' || id, CASE WHEN case_no IS NULL THEN 2 ELSE 5 END, sha256(int8send(n)) FROM made
""",
    "messages": """
INSERT INTO messages (id, citizen_id, key, kind, title, text, link, created_at)
SELECT pg_temp.uid(place::int, moment, n), citizen_id, cause || ':' || case_no || ':' || place || ':' || citizen_id,
    cause,
    '办件进度', (SELECT value FROM sealed WHERE place = 'messages.text'), '/applications/' || id, moment
FROM moved WHERE cause NOT IN ('received', 'completed')
""",
    "sends": """
INSERT INTO sends (id, message_id, citizen_id, template_id, data, state, attempts, created_at, updated_at)
SELECT pg_temp.uid(place::int, moment, n), pg_temp.uid(place::int, moment, n), citizen_id, 'template', '{}',
    (ARRAY['sent', 'sent', 'failed'])[1 + n % 3], 1, moment, moment
FROM moved WHERE cause NOT IN ('received', 'completed') AND moment > now() - interval '186 days'
""",
    "licences": """
INSERT INTO licences (id, citizen_id, company_id, type_code, identifier, reference, number, case_no, state, holder,
    values, issuer, issuer_code, region, issued_on, valid_from, valid_until, version, status_list, status_index)
SELECT pg_temp.uid(1, updated_at, n), citizen_id, company_id, 'food_business', 'filled-' || n, lpad(n::text, 16, '0'),
    'JY' || n, case_no, 'valid', (SELECT value FROM sealed WHERE place = 'licences.holder'),
    (SELECT value FROM sealed WHERE place = 'licences.values'), '佳木斯市',
    (SELECT uscc FROM departments WHERE code = 'scjg'), '230800', updated_at::date,
    updated_at::date, updated_at::date + 1824, 1, 1000 + (n >> 20), n & 1048575
FROM made WHERE state = 'completed'
""",
    "presentations": """
INSERT INTO presentations (nonce, licence_id, digest, issued_at, expires_at, spent_at)
SELECT md5(n::text), pg_temp.uid(1, updated_at, n), encode(sha256(int8send(n)), 'hex'), updated_at,
    updated_at + interval '1 minute', updated_at
FROM made WHERE state = 'completed' AND updated_at > now() - interval '186 days'
""",
    "reviews": """
INSERT INTO reviews (id, application_id, author_id, stage, item_code, item_name, department, region, level, reasons,
    created_at)
SELECT pg_temp.uid(1, updated_at, n), id, citizen_id, 'result', item_code, item_name, department, region,
    CASE WHEN n % 50 = 0 THEN 1 ELSE 5 END, '[]', updated_at
FROM made WHERE state = 'completed' AND n % 5 = 0
""",
    "rectifications": """
INSERT INTO rectifications (id, review_id, state, round, rectify_by, opened_at, ended_at)
SELECT pg_temp.uid(1, updated_at, n), pg_temp.uid(1, updated_at, n), 'confirmed', 1, updated_at::date, updated_at,
    updated_at
FROM made WHERE state = 'completed' AND n % 50 = 0
""",
}
_CHECKPOINTS = """
INSERT INTO audit_checkpoints (number, at, first_head, heads, root, previous, key_id, signature)
SELECT n, now() - interval '1 day', (n - 1) * $2 + 1, LEAST($2, $1 - (n - 1) * $2), sha256(int8send(n)),
    sha256(int8send(n)), 'filled', sha256(int8send(n))
FROM generate_series(1, ($1::bigint + $2::bigint - 1) / $2::bigint) AS n
"""
_FORM = "applications.form"
_SEALED = {
    "citizens.name": "测试人",
    "citizens.id_number": "11010519491231002X",
    "timeline_entries.note": "{}",
    "inbox_events.data": "{}",
    "messages.text": "您的办件有新的进展，请在办件详情中查看。",
    "licences.holder": "测试人",
    "licences.values": json.dumps(
        {
            "business_name": "佳木斯市前进区桂兰小吃店",
            "business_uscc": "92230803MA1EXAMPL0",
            "holder_name": "测试人",
            "holder_id_number": "11010519491231002X",
            "business_site": "黑龙江省佳木斯市前进区示例路1号",
            "business_kind": "餐饮服务经营者",
            "business_items": ["热食类食品制售", "自制饮品制售"],
        },
        ensure_ascii=False,
    ),
}


async def trip_item() -> str:
    """The code of the item that cases are begun for: the demonstration's."""
    return (await search_items("食品经营", "", "", None)).items[0].item_code


async def fill_cases(
    url: str, cases: int, progress: Callable[[int], None] = lambda _: None, citizens: int | None = None
) -> None:
    """Put so many cases into a migrated and loaded database that is otherwise empty, and have it analysed.

    They are of so many ``citizens``, or as many as ``citizens_of`` says.
    The house's database must be open for the item's form; the rows go through a connection of their own, without
    triggers and without waiting for the disk. ``progress`` is told after each batch how many cases are there.
    """
    item = await trip_item()
    connection = await asyncpg.connect(url, server_settings={"synchronous_commit": "off"})
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(_PREPARE.format(item=item))
        ring = keyring()
        sealed = [(place, ring.seal(value.encode(), place)) for place, value in _SEALED.items()]
        await connection.executemany("INSERT INTO sealed VALUES ($1, $2)", sealed)
        forms = [(code, ring.seal(form.encode(), _FORM)) async for code, form in _forms(connection)]
        await connection.executemany("INSERT INTO forms VALUES ($1, $2)", forms)
        ways = [(state, [one for one, _ in way], [one for _, one in way]) for state, way in _WAYS.items()]
        await connection.executemany("INSERT INTO ways VALUES ($1, $2, $3)", ways)
        await connection.execute("ANALYZE offers, ways, forms")
        await _fill(connection, cases, citizens or citizens_of(cases), progress)
    finally:
        await connection.close()


async def _forms(connection: asyncpg.Connection) -> AsyncIterator[tuple[str, str]]:
    """Each item's code, and the form that its guide gives as an example."""
    for row in await connection.fetch("SELECT item_code FROM offers"):
        guide = (await get_item(row["item_code"])).guide
        yield row["item_code"], json.dumps(guide.form_example, ensure_ascii=False)


async def _fill(connection: asyncpg.Connection, cases: int, citizens: int, progress: Callable[[int], None]) -> None:
    companies = max(cases // _CASES_OF_COMPANY, 1)
    for first in range(0, citizens, _BATCH):
        for statement in _CITIZENS:
            await connection.execute(statement, first, min(first + _BATCH, citizens) - 1)
    await connection.execute(_COMPANIES, companies - 1)
    newest = clock.now() - _NEWEST
    for first in range(1, cases + 1, _BATCH):
        last = min(first + _BATCH - 1, cases)
        async with connection.transaction():
            await connection.execute("TRUNCATE made")
            await connection.execute(_MADE, first, last, newest, cases, citizens, companies, sorted(ENDED))
            for statement in _CASES.values():
                await connection.execute(statement)
        progress(last)
    await connection.execute(_CHECKPOINTS, cases, _HEADS)
    await connection.execute("VACUUM (ANALYZE)")


def citizens_of(cases: int) -> int:
    """How many citizens so many cases are of."""
    return max(int(cases * _CITIZENS_OF_CASES), 1)


def filled_citizen(number: int) -> UUID:
    """The id of one of the citizens, who are numbered from 0."""
    milliseconds = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp() * 1000)
    return UUID(f"{milliseconds:012x}70008000{number:012x}")
