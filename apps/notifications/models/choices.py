"""What members and workspaces choose: by which channel, when, and in which words."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.notifications.enums import DigestPeriod
from apps.organizations.models import Member

# Of the channels and, for the inbox, `in_app`.
CHANNEL_LENGTH = 8


class Preference(BaseModel):
    """A member wants a type, or a category, by a channel, or not. subject: its code; a type's has a dot."""

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="notification_preferences", db_index=False
    )
    subject = models.CharField(_("type or category"), max_length=100)
    channel = models.CharField(_("channel"), max_length=CHANNEL_LENGTH)
    is_on = models.BooleanField(_("on"))
    # By the link in a mail, or the mailbox's own button.
    is_unsubscribed = models.BooleanField(_("unsubscribed"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "subject", "channel"], name="preference_once"
            ),
            models.CheckConstraint(
                condition=~Q(is_unsubscribed=True, is_on=True), name="preference_unsubscribed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} by {self.channel}: {self.is_on}"


class ChannelDefault(BaseModel):
    """What a workspace says of a type, or a category: for who chose nothing, or for everybody (locked)."""

    subject = models.CharField(_("type or category"), max_length=100)
    channel = models.CharField(_("channel"), max_length=CHANNEL_LENGTH)
    is_on = models.BooleanField(_("on"))
    is_locked = models.BooleanField(_("for everybody"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "channel"], name="channel_default_once"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} by {self.channel}: {self.is_on}"


class Timing(BaseModel):
    """When a member is reached, in their time zone.

    digest: of mails that are not urgent. hour, weekday (0: Monday): when the daily and the weekly one go out.
    quiet_from, quiet_until: no mail, text message or push between them, but for what is urgent; the same:
    never.
    """

    member = models.OneToOneField(
        Member, on_delete=models.CASCADE, related_name="notification_timing"
    )
    digest = models.CharField(
        _("digest"), max_length=6, choices=DigestPeriod, default=DigestPeriod.NEVER
    )
    hour = models.PositiveSmallIntegerField(_("hour"), default=8)
    weekday = models.PositiveSmallIntegerField(_("weekday"), default=0)
    quiet_from = models.TimeField(_("quiet from"), null=True)
    quiet_until = models.TimeField(_("quiet until"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(hour__lt=24), name="timing_hour"),
            models.CheckConstraint(condition=Q(weekday__lt=7), name="timing_weekday"),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="timing_quiet",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.digest} to {self.member_id}"


class TemplateOverride(BaseModel):
    """A workspace's own words for a type, in one language. Empty texts: the platform's."""

    kind = models.CharField(_("type"), max_length=100)
    language = models.CharField(_("language"), max_length=8)
    title = models.CharField(_("title"), max_length=300, blank=True)
    body = models.TextField(_("text"), max_length=10_000, blank=True)
    action = models.CharField(_("button"), max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "language"], name="template_override_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.language}"
