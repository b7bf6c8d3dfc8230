from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel
from apps.common.urls import slug_host
from apps.tenants.enums import DomainCheck, DomainState
from apps.tenants.models.tenant import Tenant

TXT_LABEL = "_wrapper-challenge"
TXT_PREFIX = "wrapper-verify="
# Looks that found out that the proof is not there; an unanswered one has found out nothing.
NOT_THERE = (DomainCheck.MISSING, DomainCheck.OTHER_VALUE, DomainCheck.NO_DOMAIN)


class Domain(BaseModel):
    """A host name that leads to a tenant once it is verified; until then, a claim that anybody may make.

    Subdomains of the base domain are ours and verified from the start: one is the slug's, the others are
    old ones that redirect. Another name is verified by a TXT record that holds `token`; the check can be
    run again, and `check_error` says what it found missing. Without a token no proof is needed: staff
    vouch for it.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(_("domain"), max_length=253)
    token = models.CharField(_("proof"), max_length=64, blank=True, default="", db_default="")
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    checked_at = models.DateTimeField(_("last checked"), null=True, blank=True)
    check_code = models.CharField(
        _("outcome of the last check"),
        max_length=12,
        choices=DomainCheck,
        blank=True,
        default="",
        db_default="",
    )
    check_error = models.CharField(
        _("found at the last check"), max_length=300, blank=True, default="", db_default=""
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(domain__regex=r"^[a-z0-9.-]+$"), name="domain_is_lower_case_host"
            ),
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(verified_at__isnull=False),
                name="domain_verified_once",
            ),
            models.UniqueConstraint(fields=["tenant", "domain"], name="domain_claimed_once"),
        ]

    def __str__(self) -> str:
        return self.domain

    @property
    def is_subdomain(self) -> bool:
        """Whether it is one of the platform's own names, which need no proof."""
        return self.domain.endswith(f".{settings.BASE_DOMAIN}")

    @property
    def is_current_subdomain(self) -> bool:
        """Whether it is the subdomain of the tenant's slug, which stays as long as the tenant."""
        return self.domain == slug_host(self.tenant.slug)

    @property
    def is_alias(self) -> bool:
        """Whether it is an old subdomain, whose pages redirect."""
        return self.tenant.is_alias(self.domain)

    @property
    def is_primary(self) -> bool:
        return self.domain == self.tenant.host

    @property
    def needs_proof(self) -> bool:
        return bool(self.token)

    @property
    def txt_name(self) -> str | None:
        """Where the record has to be; None where no proof is needed."""
        return f"{TXT_LABEL}.{self.domain}" if self.token else None

    @property
    def txt_value(self) -> str | None:
        return f"{TXT_PREFIX}{self.token}" if self.token else None

    @property
    def state(self) -> DomainState:
        if self.is_alias:
            return DomainState.REDIRECTS
        if self.verified_at is None:
            return DomainState.WAITING
        return DomainState.PROOF_MISSING if self.check_code in NOT_THERE else DomainState.VERIFIED
