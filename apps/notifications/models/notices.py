"""What people are told, and what became of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.notifications.enums import RETRIED_REASONS, ChannelName, DeliveryState, Reason
from apps.organizations.models import Member


class Notification(BaseModel):
    """Something that happened, of which people are told. Once for each type and event.

    kind: the code of its type. params: the event's payload, and what the type adds. actor_label,
    actor_person_id: who did it. reached_member_id: up to whom, in the order of ids, it was handed out; done
    once handed_out_at is set. member_count: to how many.
    """

    kind = models.CharField(_("type"), max_length=100)
    event_id = models.UUIDField(_("event"))
    params = models.JSONField(_("parameters"), default=dict)
    actor_label = models.CharField(_("by"), max_length=254, blank=True)
    actor_person_id = models.UUIDField(_("person"), null=True)
    reached_member_id = models.UUIDField(_("handed out up to"), null=True)
    handed_out_at = models.DateTimeField(_("handed out"), null=True)
    member_count = models.PositiveIntegerField(_("people"), default=0)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(fields=["event_id", "kind"], name="notification_once"),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(handed_out_at=None), name="notification_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class InboxItem(BaseModel):
    """A notification in a member's inbox."""

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="inbox_items"
    )
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="inbox_items", db_index=False
    )
    read_at = models.DateTimeField(_("read"), null=True)
    archived_at = models.DateTimeField(_("archived"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "notification"], name="inbox_item_once"),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="inbox_of_member"),
            models.Index(
                fields=["member"],
                condition=Q(read_at=None, archived_at=None),
                name="inbox_unread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} to {self.member_id}"


class Sendable(BaseModel):
    """What a worker hands to a provider, once.

    due_at: not before. lease_until: while a worker has it; one that was killed leaves it, and whoever finds
    it over asks the provider first. attempts: how often it was begun. provider_key: what the provider calls
    it.
    """

    channel = models.CharField(_("channel"), max_length=8, choices=ChannelName)
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState, default=DeliveryState.PENDING
    )
    due_at = models.DateTimeField(_("due"))
    lease_until = models.DateTimeField(_("leased until"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    provider = models.CharField(_("provider"), max_length=30, blank=True)
    provider_key = models.CharField(_("provider's id"), max_length=255, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True)

    class Meta:
        abstract = True


class Digest(Sendable):
    """Several notifications in one message to a member. At most one waits for each member and channel."""

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="digests", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "channel"],
                condition=Q(state=DeliveryState.PENDING, attempts=0),
                name="digest_open",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="digest_of_member"),
            models.Index(
                fields=["channel", "due_at"],
                condition=Q(state=DeliveryState.PENDING),
                name="digest_pending",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(state=DeliveryState.SENDING),
                name="digest_sending",
            ),
        ]

    def __str__(self) -> str:
        return f"digest by {self.channel} to {self.member_id}"


class Delivery(Sendable):
    """A notification to a member by one channel, or the decision not to send it.

    member: None for what goes to the workspace's own webhook. reason: a Reason. digest: with which it goes.
    """

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="deliveries", null=True, db_index=False
    )
    reason = models.CharField(_("reason"), max_length=14, choices=Reason)
    digest = models.ForeignKey(
        Digest, on_delete=models.CASCADE, related_name="deliveries", null=True, db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "member", "channel"],
                nulls_distinct=False,
                name="delivery_once",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="delivery_of_member"),
            models.Index(
                fields=["channel", "due_at"],
                condition=Q(state=DeliveryState.PENDING),
                name="delivery_pending",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(state=DeliveryState.SENDING),
                name="delivery_sending",
            ),
            models.Index(
                fields=["digest"], condition=Q(digest__isnull=False), name="delivery_of_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} by {self.channel} to {self.member_id}"

    @property
    def shown_state(self) -> str:
        """What became of it: of what goes with a digest, what became of that."""
        if self.state == DeliveryState.MERGED and self.digest is not None:
            waits = (DeliveryState.PENDING, DeliveryState.SENDING)
            return self.state if self.digest.state in waits else self.digest.state
        return self.state

    @property
    def carrier(self) -> Sendable:
        """The row that was handed to the provider: the digest, or itself."""
        is_merged = self.state == DeliveryState.MERGED
        return self.digest if is_merged and self.digest is not None else self

    @property
    def can_retry(self) -> bool:
        if self.shown_state == DeliveryState.SKIPPED:
            return self.reason in RETRIED_REASONS
        return self.shown_state in (DeliveryState.FAILED, DeliveryState.BOUNCED)
