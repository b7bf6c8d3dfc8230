from django.db import models
from django.utils.translation import gettext_lazy as _

# The step of provisioning that makes a tenant's schema; done already where it came from the pool.
SCHEMA_STEP_NAME = "schema"


class TenantStatus(models.TextChoices):
    """States of a tenant's life; TRANSITIONS in `services` says how they follow each other."""

    PENDING = "pending", _("Pending")
    PROVISIONING = "provisioning", _("Provisioning")
    READY = "ready", _("Ready")
    SUSPENDED = "suspended", _("Suspended")
    ARCHIVED = "archived", _("Archived")
    DELETING = "deleting", _("Deleting")
    FAILED = "failed", _("Failed")


class ExportStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


class MigrationStatus(models.TextChoices):
    """Of a run: running, done, failed, abandoned (another took over). Of a target: pending, done, failed."""

    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    ABANDONED = "abandoned", _("Abandoned")
