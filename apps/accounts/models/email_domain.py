"""E-mail domains that tenants have proven to be theirs."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import JoinMode
from apps.common.models import BaseModel
from apps.tenants.enums import DomainCheck, DomainState
from apps.tenants.models.domain import TXT_LABEL, TXT_PREFIX


class EmailDomain(BaseModel):
    """What follows the @ in addresses of a tenant's people; a claim until it is verified.

    Proven like a host name of the tenant's own, by a TXT record that holds `token`; without a token staff
    vouch for it. It is verified for one tenant at a time, and as long as its record is there: with
    `proof_missing_since` set, nobody joins by it any more, and after a while it is a claim again
    (docs/adr/0017-a-domain-vouches-while-its-record-is-there.md).
    """

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="email_domains"
    )
    domain = models.CharField(_("e-mail domain"), max_length=253)
    token = models.CharField(_("proof"), max_length=64, blank=True, default="", db_default="")
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    checked_at = models.DateTimeField(_("last checked"), null=True, blank=True)
    proof_missing_since = models.DateTimeField(_("proof missing since"), null=True, blank=True)
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
    join_mode = models.CharField(
        _("joining"),
        max_length=12,
        choices=JoinMode,
        default=JoinMode.OFF,
        db_default=JoinMode.OFF.value,
    )

    class Meta:
        verbose_name = _("e-mail domain")
        constraints = [
            models.CheckConstraint(
                condition=Q(domain__regex=r"^[a-z0-9.-]+$"), name="email_domain_is_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(join_mode=JoinMode.OFF)
                | Q(verified_at__isnull=False, proof_missing_since__isnull=True),
                name="email_domain_joined_while_proven",
            ),
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(verified_at__isnull=False),
                name="email_domain_verified_once",
            ),
            models.UniqueConstraint(fields=["tenant", "domain"], name="email_domain_claimed_once"),
        ]

    def __str__(self) -> str:
        return self.domain

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
        if self.verified_at is None:
            return DomainState.WAITING
        return DomainState.PROOF_MISSING if self.proof_missing_since else DomainState.VERIFIED
