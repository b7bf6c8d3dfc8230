"""Entries that are chained by hashes, and what vouches for them. docs/audit.md explains the chain."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.ids import uuid7

HASH_BYTES = 32
# What the first entry of a chain follows.
GENESIS = bytes(HASH_BYTES)


class AbstractEntry(models.Model):
    """Something that happened, as a link of a chain. Written by `entries_append` only, never changed.

    A trigger gives each its number and its hash, and lets nobody change or delete one (migration 0001).
    Two parts hold what can be about people, each with a salt: erasing somebody sets part and salt to NULL,
    and the digest, which the hash is over, stays.
    """

    seq = models.BigIntegerField(_("number"), primary_key=True, default=0, editable=False)
    # Of the event that it records: recording it again changes nothing.
    event_id = models.UUIDField(_("event"), unique=True, default=uuid7, editable=False)
    occurred_at = models.DateTimeField(_("time"))
    action = models.CharField(_("action"), max_length=100)
    actor_kind = models.CharField(_("kind of actor"), max_length=20)
    actor_id = models.UUIDField(_("person who acted"), null=True)
    target_type = models.CharField(_("kind of target"), max_length=60)
    # Ids of what it happened to, the thing itself first.
    targets = ArrayField(models.TextField(), verbose_name=_("targets"))
    request_id = models.CharField(_("request"), max_length=128, blank=True)

    # The part "who".
    actor_label = models.TextField(_("actor"), null=True)  # noqa: DJ001 - NULL: erased
    address = models.TextField(_("address"), null=True)  # noqa: DJ001
    agent = models.TextField(_("client"), null=True)  # noqa: DJ001
    who_salt = models.BinaryField(null=True)
    who_digest = models.BinaryField()
    # The part "what": data, and before and after of what changed.
    what = models.JSONField(_("details"), null=True)
    what_salt = models.BinaryField(null=True)
    what_digest = models.BinaryField()

    content_hash = models.BinaryField()
    # Both set by the trigger.
    prev_hash = models.BinaryField(default=b"")
    hash = models.BinaryField(default=b"")

    class Meta:
        abstract = True
        ordering = ["-seq"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["action", "seq"], name="%(app_label)s_action"),
            models.Index(fields=["actor_label", "seq"], name="%(app_label)s_actor"),
            models.Index(fields=["occurred_at"], name="%(app_label)s_occurred"),
            GinIndex(fields=["targets"], name="%(app_label)s_targets"),
            GinIndex(
                SearchVector("actor_label", "address", "what", config="simple"),
                name="%(app_label)s_search",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class PlatformEntry(AbstractEntry):
    """What happened in no tenant: acts of staff, people's own accounts, the life of tenants."""


class OfChain(models.Model):
    # None: the platform's own chain. No foreign key: entries know no other tables.
    tenant_id = models.UUIDField(_("tenant"), null=True, editable=False)
    signed_at = models.DateTimeField(_("signed"))
    # Which public key the signature is to be checked with.
    key_id = models.CharField(_("key"), max_length=16)
    signature = models.BinaryField()

    class Meta:
        abstract = True


class Checkpoint(OfChain):
    """A signature over the head of a chain: what lies before it cannot be rewritten or cut off unseen."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seq = models.BigIntegerField(_("number"))
    hash = models.BinaryField()

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "seq"], nulls_distinct=False, name="checkpoint_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.key_id}"


class Segment(OfChain):
    """The oldest part of a chain, moved to a file, signed: the table goes on from its last hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    first_seq = models.BigIntegerField(_("first number"))
    last_seq = models.BigIntegerField(_("last number"))
    prev_hash = models.BinaryField()
    last_hash = models.BinaryField()
    file = models.CharField(_("file"), max_length=200)

    class Meta:
        verbose_name = _("archived segment")
        verbose_name_plural = _("archived segments")
        ordering = ["first_seq"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "first_seq"], nulls_distinct=False, name="segment_once"
            ),
            models.CheckConstraint(
                condition=models.Q(last_seq__gte=models.F("first_seq")), name="segment_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.file
