"""What the stand-in remembers: objects as JSON documents, in the current version's shape."""

import secrets
import time

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.common.ids import uuid7


def random_id(prefix: str) -> str:
    """Stripe's ids: a prefix, and letters and digits that nobody guesses."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return prefix + "".join(secrets.choice(alphabet) for _ in range(24))


class StripeAccount(models.Model):
    """One account, whose row is the lock of all that is written in it.

    offset_s: how far its clock is ahead of the world's. frozen_at: where it stands still instead.
    switches: what is to go wrong (apps.sandbox.stripe.switches).
    """

    id = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    secret_key = models.CharField(max_length=128, unique=True)
    publishable_key = models.CharField(max_length=128, unique=True)
    api_version = models.CharField(max_length=40)
    offset_s = models.BigIntegerField(default=0)
    frozen_at = models.BigIntegerField(null=True)
    switches = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def now(self) -> int:
        """Seconds since 1970, by the account's clock."""
        return self.frozen_at if self.frozen_at is not None else int(time.time()) + self.offset_s


class StripeObject(models.Model):
    """created, due_at: seconds by its clock. clock: id of its test clock, or empty for the account's.

    due_at: when something is to happen with it.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(StripeAccount, on_delete=models.CASCADE)
    kind = models.CharField(max_length=64)
    object_id = models.CharField(max_length=255)
    created = models.BigIntegerField()
    data = models.JSONField()
    is_deleted = models.BooleanField(default=False)
    clock = models.CharField(max_length=64, blank=True)
    due_at = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("-created", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "object_id"], name="stripe_object_once"
            )
        ]
        indexes = [
            models.Index(fields=["account", "kind", "-created", "-id"], name="stripe_object_list"),
            models.Index(
                fields=["account", "clock", "due_at"],
                name="stripe_object_due",
                condition=Q(due_at__isnull=False),
            ),
            GinIndex(fields=["data"], opclasses=["jsonb_path_ops"], name="stripe_object_data"),
        ]

    def __str__(self) -> str:
        return self.object_id


class StripeRequest(models.Model):
    """A line of the account's request log, and the answer that is kept for an idempotency key."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(StripeAccount, on_delete=models.CASCADE)
    request_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    api_version = models.CharField(max_length=40)
    params = models.JSONField()
    idempotency_key = models.CharField(max_length=255, blank=True)
    status = models.IntegerField()
    error = models.JSONField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["account", "-id"], name="stripe_request_list")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class StripeKey(models.Model):
    """An idempotency key with the answer to its first request; good for 24 hours."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(StripeAccount, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_default=Now())
    fingerprint = models.CharField(max_length=64)
    status = models.IntegerField()
    body = models.JSONField()
    request_id = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="stripe_key_once")]

    def __str__(self) -> str:
        return self.key


class StripeDelivery(models.Model):
    """An event on its way to a webhook endpoint. attempts: when, what was answered, newest last."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(StripeAccount, on_delete=models.CASCADE)
    event_id = models.CharField(max_length=64)
    event_type = models.CharField(max_length=100)
    endpoint_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    next_at = models.DateTimeField(db_default=Now())
    attempts = models.JSONField(default=list)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(
                fields=["next_at"], name="stripe_delivery_due", condition=Q(status="pending")
            ),
            models.Index(fields=["account", "-id"], name="stripe_delivery_list"),
            models.Index(fields=["event_id"], name="stripe_delivery_event"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.endpoint_id}"
