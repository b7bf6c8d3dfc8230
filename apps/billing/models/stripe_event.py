import json
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.enums import StripeEventState
from apps.common.ids import uuid7


class StripeEvent(models.Model):
    """The inbox: an event that Stripe delivered, as it was signed, and what became of it.

    Done: committed together with its effects. Written by apps.billing.inbox only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stripe_id = models.CharField(_("Stripe id"), max_length=255, unique=True)
    type = models.CharField(_("type"), max_length=255)
    api_version = models.CharField(_("API version"), max_length=64, blank=True)
    is_live = models.BooleanField(_("live mode"))
    # When it happened, as Stripe says. Order by it is no order of changes: seconds.
    occurred_at = models.DateTimeField(_("happened"))
    object_type = models.CharField(_("kind of object"), max_length=100, blank=True)
    # Empty for what has none, such as invoice.upcoming.
    object_id = models.CharField(_("object"), max_length=255, blank=True)
    customer_id = models.CharField(_("customer"), max_length=255, blank=True)
    # What is worked on by one at a time: the customer, else the object.
    lane = models.CharField(_("lane"), max_length=255, editable=False)
    # Text, not JSON: a column of JSON cannot hold all that JSON can say.
    payload = models.TextField(_("payload"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    state = models.CharField(
        _("state"), max_length=20, choices=StripeEventState, default=StripeEventState.PENDING
    )
    # Counted when one begins, so that those that kill their worker count too.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    last_error = models.TextField(_("last error"), blank=True)
    note = models.TextField(_("note"), blank=True)
    processed_at = models.DateTimeField(_("processed"), null=True)

    class Meta:
        verbose_name = _("Stripe event")
        verbose_name_plural = _("Stripe events")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=StripeEventState.values),
                name="stripe_event_state_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="stripe_event_due",
                condition=models.Q(state=StripeEventState.PENDING),
            ),
            models.Index(
                fields=["lane", "id"],
                name="stripe_event_lane",
                condition=models.Q(state=StripeEventState.PENDING),
            ),
            models.Index(
                fields=["received_at"],
                name="stripe_event_dead",
                condition=models.Q(state=StripeEventState.DEAD),
            ),
            models.Index(fields=["received_at"], name="stripe_event_received"),
            models.Index(fields=["customer_id"], name="stripe_event_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"

    @cached_property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.payload)
        return found

    @property
    def object(self) -> dict[str, Any]:
        """As it was when it happened; what it is now, Stripe says."""
        found: dict[str, Any] = self.body["data"]["object"]
        return found

    @property
    def previous(self) -> dict[str, Any]:
        """What the changed fields were before; {} for others than *.updated."""
        return self.body["data"].get("previous_attributes") or {}
