from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.tenants.enums import MigrationStatus


class PooledSchema(BaseModel):
    """A schema with all tables and a role, built ahead, that a new tenant takes by renaming it.

    template_version: the template's version at the time; one of another version is not taken.
    """

    schema_name = models.CharField(max_length=63, unique=True)
    template_version = models.CharField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["template_version"], name="pooled_schema_version")]

    def __str__(self) -> str:
        return self.schema_name


class MigrationRun(BaseModel):
    """One run of migrate_tenants: what it is to reach, and how far it is (in its targets).

    version: schemas.version_of() the migrations that the release knows. It is the template's version then,
    unless a newer release has been there.
    """

    status = models.CharField(
        _("status"), max_length=12, choices=MigrationStatus, default=MigrationStatus.RUNNING
    )
    version = models.CharField(_("version"), max_length=32)
    actor = models.CharField(_("by"), max_length=254)
    canaries = models.PositiveIntegerField(_("canaries"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"migration of {self.created_at:%Y-%m-%d %H:%M}"


class MigrationTarget(BaseModel):
    """One schema that a run brings up to date; the template's has the tenant's id 0.

    Where migrations are replayed, the mark `done` commits with them. Where Django's executor runs them it
    follows them, and the next scan finds what is done without a mark.
    """

    run = models.ForeignKey(MigrationRun, on_delete=models.CASCADE, related_name="targets")
    tenant_id = models.UUIDField(_("tenant"))
    schema_name = models.CharField(_("schema"), max_length=63)
    wave = models.PositiveSmallIntegerField(_("wave"))
    status = models.CharField(
        _("status"), max_length=12, choices=MigrationStatus, default=MigrationStatus.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    migrations = models.PositiveSmallIntegerField(_("migrations run"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    duration_ms = models.PositiveIntegerField(_("took (ms)"), default=0)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ("wave", "schema_name")
        constraints = [
            models.UniqueConstraint(fields=["run", "schema_name"], name="migration_target_once")
        ]
        indexes = [models.Index(fields=["run", "status", "wave"], name="migration_target_open")]

    def __str__(self) -> str:
        return self.schema_name
