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


class DomainCheck(models.TextChoices):
    """What a look for the proof of a domain came to."""

    FOUND = "found", _("The record is there")
    MISSING = "missing", _("No record found")
    OTHER_VALUE = "other_value", _("The record has another value")
    NO_DOMAIN = "no_domain", _("The domain does not exist")
    NO_ANSWER = "no_answer", _("DNS did not answer")
    IN_USE = "in_use", _("In use by another workspace")


class DomainState(models.TextChoices):
    """What a domain does for its tenant, as people are told. Derived, not stored."""

    VERIFIED = "verified", _("Verified")
    WAITING = "waiting", _("Waiting for proof")
    PROOF_MISSING = "proof_missing", _("Proof missing")
    REDIRECTS = "redirects", _("Redirects")
