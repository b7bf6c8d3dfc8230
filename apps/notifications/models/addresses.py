"""Where members are reached besides their e-mail address."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.notifications.enums import DeviceKind
from apps.organizations.models import Member


class Phone(BaseModel):
    """A member's number (E.164), encrypted. number_end: its last digits, to tell it by.

    code_digest, code_expires_at, code_tries: of the code that was sent to verify it; none once verified_at is
    set.
    """

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="phone")
    number_encrypted = models.BinaryField(_("number"))
    number_end = models.CharField(_("last digits"), max_length=4)
    verified_at = models.DateTimeField(_("verified"), null=True)
    code_digest = models.CharField(_("code"), max_length=64, blank=True)
    code_expires_at = models.DateTimeField(_("code expires"), null=True)
    code_tries = models.PositiveSmallIntegerField(_("tries"), default=0)

    def __str__(self) -> str:
        return f"…{self.number_end}"


class PushDevice(BaseModel):
    """A browser or an app that takes push messages for a member.

    address_encrypted: JSON; of a browser its subscription {endpoint, p256dh, auth}, of an app {token}.
    address_digest: SHA-256 of the endpoint or token, so that it is registered once. label: as people know
    it. sign_in_id: of the browser's session or the app's sign-in that it was seen with last; nothing is sent
    to it while that is over. None: of a sign-in that is not ours to end.
    """

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="push_devices", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=7, choices=DeviceKind)
    address_encrypted = models.BinaryField(_("address"))
    address_digest = models.CharField(_("digest"), max_length=64, unique=True)
    label = models.CharField(_("name"), max_length=100, blank=True)
    last_seen_at = models.DateTimeField(_("last seen"))
    sign_in_id = models.UUIDField(_("sign-in"), null=True)

    class Meta:
        indexes = [models.Index(fields=["member", "-id"], name="push_device_of_member")]

    def __str__(self) -> str:
        return self.label or self.kind


class WebhookTarget(BaseModel):
    """Where a workspace wants its notifications posted to: each once, whomever it is for. One a workspace.

    categories: their codes; empty: all. secret_encrypted: signs what is posted. failing_since: of what was
    answered last; None: well.
    """

    is_only = models.BooleanField(default=True, unique=True, editable=False)
    url = models.URLField(_("address"), max_length=2000)
    secret_encrypted = models.BinaryField(_("secret"))
    categories = models.JSONField(_("categories"), default=list)
    is_on = models.BooleanField(_("on"), default=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(is_only=True), name="webhook_target_one"),
        ]

    def __str__(self) -> str:
        return self.url
