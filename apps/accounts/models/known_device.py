"""Devices that a person has signed in from."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.person import Person
from apps.common.models import BaseModel


class KnownDevice(BaseModel):
    """A browser, by the cookie that it was given; or a client of the API, by its name and network.

    mark: SHA-256 of either. Several people may share a browser: each has a row for it.
    """

    without_row_level_security = "a person's rows, in no tenant"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="known_devices")
    mark = models.CharField(max_length=64)
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    last_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("known device")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "mark"], name="accounts_device_person_mark_unique"
            ),
        ]
        indexes = [models.Index(fields=["last_used_at"], name="accounts_device_used")]

    def __str__(self) -> str:
        return f"device of {self.person_id}"
