"""What the stand-ins of providers took, how they are to behave, and what they still have to tell."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel


class Provider(models.TextChoices):
    SMTP = "smtp", "SMTP"
    SENDGRID = "sendgrid", "SendGrid"
    MAILGUN = "mailgun", "Mailgun"
    TWILIO = "twilio", "Twilio"


class Mode(models.TextChoices):
    """How a provider answers."""

    WORKS = "works", _("takes messages")
    DOWN = "down", _("down: 503")
    THROTTLE = "throttle", _("throttles: 429, try again later")
    REFUSE = "refuse", _("refuses the message: 400")
    LOST = "lost", _("takes it, and the answer is lost: 500")
    SLOW = "slow", _("takes it, after some seconds")
    SILENT = "silent", _("takes it, and answers no questions: 403")


class Outcome(models.TextChoices):
    """What becomes of a message that was taken."""

    DELIVERED = "delivered", _("arrives")
    BOUNCED = "bounced", _("there is no such address")
    DEFERRED = "deferred", _("is delayed, then arrives")
    COMPLAINED = "complained", _("arrives, and is reported as spam")
    UNSUBSCRIBED = "unsubscribed", _("arrives, and they unsubscribe")
    UNTOLD = "untold", _("nothing is told of it")


class ProviderSwitch(models.Model):
    """times: for so many requests; 0: until it is changed. seconds: of SLOW; of THROTTLE's Retry-After."""

    provider = models.CharField(_("provider"), primary_key=True, max_length=16, choices=Provider)
    mode = models.CharField(_("it"), max_length=16, choices=Mode, default=Mode.WORKS)
    times = models.PositiveIntegerField(_("requests"), default=0)
    seconds = models.PositiveIntegerField(_("seconds"), default=5)
    outcome = models.CharField(
        _("a message"), max_length=16, choices=Outcome, default=Outcome.DELIVERED
    )

    def __str__(self) -> str:
        return self.provider


class Sms(BaseModel):
    """sid: Twilio's id. key: the delivery's, from the callback's address. is_reply: from people, to us."""

    sid = models.CharField(max_length=34, unique=True)
    to = models.CharField(_("to"), max_length=32)
    sender = models.CharField(_("from"), max_length=64)
    body = models.TextField()
    status = models.CharField(max_length=16)
    key = models.CharField(max_length=100, blank=True)
    is_reply = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["to", "-id"], name="sandbox_sms_to")]

    def __str__(self) -> str:
        return self.sid


class Telling(BaseModel):
    """A webhook that is owed. told: what is said; it is signed when it is sent.

    status: pending, taken or given_up. attempts: answers so far, 0 for none.
    """

    provider = models.CharField(max_length=16, choices=Provider)
    url = models.TextField()
    told = models.JSONField()
    status = models.CharField(max_length=16, default="pending")
    next_at = models.DateTimeField()
    attempts = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"],
                name="sandbox_telling_due",
                condition=models.Q(status="pending"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.id}"
