"""Every table, and what models cannot say of it: indexes of some rows or of an expression, sequences, triggers."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.applications.models import NoticeKind, Scan, State, Trust
from app.approvals.models import Breaker, DeliveryKind, DeliveryState
from app.catalogue.licence_type import Preset
from app.catalogue.models import VersionOrigin, VersionState
from app.consents.models import Act
from app.identity.rules import Audience
from app.kit.fields import BlobKeyField, LookupField, LtreeField, SealedField, SealedJsonField
from app.kit.ids import new_id
from app.licences.codes.claims import CodeKind
from app.licences.keys.algorithms import Purpose
from app.licences.keys.models import Keeper
from app.licences.models import HolderKind, LicenceCause, LicenceState, Origin, PaperEnd
from app.licences.requests.models import Answer
from app.licences.verifying.models import ConcernKind, Way
from app.mandates.models import MandateKind, MandateState
from app.notifications.models import SendState
from app.privacy.models import ExportState
from app.reviews.models import CommentState, RectificationState, Stage
from json import dumps, loads
from tortoise.contrib.postgres.fields import TSVectorField
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

# Entries that wait in a pending list make the planner read whole tables instead of the index.
_AT_ONCE = "WITH (fastupdate = off)"
_RANK = "(CASE level WHEN 'city' THEN 0 WHEN 'county' THEN 1 WHEN 'township' THEN 2 ELSE 3 END)"

_FINDING = {
    "regions_path": "regions USING gist (path)",
    "readings_words": f"readings USING gin (words) {_AT_ONCE}",
    "readings_texts": f"readings USING gin (texts) {_AT_ONCE}",
    "phrases_parts": f"phrases USING gin (parts) {_AT_ONCE}",
    "phrases_sound": f"phrases USING gin (sound gin_trgm_ops) {_AT_ONCE} WHERE length(plain) <= 16",
    # The highest office that offers what a reading says, or a service, is the first entry.
    "items_reading": f"items (reading, {_RANK}, item_code)",
    "items_basic_code": f"items (basic_code, {_RANK}, item_code)",
}
# Words are compared row by row where many match: they stay in the row as they are. Texts move out first.
_STORAGE = [
    "ALTER TABLE readings ALTER words SET STORAGE MAIN",
    "ALTER TABLE phrases ALTER parts SET STORAGE MAIN",
]
# Partial ones, each as small as what is under way, or as what a night may delete.
_PARTIAL = {
    "applications_cases": "applications (updated_at) WHERE case_no IS NOT NULL",
    "applications_drafts": "applications (id) WHERE state = 'draft'",
    "applications_provisional": "applications (id) WHERE promised_provisional",
    "applications_under_way": """
        applications (state, id)
        WHERE state NOT IN ('completed', 'draft', 'expired', 'not_accepted', 'refused', 'withdrawn')
    """,
    "applications_unsubmitted": "applications (updated_at) WHERE case_no IS NULL",
    "citizens_deleted": "citizens (deleted_at) WHERE deleted_at IS NOT NULL",
    "deliveries_open": "deliveries (connector, id) WHERE state IN ('waiting', 'sending')",
    "deliveries_undelivered": "deliveries (state, created_at) WHERE state <> 'delivered'",
    "deliveries_unnamed": "deliveries (id) WHERE connector IS NULL",
    "inbox_events_waiting": "inbox_events (case_no, sequence) WHERE applied_at IS NULL",
    "item_versions_open": "item_versions (item_code) WHERE state <> 'published' OR NOT offered",
    "licences_ended": "licences (state_changed_at) WHERE state IN ('cancelled', 'revoked', 'superseded')",
    "licences_lapsed": "licences (valid_until) WHERE state = 'valid'",
    "licences_of_type": "licences (type_code, id) WHERE state = 'valid'",
    "licences_running": "licences (valid_until) WHERE state IN ('valid', 'suspended')",
    "licences_worthless": "licences (status_list) WHERE state <> 'valid'",
    "reviews_personal": "reviews (created_at) WHERE application_id IS NOT NULL OR author_id IS NOT NULL",
    "sessions_ended": "sessions (ended_at) WHERE ended_at IS NOT NULL",
}
_WHOLE = {
    "licences_number": "licences (number)",
    "reviews_newest": "reviews (created_at, id)",
    # The planner reckons with the values of an expression only where all rows are in its index.
    "sessions_used": "sessions ((COALESCE(last_used_at, created_at)))",
}
_INDEXES = [f"CREATE INDEX {name} ON {of}" for name, of in (_FINDING | _PARTIAL | _WHOLE).items()]

# Every writer of the audit notes the chain, whichever process it is.
_CHANGED_CHAINS = [
    """
    CREATE FUNCTION audit_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit_changes (chain) VALUES (NEW.chain);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER audit_note_change AFTER INSERT ON audit_records
    FOR EACH ROW EXECUTE FUNCTION audit_note_change()
    """,
]
# Whatever deletes a licence, its place stays taken and worth nothing.
_ENDED_PLACES = [
    "CREATE SEQUENCE licence_places MINVALUE 0 START 0",
    """
    CREATE FUNCTION licences_note_ended_place() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO licence_ended_places (status_list, status_index) VALUES (OLD.status_list, OLD.status_index)
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER licences_note_ended_place AFTER DELETE ON licences FOR EACH ROW
    WHEN (OLD.status_list IS NOT NULL) EXECUTE FUNCTION licences_note_ended_place()
    """,
]


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.RunSQL(["CREATE EXTENSION IF NOT EXISTS ltree", "CREATE EXTENSION IF NOT EXISTS pg_trgm"]),
        ops.CreateModel(
            name="AuditRecord",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("chain", fields.CharField(max_length=80)),
                ("position", fields.IntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(db_index=True, max_length=128)),
                ("action", fields.CharField(max_length=64)),
                ("details", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("previous", fields.BinaryField()),
                ("digest", fields.BinaryField()),
                ("algorithm", fields.CharField(default="sha256", db_default="sha256", max_length=8)),
                ("salt", fields.BinaryField(null=True)),
            ],
            options={
                "table": "audit_records",
                "app": "jiaban",
                "unique_together": (("chain", "position"),),
                "pk_attr": "id",
                "table_description": "One thing that somebody did, chained to the record before it in the same chain.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CaseCounter",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("item_code", fields.CharField(max_length=31)),
                ("day", fields.DateField()),
                ("last_number", fields.IntField()),
            ],
            options={
                "table": "case_counters",
                "app": "jiaban",
                "unique_together": (("item_code", "day"),),
                "pk_attr": "id",
                "table_description": "The last case number given for an item on a day.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ChainHead",
            fields=[
                ("number", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("chain", fields.CharField(max_length=80)),
                ("position", fields.IntField()),
                ("digest", fields.BinaryField()),
            ],
            options={
                "table": "audit_heads",
                "app": "jiaban",
                "unique_together": (("chain", "position"),),
                "pk_attr": "number",
                "table_description": "The last record of a chain at the time of a checkpoint: one leaf of its tree. Numbers run on without gaps.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ChangedChain",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("chain", fields.CharField(max_length=80)),
            ],
            options={
                "table": "audit_changes",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A chain that has a record which no checkpoint covers: written by the database itself with each record.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Channel",
            fields=[
                ("connector", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "breaker",
                    fields.CharEnumField(
                        default=Breaker.CLOSED,
                        description="CLOSED: closed\nOPEN: open\nHALF_OPEN: half_open",
                        enum_type=Breaker,
                        max_length=16,
                    ),
                ),
                ("failures", fields.IntField(default=0)),
                ("probe_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "channels",
                "app": "jiaban",
                "pk_attr": "connector",
                "table_description": "What all workers know of a connector: its breaker, and the moment from which the next delivery may begin.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("first_head", fields.BigIntField(unique=True)),
                ("heads", fields.IntField()),
                ("root", fields.BinaryField()),
                ("previous", fields.BinaryField()),
                ("key_id", fields.CharField(max_length=64)),
                ("signature", fields.BinaryField()),
            ],
            options={
                "table": "audit_checkpoints",
                "app": "jiaban",
                "pk_attr": "number",
                "table_description": "A signed word about the heads of all chains that changed since the one before it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Citizen",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("unionid", fields.CharField(null=True, unique=True, max_length=64)),
                ("level", fields.SmallIntField(default=0)),
                ("name", SealedField(null=True)),
                ("id_number", SealedField(null=True)),
                (
                    "id_number_hash",
                    LookupField(null=True, db_index=True, source="id_number", purpose="id_number", max_length=128),
                ),
                ("phone", SealedField(null=True)),
                ("phone_hash", LookupField(null=True, db_index=True, source="phone", purpose="phone", max_length=128)),
                ("verified_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ward", fields.BooleanField(null=True)),
                ("joined_into", fields.UUIDField(null=True)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "citizens",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A person who uses the mini-app, from the first login on. ``level`` is the assurance level, 0 to 3.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CodeList",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("title", fields.CharField(max_length=64)),
                ("standard", fields.CharField(max_length=64)),
                ("entries", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
            ],
            options={
                "table": "code_lists",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A list of codes that a national ``standard`` gives; ``entries`` are ``{code, name}`` in its order.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Company",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("uscc", fields.CharField(unique=True, max_length=18)),
                ("name", fields.CharField(max_length=255)),
                ("checked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "companies",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A company or other body, known by its unified social credit code. Its name is public.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Application",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="applications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("item_code", fields.CharField(max_length=31)),
                ("item_name", fields.CharField(max_length=255)),
                (
                    "state",
                    fields.CharEnumField(
                        default=State.DRAFT,
                        description="DRAFT: draft\nSUBMITTED: submitted\nDELIVERED: delivered\nPRE_REVIEW: pre_review\nACCEPTED: accepted\nNOT_ACCEPTED: not_accepted\nSUPPLEMENT_REQUESTED: supplement_requested\nSUPPLEMENTED: supplemented\nUNDER_REVIEW: under_review\nSPECIAL_PROCEDURE: special_procedure\nAPPROVED: approved\nREFUSED: refused\nCOMPLETED: completed\nWITHDRAWN: withdrawn\nEXPIRED: expired",
                        enum_type=State,
                        max_length=32,
                    ),
                ),
                ("form", SealedJsonField()),
                ("case_no", fields.CharField(null=True, unique=True, max_length=43)),
                ("idempotency_key", fields.CharField(null=True, max_length=128)),
                ("supplement_note", SealedField(null=True)),
                ("last_sequence", fields.IntField(default=0)),
                ("promised_on", fields.DateField(null=True)),
                ("promised_provisional", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("submitted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "company",
                    fields.ForeignKeyField(
                        "jiaban.Company",
                        source_field="company_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="applications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("mandate_id", fields.UUIDField(null=True)),
                ("answers", SealedJsonField(null=True)),
                ("group_id", fields.UUIDField(null=True, db_index=True)),
                ("life_event", fields.CharField(null=True, max_length=64)),
                ("item_version", fields.IntField(default=1, db_default=1)),
                ("variant", fields.CharField(null=True, max_length=64)),
                (
                    "licences_used",
                    fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                (
                    "prefill_away",
                    fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("prefilled", SealedJsonField(null=True)),
                ("saved_fields", fields.IntField(null=True)),
                ("saved_materials", fields.IntField(null=True)),
                ("statutory_on", fields.DateField(null=True)),
                ("contact", SealedJsonField(null=True)),
                ("delivery", SealedJsonField(null=True)),
                ("resubmission_of", fields.UUIDField(null=True, db_index=True)),
                ("result", SealedJsonField(null=True)),
                ("revision", fields.IntField(default=1, db_default=1)),
                ("warned_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "applications",
                "app": "jiaban",
                "unique_together": (("citizen", "idempotency_key"),),
                "pk_attr": "id",
                "table_description": "A case. ``case_no`` is given at submission; ``last_sequence`` is the last event applied to it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="consents",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("purpose", fields.CharField(max_length=64)),
                ("version", fields.IntField()),
                (
                    "act",
                    fields.CharEnumField(
                        description="GIVEN: given\nWITHDRAWN: withdrawn", enum_type=Act, max_length=16
                    ),
                ),
                ("session_id", fields.UUIDField(null=True)),
                ("mandate_id", fields.UUIDField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "consents",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A consent that was given or withdrawn. Rows are only ever added; of each purpose the last one counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CountedTry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("rule", fields.CharField(max_length=64)),
                ("subject", fields.CharField(max_length=64)),
                ("window", fields.BigIntField()),
                ("count", fields.IntField()),
            ],
            options={
                "table": "counted_tries",
                "app": "jiaban",
                "unique_together": (("rule", "subject", "window"),),
                "pk_attr": "id",
                "table_description": "How often a subject tried something guarded within one window of time.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Delivery",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_no", fields.CharField(max_length=43)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="CASE: case\nSUPPLEMENT: supplement\nNOTICE: notice\nWITHDRAWAL: withdrawal",
                        enum_type=DeliveryKind,
                        max_length=16,
                    ),
                ),
                ("reference", fields.CharField(default="", max_length=36)),
                (
                    "state",
                    fields.CharEnumField(
                        default=DeliveryState.WAITING,
                        description="WAITING: waiting\nSENDING: sending\nDELIVERED: delivered\nREFUSED: refused",
                        enum_type=DeliveryState,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(null=True, max_length=64)),
                ("attempts", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("connector", fields.CharField(null=True, max_length=32)),
                ("asked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("claimed_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "deliveries",
                "app": "jiaban",
                "unique_together": (("case_no", "kind", "reference"),),
                "pk_attr": "id",
                "table_description": "Something on its way to the approval system. ``reference`` is the id of the supplement or notice, or empty.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Department",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("name", fields.CharField(max_length=128)),
                ("short_name", fields.CharField(max_length=64)),
                ("uscc", fields.CharField(unique=True, max_length=18)),
                ("region", fields.CharField(max_length=12)),
            ],
            options={
                "table": "departments",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A department of the city. ``uscc`` is its unified social credit code (GB 32100).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DigitMiss",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("staff_id", fields.UUIDField(db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "digit_misses",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A member of staff entered digits that stand for no code.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DoomedBlob",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("blob_key", BlobKeyField(unique=True, max_length=128)),
                ("due_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "doomed_blobs",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A blob that is deleted once ``due_at`` has come; a citizen's copy of their data until then.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EndedPlace",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("status_list", fields.IntField()),
                ("status_index", fields.IntField()),
            ],
            options={
                "table": "licence_ended_places",
                "app": "jiaban",
                "unique_together": (("status_list", "status_index"),),
                "pk_attr": "id",
                "table_description": "A place whose licence was deleted: what was signed for it stays invalid, and no other licence gets it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Export",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="exports",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("mandate_id", fields.UUIDField(null=True)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ExportState.COLLECTING,
                        description="COLLECTING: collecting\nREADY: ready",
                        enum_type=ExportState,
                        max_length=16,
                    ),
                ),
                ("attempt", fields.IntField(default=0)),
                ("done", fields.IntField(default=0)),
                ("total", fields.IntField(default=0)),
                ("pieces", fields.IntField(default=0)),
                ("size", fields.BigIntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ready_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exports",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A copy of all that is held about a citizen: ``done`` of ``total`` entries are in it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FaceVerification",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="face_verifications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("out_seq_no", fields.CharField(unique=True, max_length=32)),
                ("verify_id", SealedField()),
                ("name_verified_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("passed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "face_verifications",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A comparison of a citizen's face with their identity card's, carried out by WeChat on the phone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Favourite",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="favourites",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("item_code", fields.CharField(max_length=31)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "favourites",
                "app": "jiaban",
                "unique_together": (("citizen", "item_code"),),
                "pk_attr": "id",
                "table_description": "An item that a citizen has marked.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FeedCursor",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("cursor", fields.CharField(max_length=64)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "feed_cursors",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "How far a connector's feed was read; ``id`` is its name.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Hall",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("name", fields.CharField(max_length=128)),
                ("kind", fields.CharField(max_length=16)),
                ("region", fields.CharField(max_length=12)),
                ("address", fields.CharField(max_length=255)),
                ("hours", fields.CharField(max_length=128)),
                ("phone", fields.CharField(max_length=64)),
                ("longitude", fields.FloatField()),
                ("latitude", fields.FloatField()),
            ],
            options={
                "table": "halls",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A service hall. Its position is in degrees, GCJ-02.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="InboxEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("event_id", fields.CharField(unique=True, max_length=64)),
                ("case_no", fields.CharField(max_length=43)),
                ("sequence", fields.IntField()),
                ("kind", fields.CharField(max_length=32)),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("data", SealedJsonField()),
                ("received_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("applied_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("moved", fields.BooleanField(null=True)),
                ("overtaken", fields.BooleanField(default=False, db_default=False)),
            ],
            options={
                "table": "inbox_events",
                "app": "jiaban",
                "unique_together": (("case_no", "sequence"),),
                "pk_attr": "id",
                "table_description": "An event of the approval system, kept before anything is done about it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Item",
            fields=[
                ("item_code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=31)),
                ("name", fields.CharField(max_length=255)),
                ("short_name", fields.CharField(max_length=20)),
                ("department", fields.CharField(max_length=32)),
                ("region", fields.CharField(db_index=True, max_length=12)),
                ("audience", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                (
                    "themes",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("basic_code", fields.CharField(default="", max_length=12)),
                ("handling", fields.CharField(default="promised", max_length=16)),
                ("level", fields.CharField(default="city", max_length=16)),
                ("online_depth", fields.IntField(default=0)),
                ("promised_days", fields.IntField(default=0)),
                ("reading", fields.UUIDField(null=True)),
                ("statutory_days", fields.IntField(default=0)),
                ("version", fields.IntField(default=1)),
                ("visits", fields.IntField(default=0)),
            ],
            options={
                "table": "items",
                "app": "jiaban",
                "pk_attr": "item_code",
                "table_description": "A service item as it is found: what lists and filters need of the version that is in effect.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ItemUse",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_code", fields.CharField(max_length=31)),
                ("day", fields.DateField(db_index=True)),
                ("count", fields.IntField()),
            ],
            options={
                "table": "item_uses",
                "app": "jiaban",
                "unique_together": (("item_code", "day"),),
                "pk_attr": "id",
                "table_description": "How often an item was used on a day: of whom is kept nowhere.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ItemVersion",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("item_code", fields.CharField(max_length=31)),
                ("number", fields.IntField(null=True)),
                (
                    "state",
                    fields.CharEnumField(
                        default=VersionState.DRAFT,
                        description="DRAFT: draft\nPROPOSED: proposed\nREJECTED: rejected\nPUBLISHED: published",
                        enum_type=VersionState,
                        max_length=16,
                    ),
                ),
                ("department", fields.CharField(max_length=32)),
                ("guide", fields.TextField(unique=False)),
                ("digest", fields.CharField(max_length=64)),
                ("offered", fields.BooleanField(default=True)),
                ("effective_on", fields.DateField()),
                ("note", fields.TextField(default="", unique=False)),
                ("revision", fields.IntField(default=1)),
                ("reason", fields.TextField(default="", unique=False)),
                (
                    "origin",
                    fields.CharEnumField(
                        default=VersionOrigin.STAFF,
                        description="CITY: city\nTABLES: tables\nSTAFF: staff",
                        enum_type=VersionOrigin,
                        max_length=16,
                    ),
                ),
                ("author_id", fields.UUIDField(null=True)),
                ("reviewer_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("published_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("based_on", fields.IntField(null=True)),
                ("region", fields.CharField(null=True, max_length=12)),
                (
                    "writers",
                    fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
            ],
            options={
                "table": "item_versions",
                "app": "jiaban",
                "unique_together": (("item_code", "number"),),
                "pk_attr": "id",
                "table_description": "One version of an item: its whole guide, and from which day it holds.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Licence",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="licences",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("type_code", fields.CharField(max_length=64)),
                ("identifier", fields.CharField(unique=True, max_length=128)),
                ("number", fields.CharField(max_length=64)),
                ("case_no", fields.CharField(null=True, unique=True, max_length=43)),
                (
                    "state",
                    fields.CharEnumField(
                        default=LicenceState.VALID,
                        description="VALID: valid\nSUSPENDED: suspended\nREVOKED: revoked\nCANCELLED: cancelled\nEXPIRED: expired\nSUPERSEDED: superseded",
                        enum_type=LicenceState,
                        max_length=16,
                    ),
                ),
                ("state_reason", SealedField(null=True)),
                ("state_changed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("holder", SealedField()),
                ("values", SealedJsonField()),
                ("issuer", fields.CharField(max_length=128)),
                ("issued_on", fields.DateField()),
                ("valid_from", fields.DateField()),
                ("valid_until", fields.DateField(null=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                (
                    "company",
                    fields.ForeignKeyField(
                        "jiaban.Company",
                        source_field="company_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="licences",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("holder_code", SealedField(null=True)),
                (
                    "holder_hash",
                    LookupField(
                        null=True, db_index=True, source="holder_code", purpose="licence_holder", max_length=128
                    ),
                ),
                (
                    "holder_kind",
                    fields.CharEnumField(
                        default=HolderKind.PERSON,
                        description="PERSON: 111\nCOMPANY: 001",
                        db_default="111",
                        enum_type=HolderKind,
                        max_length=3,
                    ),
                ),
                ("issuer_code", fields.CharField(max_length=18)),
                (
                    "origin",
                    fields.CharEnumField(
                        default=Origin.ISSUED,
                        description="ISSUED: issued\nIMPORTED: imported",
                        db_default="issued",
                        enum_type=Origin,
                        max_length=16,
                    ),
                ),
                (
                    "previous",
                    fields.ForeignKeyField(
                        "jiaban.Licence",
                        source_field="previous_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="next",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("reference", fields.CharField(unique=True, max_length=16)),
                ("region", fields.CharField(max_length=12)),
                ("status_index", fields.IntField(null=True)),
                ("status_list", fields.IntField(null=True)),
                ("end_reminded_on", fields.DateField(null=True)),
                ("yearly_reminded_on", fields.DateField(null=True)),
                ("import_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "licences",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "One version of an e-licence. ``identifier`` follows GB/T 36904; ``values`` are its fields by name.",
                "unique_together": (("status_list", "status_index"), ("status_list", "status_index")),
                "indexes": [Index(fields=["type_code", "number"])],
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceImport",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("digest", fields.CharField(max_length=64)),
                ("licence_type", fields.CharField(max_length=64)),
                ("actor", fields.CharField(max_length=64)),
                ("rows_done", fields.IntField(default=0)),
                ("added", fields.IntField(default=0)),
                ("followed", fields.IntField(default=0)),
                ("moved", fields.IntField(default=0)),
                ("unchanged", fields.IntField(default=0)),
                ("refused", fields.IntField(default=0)),
                ("begun_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_imports",
                "app": "jiaban",
                "unique_together": (("digest", "licence_type"),),
                "pk_attr": "id",
                "table_description": "A file of licences that is being brought here, or was: it is known by the SHA-256 of its bytes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceImportProblem",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "licence_import",
                    fields.ForeignKeyField(
                        "jiaban.LicenceImport",
                        source_field="licence_import_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="problems",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("sheet", fields.CharField(max_length=64)),
                ("row", fields.IntField()),
                ("column", fields.CharField(max_length=128)),
                ("code", fields.CharField(max_length=64)),
            ],
            options={
                "table": "licence_import_problems",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "What is wrong with a row of an import, without what stands in it; ``row`` is the sheet's own number.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceKey",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                (
                    "purpose",
                    fields.CharEnumField(
                        db_index=True,
                        description="CODE: code\nPAPER: paper\nSTATUS: status\nCREDENTIAL: credential",
                        enum_type=Purpose,
                        max_length=16,
                    ),
                ),
                ("algorithm", fields.IntField()),
                ("public", fields.BinaryField()),
                (
                    "keeper",
                    fields.CharEnumField(description="ROW: row\nDEVICE: device", enum_type=Keeper, max_length=8),
                ),
                ("handle", SealedField(null=True)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("signs_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("retired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("gone_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_keys",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A key that signs what licences show. ``id`` is the ``kid`` of what it signed, ``algorithm`` an ``Algorithm``.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceMove",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "licence",
                    fields.ForeignKeyField(
                        "jiaban.Licence",
                        source_field="licence_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="moves",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "cause",
                    fields.CharEnumField(
                        description="SUSPENDED: suspended\nRESUMED: resumed\nREVOKED: revoked\nCANCELLED: cancelled\nEXPIRED: expired\nSUPERSEDED: superseded",
                        enum_type=LicenceCause,
                        max_length=16,
                    ),
                ),
                (
                    "before",
                    fields.CharEnumField(
                        description="VALID: valid\nSUSPENDED: suspended\nREVOKED: revoked\nCANCELLED: cancelled\nEXPIRED: expired\nSUPERSEDED: superseded",
                        enum_type=LicenceState,
                        max_length=16,
                    ),
                ),
                (
                    "after",
                    fields.CharEnumField(
                        description="VALID: valid\nSUSPENDED: suspended\nREVOKED: revoked\nCANCELLED: cancelled\nEXPIRED: expired\nSUPERSEDED: superseded",
                        enum_type=LicenceState,
                        max_length=16,
                    ),
                ),
                ("reason", SealedField()),
                ("actor", fields.CharField(max_length=64)),
                ("office", fields.CharField(max_length=128)),
                ("case_no", fields.CharField(null=True, max_length=43)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_moves",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A change of what a licence is worth: who made it, why, and when.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceSerial",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("type_code", fields.CharField(max_length=64)),
                ("year", fields.IntField()),
                ("last_number", fields.IntField()),
            ],
            options={
                "table": "licence_serials",
                "app": "jiaban",
                "unique_together": (("type_code", "year"),),
                "pk_attr": "id",
                "table_description": "The last serial number given within one licence type and year.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceType",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("name", fields.CharField(max_length=128)),
                (
                    "definition",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
            ],
            options={
                "table": "licence_types",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A kind of e-licence: its fields, who may see which, its card.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LifeEvent",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("name", fields.CharField(max_length=64)),
                ("position", fields.IntField()),
                (
                    "definition",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
            ],
            options={
                "table": "life_events",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "What people come for that takes several items (一件事); ``position`` is its place in the list.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LifeEventItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("life_event", fields.CharField(max_length=64)),
                ("item_code", fields.CharField(db_index=True, max_length=31)),
            ],
            options={
                "table": "life_event_items",
                "app": "jiaban",
                "unique_together": (("life_event", "item_code"),),
                "pk_attr": "id",
                "table_description": "An item that a life event covers.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LoginState",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("kind", fields.CharField(max_length=16)),
                ("browser", fields.CharField(max_length=64)),
                ("nonce", fields.CharField(max_length=64)),
                ("verifier", SealedField()),
                ("return_to", fields.CharField(max_length=512)),
                ("session_id", fields.UUIDField(null=True)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "login_states",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A sign-in on its way through another site's page, by the SHA-256 of its ``state``; it is used once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Mandate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="PROXY: proxy\nGUARDIAN: guardian\nAGENT: agent\nREPRESENTATIVE: representative",
                        enum_type=MandateKind,
                        max_length=16,
                    ),
                ),
                (
                    "principal",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="principal_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="mandates_given",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "company",
                    fields.ForeignKeyField(
                        "jiaban.Company",
                        source_field="company_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="mandates",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "delegate",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="delegate_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="mandates_held",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("matters", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                (
                    "state",
                    fields.CharEnumField(
                        description="OFFERED: offered\nACTIVE: active\nENDED: ended",
                        enum_type=MandateState,
                        max_length=16,
                    ),
                ),
                ("invitation", fields.CharField(null=True, unique=True, max_length=64)),
                ("invitation_ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("confirmed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "mandates",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "Leave for one citizen, the delegate, to act for another citizen or for a company.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Material",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="materials",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("material_id", fields.CharField(max_length=64)),
                ("content_type", fields.CharField(max_length=64)),
                ("size", fields.IntField()),
                ("width", fields.IntField()),
                ("height", fields.IntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("blob_key", BlobKeyField(max_length=128)),
                ("handed_in_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("supplement_id", fields.UUIDField(null=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("pages", fields.IntField(default=1, db_default=1)),
                ("preview_blob_key", BlobKeyField(null=True, max_length=128)),
                ("reused_from", fields.UUIDField(null=True)),
                (
                    "scan",
                    fields.CharEnumField(
                        default=Scan.UNSCANNED,
                        description="PENDING: pending\nCLEAN: clean\nINFECTED: infected\nUNSCANNED: unscanned\nLOST: lost",
                        db_default="unscanned",
                        enum_type=Scan,
                        max_length=16,
                    ),
                ),
                (
                    "trust",
                    fields.CharEnumField(
                        default=Trust.UPLOADED,
                        description="ISSUED: A\nWINDOW_VERIFIED: B\nUPLOADED: C\nPROMISED: D",
                        db_default="C",
                        enum_type=Trust,
                        max_length=1,
                    ),
                ),
            ],
            options={
                "table": "materials",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A file of the citizen's; its content is sealed in the blob store under ``blob_key``, a preview under another key.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Message",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="messages",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(unique=True, max_length=160)),
                ("kind", fields.CharField(max_length=32)),
                ("title", fields.CharField(max_length=64)),
                ("text", SealedField()),
                ("link", fields.CharField(null=True, max_length=255)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "messages",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A message in a citizen's inbox. ``key`` makes it the only one about its occasion.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Notice",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="notices",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="HURRY: hurry\nCONTACT: contact", enum_type=NoticeKind, max_length=16
                    ),
                ),
                ("content", SealedJsonField()),
                ("mandate_id", fields.UUIDField(null=True)),
                ("idempotency_key", fields.CharField(null=True, max_length=128)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "notices",
                "app": "jiaban",
                "unique_together": (("application", "idempotency_key"),),
                "pk_attr": "id",
                "table_description": "Something the applicant tells the office about a case; ``content`` is what the approval system gets of it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Phrase",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("basic_code", fields.CharField(max_length=12)),
                ("text", fields.CharField(max_length=255)),
                ("plain", fields.TextField(unique=False)),
                ("named", fields.BooleanField()),
                ("sound", fields.TextField(unique=False)),
                ("parts", TSVectorField(source_fields=(), stored=False)),
            ],
            options={
                "table": "phrases",
                "app": "jiaban",
                "unique_together": (("basic_code", "text", "named"),),
                "pk_attr": "id",
                "table_description": "A name or keyword of a service, by which it is suggested and found by its sound.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Popularity",
            fields=[
                ("basic_code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=12)),
                ("uses", fields.IntField()),
            ],
            options={
                "table": "popularity",
                "app": "jiaban",
                "pk_attr": "basic_code",
                "table_description": "How often a service was used of late, wherever it is offered; counted anew every night.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Presentation",
            fields=[
                ("nonce", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "licence",
                    fields.ForeignKeyField(
                        "jiaban.Licence",
                        source_field="licence_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="presentations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("digest", fields.CharField(max_length=64)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("spent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("mandate_id", fields.UUIDField(null=True)),
                ("digits_hash", fields.CharField(null=True, unique=True, max_length=128)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "kind",
                    fields.CharEnumField(
                        default=CodeKind.LIVE,
                        description="LIVE: live\nHELD: held\nPAPER: paper",
                        db_default="live",
                        enum_type=CodeKind,
                        max_length=8,
                    ),
                ),
                (
                    "preset",
                    fields.CharEnumField(
                        default=Preset.ALL,
                        description="VALID: valid\nAGE_60: age_60\nCARD: card\nALL: all",
                        db_default="all",
                        enum_type=Preset,
                        max_length=8,
                    ),
                ),
                ("session_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "presentations",
                "app": "jiaban",
                "pk_attr": "nonce",
                "table_description": "A code that was handed out; a live or held one is spent once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PaperCode",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "presentation",
                    fields.OneToOneField(
                        "jiaban.Presentation",
                        source_field="presentation_id",
                        db_constraint=True,
                        to_field="nonce",
                        related_name="paper",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "licence",
                    fields.ForeignKeyField(
                        "jiaban.Licence",
                        source_field="licence_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="papers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("staff_id", fields.UUIDField()),
                ("office", fields.CharField(max_length=128)),
                ("document", fields.CharField(max_length=32)),
                ("reason", SealedField()),
                ("status_list", fields.IntField()),
                ("status_index", fields.IntField()),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "ended_because",
                    fields.CharEnumField(
                        null=True, description="LOST: lost\nREPLACED: replaced", enum_type=PaperEnd, max_length=16
                    ),
                ),
                ("ended_by", fields.CharField(null=True, max_length=128)),
            ],
            options={
                "table": "paper_codes",
                "app": "jiaban",
                "unique_together": (("status_list", "status_index"),),
                "pk_attr": "id",
                "table_description": "A code that a window printed for a person who was there, with what the member of staff saw and why they did it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ProvincialAccount",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="provincial_accounts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("issuer", fields.CharField(max_length=255)),
                ("subject", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "provincial_accounts",
                "app": "jiaban",
                "unique_together": (("issuer", "subject"),),
                "pk_attr": "id",
                "table_description": "A citizen's account at the provincial identity platform: ``subject`` is its name for the citizen.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reading",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=255)),
                ("keywords", fields.TextField(unique=False)),
                (
                    "audience",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("basic_code", fields.CharField(default="", db_index=True, max_length=12)),
                ("department", fields.CharField(default="", max_length=32)),
                (
                    "themes",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("texts", TSVectorField(null=True, source_fields=(), stored=False)),
                ("title", fields.TextField(default="", unique=False)),
                ("words", TSVectorField(null=True, source_fields=(), stored=False)),
            ],
            options={
                "table": "readings",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "What searches read of items: those whose words are the same share one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecentItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="recent_items",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("item_code", fields.CharField(max_length=31)),
                ("opened_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "recent_items",
                "app": "jiaban",
                "unique_together": (("citizen", "item_code"),),
                "pk_attr": "id",
                "table_description": "An item that a citizen has opened, and when last.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecentItemsOff",
            fields=[
                ("citizen_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "recent_items_off",
                "app": "jiaban",
                "pk_attr": "citizen_id",
                "table_description": "A citizen who does not want to have it kept which items they open.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Redrive",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_no", fields.CharField(db_index=True, max_length=43)),
                ("subject_id", fields.UUIDField()),
                ("attempt", fields.IntField()),
                ("staff_id", fields.UUIDField()),
                ("reason", SealedField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "redrives",
                "app": "jiaban",
                "unique_together": (("subject_id", "attempt"),),
                "pk_attr": "id",
                "table_description": "That a member of staff had something tried anew, and why: a delivery, or an event that waits behind a gap.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Region",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=12)),
                ("name", fields.CharField(max_length=64)),
                ("parent", fields.CharField(null=True, db_index=True, max_length=12)),
                ("level", fields.CharField(max_length=16)),
                ("path", LtreeField(null=True, unique=False)),
            ],
            options={
                "table": "regions",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A province, city, county, township or village by its code in the national list (6, 9 or 12 digits).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("day", fields.DateField()),
                ("kind", fields.CharField(max_length=64)),
                ("removed", fields.IntField(default=0)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "retention_runs",
                "app": "jiaban",
                "unique_together": (("day", "kind"),),
                "pk_attr": "id",
                "table_description": "What one night has deleted of one kind of data so far. A day is the city's.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Review",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="reviews",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                (
                    "author",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="author_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="reviews",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("mandate_id", fields.UUIDField(null=True)),
                (
                    "stage",
                    fields.CharEnumField(
                        description="ACCEPTANCE: acceptance\nRESULT: result", enum_type=Stage, max_length=16
                    ),
                ),
                ("item_code", fields.CharField(db_index=True, max_length=31)),
                ("item_name", fields.CharField(max_length=255)),
                ("department", fields.CharField(max_length=32)),
                ("region", fields.CharField(max_length=12)),
                ("level", fields.SmallIntField()),
                ("reasons", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("comment", SealedField(null=True)),
                (
                    "comment_state",
                    fields.CharEnumField(
                        null=True,
                        description="CHECKING: checking\nUNDECIDED: undecided\nRELEASED: released\nWITHHELD: withheld\nRISKY: risky",
                        enum_type=CommentState,
                        max_length=16,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reviews",
                "app": "jiaban",
                "unique_together": (("application", "stage"),),
                "pk_attr": "id",
                "table_description": "A review of one stage of a case: ``level`` 5 (非常满意) to 1 (非常不满意), ``reasons`` by their codes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Rectification",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "review",
                    fields.OneToOneField(
                        "jiaban.Review",
                        source_field="review_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rectification",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=RectificationState.OPENED,
                        description="OPENED: opened\nCALLED_BACK: called_back\nGROUNDLESS_PROPOSED: groundless_proposed\nRECTIFIED: rectified\nREOPENED: reopened\nESCALATED: escalated\nCONFIRMED: confirmed\nUNANSWERED: unanswered\nGROUNDLESS: groundless\nSETTLED: settled",
                        enum_type=RectificationState,
                        max_length=32,
                    ),
                ),
                ("round", fields.SmallIntField(default=1)),
                ("due_on", fields.DateField(null=True, db_index=True)),
                ("rectify_by", fields.DateField()),
                ("answer_by", fields.DateField(null=True)),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rectifications",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "What is done about a bad review.",
                "indexes": [Index(fields=["state", "answer_by"])],
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RectificationStep",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "rectification",
                    fields.ForeignKeyField(
                        "jiaban.Rectification",
                        source_field="rectification_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="steps",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("cause", fields.CharField(max_length=32)),
                (
                    "before",
                    fields.CharEnumField(
                        description="OPENED: opened\nCALLED_BACK: called_back\nGROUNDLESS_PROPOSED: groundless_proposed\nRECTIFIED: rectified\nREOPENED: reopened\nESCALATED: escalated\nCONFIRMED: confirmed\nUNANSWERED: unanswered\nGROUNDLESS: groundless\nSETTLED: settled",
                        enum_type=RectificationState,
                        max_length=32,
                    ),
                ),
                (
                    "after",
                    fields.CharEnumField(
                        description="OPENED: opened\nCALLED_BACK: called_back\nGROUNDLESS_PROPOSED: groundless_proposed\nRECTIFIED: rectified\nREOPENED: reopened\nESCALATED: escalated\nCONFIRMED: confirmed\nUNANSWERED: unanswered\nGROUNDLESS: groundless\nSETTLED: settled",
                        enum_type=RectificationState,
                        max_length=32,
                    ),
                ),
                ("round", fields.SmallIntField()),
                ("staff_id", fields.UUIDField(null=True)),
                ("reached", fields.CharField(null=True, max_length=16)),
                ("note", SealedField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rectification_steps",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A step of a rectification: ``staff_id`` who took it, None for the citizen and for the passing of time.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SearchWord",
            fields=[
                ("word", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("readings", fields.IntField()),
            ],
            options={
                "table": "search_words",
                "app": "jiaban",
                "pk_attr": "word",
                "table_description": "In how many readings a word stands; the empty word stands in each.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Send",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "message",
                    fields.ForeignKeyField(
                        "jiaban.Message",
                        source_field="message_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="sends",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("citizen_id", fields.UUIDField(db_index=True)),
                ("template_id", fields.CharField(max_length=64)),
                ("page", fields.CharField(null=True, max_length=255)),
                ("data", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                (
                    "state",
                    fields.CharEnumField(
                        default=SendState.WAITING,
                        description="WAITING: waiting\nSENDING: sending\nSENT: sent\nFAILED: failed\nUNCERTAIN: uncertain",
                        enum_type=SendState,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(null=True, max_length=64)),
                ("attempts", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sends",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A message on its way through one WeChat template.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SpentNonce",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("client_id", fields.CharField(max_length=64)),
                ("nonce", fields.CharField(max_length=64)),
                ("spent_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "spent_nonces",
                "app": "jiaban",
                "unique_together": (("client_id", "nonce"),),
                "pk_attr": "id",
                "table_description": "A nonce of signed HTTP that was used, so that nothing replays within the window of the signature.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Staff",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("username", fields.CharField(unique=True, max_length=64)),
                ("password_hash", fields.CharField(max_length=255)),
                ("office", fields.CharField(max_length=128)),
                ("department", fields.CharField(max_length=32)),
                ("duties", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("active", fields.BooleanField(default=True)),
                ("demonstration", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("name", SealedField(null=True)),
                ("otp_secret", SealedField(null=True)),
                ("otp_step", fields.BigIntField(null=True)),
                ("password_given", fields.BooleanField(null=True)),
                ("region", fields.CharField(null=True, max_length=12)),
                ("work_user_id", fields.CharField(null=True, unique=True, max_length=64)),
            ],
            options={
                "table": "staff",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A member of staff of a department in a region. ``duties`` name what they may do.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_because", fields.CharField(null=True, max_length=32)),
                ("device", fields.CharField(null=True, max_length=128)),
                ("last_used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "audience",
                    fields.CharEnumField(
                        null=True,
                        description="CITIZEN: citizen\nH5: h5\nSTAFF: staff",
                        enum_type=Audience,
                        max_length=16,
                    ),
                ),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "jiaban.Staff",
                        source_field="staff_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("wechat_account_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "sessions",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "One sign-in of a citizen or a member of staff; its refresh tokens are one family.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RefreshToken",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "jiaban.Session",
                        source_field="session_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="refresh_tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answer", SealedJsonField(null=True)),
                ("idempotency_key", fields.CharField(null=True, max_length=128)),
            ],
            options={
                "table": "refresh_tokens",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A refresh token by its hash; used once.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StatusList",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.IntField(unique=True)),
                ("scatter", SealedField()),
                ("token", fields.BinaryField(null=True)),
                ("digest", fields.CharField(null=True, max_length=64)),
                ("made_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_status_lists",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "One list of ``PLACES`` places. ``token`` is what is served, made at ``made_at``, with its SHA-256 in hexadecimal.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StatusMark",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("status_list", fields.IntField()),
            ],
            options={
                "table": "licence_status_marks",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A list in which something has changed since it was made.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SubscriptionGrant",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="grants",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("template_id", fields.CharField(max_length=64)),
                ("remaining", fields.IntField()),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "subscription_grants",
                "app": "jiaban",
                "unique_together": (("citizen", "template_id"),),
                "pk_attr": "id",
                "table_description": "How many one-time sends through a template the citizen has granted and not yet received.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Supplement",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="supplements",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("note", SealedField()),
                ("form", SealedJsonField()),
                ("idempotency_key", fields.CharField(null=True, max_length=128)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "supplements",
                "app": "jiaban",
                "unique_together": (("application", "idempotency_key"),),
                "pk_attr": "id",
                "table_description": "What the citizen handed in after being asked for more.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Theme",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("name", fields.CharField(max_length=64)),
                ("audience", fields.CharField(max_length=16)),
                ("position", fields.IntField()),
            ],
            options={
                "table": "themes",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A theme by which people or companies look for items; ``position`` is its place in the list.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TimelineEntry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="timeline",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharField(max_length=32)),
                (
                    "state",
                    fields.CharEnumField(
                        description="DRAFT: draft\nSUBMITTED: submitted\nDELIVERED: delivered\nPRE_REVIEW: pre_review\nACCEPTED: accepted\nNOT_ACCEPTED: not_accepted\nSUPPLEMENT_REQUESTED: supplement_requested\nSUPPLEMENTED: supplemented\nUNDER_REVIEW: under_review\nSPECIAL_PROCEDURE: special_procedure\nAPPROVED: approved\nREFUSED: refused\nCOMPLETED: completed\nWITHDRAWN: withdrawn\nEXPIRED: expired",
                        enum_type=State,
                        max_length=32,
                    ),
                ),
                ("note", SealedField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("mandate_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "timeline_entries",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "Something that happened to a case, as the citizen sees it; ``mandate_id`` where a proxy or an agent did it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Upload",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="uploads",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("actor_id", fields.UUIDField(db_index=True)),
                ("material_id", fields.CharField(max_length=64)),
                ("size", fields.IntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("chunk_size", fields.IntField()),
                ("file_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "uploads",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A file on its way, begun by the citizen ``actor_id``: its size and SHA-256 as announced.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="UploadChunk",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "upload",
                    fields.ForeignKeyField(
                        "jiaban.Upload",
                        source_field="upload_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="chunks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.IntField()),
                ("size", fields.IntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("blob_key", BlobKeyField(max_length=128)),
            ],
            options={
                "table": "upload_chunks",
                "app": "jiaban",
                "unique_together": (("upload", "number"),),
                "pk_attr": "id",
                "table_description": "A chunk that arrived; ``number`` counts from 0. Its blob is doomed from the start, at the upload's end.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Verification",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "licence",
                    fields.ForeignKeyField(
                        "jiaban.Licence",
                        source_field="licence_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="verifications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "jiaban.Staff",
                        source_field="staff_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="verifications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("office", fields.CharField(max_length=128)),
                ("verdict", fields.CharField(max_length=16)),
                ("reason", fields.CharField(max_length=32)),
                ("shown", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("idempotency_key", fields.CharField(null=True, max_length=192)),
                ("code_digest", fields.CharField(max_length=64)),
                ("at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("clock_wrong", fields.BooleanField(default=False, db_default=False)),
                ("duty", fields.CharField(null=True, max_length=16)),
                ("handed_in_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("keys_age", fields.IntField(null=True)),
                ("kind", fields.CharField(null=True, max_length=16)),
                ("nonce", fields.CharField(null=True, db_index=True, max_length=32)),
                ("preset", fields.CharField(null=True, max_length=16)),
                ("purpose", fields.CharField(null=True, max_length=128)),
                ("said", fields.CharField(null=True, max_length=32)),
                ("status_age", fields.IntField(null=True)),
                ("system", fields.CharField(null=True, max_length=32)),
                (
                    "way",
                    fields.CharEnumField(
                        default=Way.ONLINE,
                        description="ONLINE: online\nOFFLINE: offline\nBATCH: batch",
                        db_default="online",
                        enum_type=Way,
                        max_length=16,
                    ),
                ),
            ],
            options={
                "table": "verifications",
                "app": "jiaban",
                "unique_together": (
                    ("staff", "idempotency_key"),
                    ("system", "idempotency_key"),
                    ("system", "idempotency_key"),
                ),
                "pk_attr": "id",
                "table_description": "Somebody asked what a code or a licence is worth: who, where, with what verdict, and which fields they saw.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Concern",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "verification",
                    fields.ForeignKeyField(
                        "jiaban.Verification",
                        source_field="verification_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="concerns",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="OBJECTION: objection\nDOUBLED: doubled", enum_type=ConcernKind, max_length=16
                    ),
                ),
                ("department", fields.CharField(db_index=True, max_length=32)),
                ("region", fields.CharField(null=True, max_length=12)),
                ("raised_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer", SealedField(null=True)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by", fields.UUIDField(null=True)),
            ],
            options={
                "table": "verification_concerns",
                "app": "jiaban",
                "unique_together": (("verification", "kind"),),
                "pk_attr": "id",
                "table_description": "Something about a verification that the supervision looks into and answers, once of each kind.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FieldRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "verification",
                    fields.ForeignKeyField(
                        "jiaban.Verification",
                        source_field="verification_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="field_requests",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("wanted", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("purpose", SealedField()),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                (
                    "answer",
                    fields.CharEnumField(
                        null=True, description="ALLOWED: allowed\nREFUSED: refused", enum_type=Answer, max_length=16
                    ),
                ),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by", fields.UUIDField(null=True)),
                ("readable_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("read_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("read_key", fields.CharField(null=True, max_length=128)),
            ],
            options={
                "table": "field_requests",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "After a verification its officer asked for more fields of the licence, ``wanted``, for a ``purpose``.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WeChatAccount",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="wechat_accounts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("appid", fields.CharField(max_length=32)),
                ("openid", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wechat_accounts",
                "app": "jiaban",
                "unique_together": (("appid", "openid"),),
                "pk_attr": "id",
                "table_description": "A citizen's account with one of our WeChat apps.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_STORAGE + _INDEXES + _CHANGED_CHAINS + _ENDED_PLACES),
    ]
