from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.sandbox.messaging.models import ProviderSwitch, Sms, Telling
from apps.sandbox.stripe.models import (
    StripeAccount,
    StripeDelivery,
    StripeKey,
    StripeObject,
    StripeRequest,
)

__all__ = [
    "DnsRecord",
    "Email",
    "ProviderSwitch",
    "Sms",
    "StripeAccount",
    "StripeDelivery",
    "StripeKey",
    "StripeObject",
    "StripeRequest",
    "Telling",
]


class Email(BaseModel):
    """A mail that the sandbox's SMTP server, SendGrid or Mailgun took. created_at is when it arrived.

    message_id: in angle brackets. provider_id: what the provider calls it, where that is something else.
    metadata: what comes back in webhooks.
    """

    sender = models.CharField(_("from"), max_length=320)
    recipients: "models.Field[list[str], list[str]]" = ArrayField(
        models.CharField(max_length=320), verbose_name=_("to")
    )
    subject = models.CharField(_("subject"), max_length=998, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    raw = models.BinaryField()
    provider = models.CharField(_("by"), max_length=16, default="smtp", db_default="smtp")
    message_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    provider_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, db_default={})

    class Meta:
        ordering = ("-id",)
        verbose_name = _("e-mail")
        indexes = [models.Index(fields=["message_id"], name="sandbox_email_message")]

    def __str__(self) -> str:
        return self.subject


class DnsRecord(BaseModel):
    """A TXT record of the sandbox's DNS server. name: lower case, without the dot at the end."""

    name = models.CharField(_("name"), max_length=253)
    value = models.CharField(_("value"), max_length=1000)

    class Meta:
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "value"],
                name="dns_record_once",
                violation_error_message=_("This record is there already."),
            )
        ]
        verbose_name = _("DNS record")

    def __str__(self) -> str:
        return self.name
