"""Rows that belong to no room: spent nonces, counted tries, blobs that are to go, tokens of the city's apps."""

from tortoise import Model, fields

from app.kit.fields import sealed_blob_key, sealed_text


class SpentNonce(Model):
    """A nonce of signed HTTP that was used, so that nothing replays within the window of the signature."""

    id = fields.BigIntField(primary_key=True)
    client_id = fields.CharField(max_length=64)
    nonce = fields.CharField(max_length=64)
    spent_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "spent_nonces"
        unique_together = (("client_id", "nonce"),)


class CountedTry(Model):
    """How often a subject tried something guarded within one window of time."""

    id = fields.BigIntField(primary_key=True)
    rule = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=64)
    window = fields.BigIntField()
    count = fields.IntField()

    class Meta:
        """Table."""

        table = "counted_tries"
        unique_together = (("rule", "subject", "window"),)


class DoomedBlob(Model):
    """A blob that is deleted once ``due_at`` has come; a citizen's copy of their data until then."""

    id = fields.BigIntField(primary_key=True)
    blob_key = sealed_blob_key(unique=True)
    due_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "doomed_blobs"


class WeChatToken(Model):
    """A token of one of the city's own apps that all processes share; ``id`` is the app's id and the token's kind."""

    id = fields.CharField(max_length=128, primary_key=True)
    token = sealed_text()
    expires_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "wechat_tokens"
