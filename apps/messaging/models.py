"""Whom nothing is sent to, and what providers have told already. Both are the platform's, not a tenant's."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.messaging.enums import Channel, SuppressionReason


class Suppression(BaseModel):
    """An address that nothing is sent to; one row for each, also when it was lifted and came back.

    digest: of the address (apps.messaging.addresses), which is not kept. since: when it happened, by the
    provider's clock. provider: who told; empty: staff. lifted_at: from when on it may be written to again.
    """

    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    digest = models.BinaryField(max_length=32)
    hint = models.CharField(_("address"), max_length=300, blank=True)
    reason = models.CharField(_("reason"), max_length=16, choices=SuppressionReason)
    provider = models.CharField(_("provider"), max_length=32, blank=True)
    since = models.DateTimeField(_("since"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [
            models.UniqueConstraint(fields=["channel", "digest"], name="suppression_once"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="suppression_channel"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=SuppressionReason.values), name="suppression_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.hint or str(_("An erased person’s address"))


class TrackedEvent(models.Model):
    """What a provider told of a message and has had its effect: it tells things again.

    key: its provider and the provider's own id of it. nonce: of its signature where that covers no more
    than itself (Mailgun's): it signs one event, once; null elsewhere.
    """

    key = models.CharField(primary_key=True, max_length=200)
    nonce = models.CharField(max_length=100, null=True, unique=True)  # noqa: DJ001 - many have none
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="trackedevent_received")]

    def __str__(self) -> str:
        return self.key
