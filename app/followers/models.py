"""Rows of followers."""

from tortoise import Model, fields
from tortoise.contrib.postgres.fields import ArrayField

from app.identity.models import OPENID_LENGTH
from app.kit.ids import new_id


class Follower(Model):
    """Somebody who follows the official account, or did: known by an openid alone until they bind their account.

    ``scene`` says where they came from, as WeChat names it. ``region`` is the place whose notices they want,
    ``tag_ids`` are WeChat's numbers of their groups. ``seen_at`` is when they last wrote, tapped or scanned, which
    opens WeChat's 48 hours for an answer. ``scanned`` is what the last code said that they scanned, and
    ``scanned_at`` when. ``synced_at`` is when a reading of WeChat's own list last met them. ``changed_at`` is WeChat's
    time of the newest event that was heeded: older ones that come late change nothing.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=OPENID_LENGTH)
    subscribed = fields.BooleanField()
    subscribed_at = fields.DatetimeField(null=True)
    unsubscribed_at = fields.DatetimeField(null=True)
    scene = fields.CharField(max_length=64, null=True)
    region = fields.CharField(max_length=12, null=True)
    tag_ids = ArrayField(element_type="integer", default=list)
    seen_at = fields.DatetimeField(null=True)
    scanned = fields.CharField(max_length=64, null=True)
    scanned_at = fields.DatetimeField(null=True)
    synced_at = fields.DatetimeField(null=True)
    changed_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "followers"
        unique_together = (("appid", "openid"),)


class FollowerSync(Model):
    """One reading of WeChat's list of an app's followers, which goes on where it was stopped.

    ``next_openid`` is where WeChat's next page begins, ``done`` how many were read, of ``total``.
    """

    appid = fields.CharField(max_length=32, primary_key=True)
    started_at = fields.DatetimeField()
    next_openid = fields.CharField(max_length=OPENID_LENGTH, null=True)
    done = fields.IntField(default=0)
    total = fields.IntField(default=0)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "follower_syncs"
