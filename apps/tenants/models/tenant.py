from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tenants.models import TenantMixin

from apps.common.errors import Unavailable
from apps.common.models import BaseModel
from apps.common.tenancy import TenantRef
from apps.common.urls import host_url, slug_host
from apps.tenants.enums import TenantStatus

# How long a client is asked to wait where nobody said when a maintenance ends.
MAINTENANCE_RETRY_S = 30


class Tenant(BaseModel, TenantMixin):
    """A customer's workspace: one schema, one or more domains, one state."""

    auto_create_schema = False

    slug = models.CharField(_("address"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    status = models.CharField(
        _("status"), max_length=12, choices=TenantStatus, default=TenantStatus.PENDING
    )
    status_reason = models.CharField(_("reason"), max_length=500, blank=True)
    owner_person_id = models.UUIDField(_("owner"), help_text=_("Person who created the workspace."))

    steps_done = models.JSONField(_("provisioning steps done"), default=list, blank=True)
    attempts = models.PositiveSmallIntegerField(_("failed attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    ready_at = models.DateTimeField(_("ready since"), null=True, blank=True)
    delete_after = models.DateTimeField(_("deleted after"), null=True, blank=True)
    purge_started_at = models.DateTimeField(
        _("deletion began"),
        null=True,
        blank=True,
        help_text=_("From then on there is no way back."),
    )

    primary_host = models.CharField(
        _("primary host"),
        max_length=253,
        blank=True,
        default="",
        db_default="",
        help_text=_("Host name that links lead to; empty: the subdomain."),
    )
    maintenance_since = models.DateTimeField(_("in maintenance since"), null=True, blank=True)
    maintenance_until = models.DateTimeField(
        _("maintenance expected to end"), null=True, blank=True
    )
    maintenance_message = models.CharField(
        _("maintenance message"), max_length=300, blank=True, default="", db_default=""
    )
    accent_color = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        default="",
        db_default="",
        help_text=_("#rrggbb, of buttons in mails; empty: the platform's."),
    )
    mail_footer = models.CharField(
        _("at the end of mails"), max_length=300, blank=True, default="", db_default=""
    )
    allowed_origins = ArrayField(
        models.CharField(max_length=260),
        verbose_name=_("allowed origins"),
        blank=True,
        default=list,
        db_default=[],
        help_text=_("Whose pages may call the API, such as https://app.example.com."),
    )
    is_canary = models.BooleanField(
        _("canary"),
        default=False,
        db_default=False,
        help_text=_("Migrated before the others at a release."),
    )
    cloned_from_id = models.UUIDField(
        _("copy of"), null=True, blank=True, help_text=_("Tenant whose masked copy this is.")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z][a-z0-9-]*[a-z0-9]$"),
                name="tenant_slug_is_dns_label",
            ),
            models.CheckConstraint(
                condition=Q(schema_name__regex=r"^t_[a-z0-9_]{1,60}$"), name="tenant_schema_name"
            ),
        ]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="tenant_status_due")]

    def __str__(self) -> str:
        return self.slug

    @property
    def ref(self) -> TenantRef:
        return TenantRef(id=self.id, slug=self.slug, schema_name=self.schema_name)

    @property
    def is_ready(self) -> bool:
        return self.status == TenantStatus.READY

    @property
    def unavailable(self) -> Unavailable | None:
        """What requests get instead of an answer while the workspace is in maintenance."""
        if self.maintenance_since is None:
            return None
        wait_s = MAINTENANCE_RETRY_S
        if self.maintenance_until is not None:
            left_s = int((self.maintenance_until - timezone.now()).total_seconds())
            wait_s = max(MAINTENANCE_RETRY_S, min(left_s, 3600))
        return Unavailable(
            self.maintenance_message
            or _(
                "This workspace is being looked after. Its data is safe; try again in a few minutes."
            ),
            code="tenant_maintenance",
            headers={"Retry-After": str(wait_s)},
        )

    @property
    def is_sandbox(self) -> bool:
        """Whether this is a masked copy of another tenant."""
        return self.cloned_from_id is not None

    @property
    def host(self) -> str:
        """The host name that links lead to: the primary domain, else the subdomain."""
        return self.primary_host or slug_host(self.slug)

    def url(self, path: str = "/") -> str:
        """Absolute address of `path` in this workspace, on its primary host."""
        return host_url(self.host, path)

    def is_alias(self, host: str) -> bool:
        """Whether a host that leads here is an old subdomain. host: lower case, without port."""
        return host.endswith(f".{settings.BASE_DOMAIN}") and host != slug_host(self.slug)


class TenantEvent(BaseModel):
    """One entry of a tenant's history: what happened, by whom, why."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="history")
    action = models.CharField(_("action"), max_length=40)
    from_status = models.CharField(_("from"), max_length=12, choices=TenantStatus, blank=True)
    to_status = models.CharField(_("to"), max_length=12, choices=TenantStatus)
    actor = models.CharField(_("by"), max_length=254)
    reason = models.TextField(_("reason"), blank=True)
    is_internal = models.BooleanField(
        _("internal"),
        default=True,
        db_default=True,
        help_text=_(
            "An act of the platform: the tenant sees that it happened, not by whom and why."
        ),
    )

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [models.Index(fields=["tenant", "-created_at"], name="tenant_event_history")]

    def __str__(self) -> str:
        return f"{self.action}: {self.from_status or '-'} → {self.to_status}"
