"""OpenID providers, and who people are there."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import ClientAuthentication, ProviderState
from apps.accounts.models.person import Person
from apps.common.models import BaseModel


class IdentityProvider(BaseModel):
    """An OpenID provider. tenant: whose it is; None: the platform's, whose secret is in the environment.

    The endpoints are what its discovery document said at discovered_at. break_glass_ids: people who may
    sign in by password where the provider is enforced. default_role_id: what somebody gets who joins by
    it; None: nobody does.
    """

    tenant = models.ForeignKey(
        "tenants.Tenant",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="identity_providers",
    )
    name = models.CharField(_("name"), max_length=60)
    state = models.CharField(
        _("state"), max_length=12, choices=ProviderState.choices, default=ProviderState.DRAFT
    )
    discovery_url = models.CharField(_("discovery URL"), max_length=2000)
    issuer = models.CharField(_("issuer"), max_length=2000)
    authorization_endpoint = models.CharField(max_length=2000)
    token_endpoint = models.CharField(max_length=2000)
    userinfo_endpoint = models.CharField(max_length=2000, blank=True)
    jwks_uri = models.CharField(max_length=2000)
    end_session_endpoint = models.CharField(max_length=2000, blank=True)
    names_issuer = models.BooleanField(
        default=False, help_text=_("Its answers to the browser say who sends them (RFC 9207).")
    )
    discovered_at = models.DateTimeField(default=timezone.now)
    client_id = models.CharField(_("client ID"), max_length=255)
    client_secret_encrypted = models.BinaryField(default=bytes)
    client_authentication = models.CharField(
        max_length=8, choices=ClientAuthentication.choices, default=ClientAuthentication.BASIC
    )
    scopes = models.CharField(max_length=300, default="openid email profile")
    algorithms: "models.Field[list[str], list[str]]" = ArrayField(models.CharField(max_length=8))
    groups_claim = models.CharField(_("groups claim"), max_length=80, default="groups")
    default_role_id = models.UUIDField(_("role of those who join"), null=True, blank=True)
    break_glass_ids: "models.Field[list[object], list[object]]" = ArrayField(
        models.UUIDField(), default=list, blank=True
    )
    last_tested_at = models.DateTimeField(_("last tested"), null=True, blank=True)
    last_test_error = models.CharField(max_length=300, blank=True)
    last_test_claims = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("identity provider")
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="accounts_idp_tenant_unique"),
            models.UniqueConstraint(
                models.Value(1), condition=Q(tenant=None), name="accounts_idp_one_of_platform"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on(self) -> bool:
        """Whether people may sign in by it."""
        return self.state in (ProviderState.ON, ProviderState.ENFORCED)

    @property
    def is_enforced(self) -> bool:
        return self.state == ProviderState.ENFORCED


class ExternalIdentity(BaseModel):
    """That a subject of a provider is a person here. tenant: the provider's, for row-level security.

    email: what the provider said last; it decides nothing.
    """

    provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="identities"
    )
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True)
    issuer = models.CharField(max_length=2000)
    subject = models.CharField(max_length=255)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="external_identities")
    email = models.EmailField(max_length=254, blank=True)
    last_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("external identity")
        verbose_name_plural = _("external identities")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "issuer", "subject"], name="accounts_extid_subject_unique"
            ),
            # Another subject with a person's address may be another person, who has the address now.
            models.UniqueConstraint(
                fields=["provider", "issuer", "person"], name="accounts_extid_person_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class ProviderOrganization(BaseModel):
    """Which tenant an organization of the platform's provider is (Kinde's org_code)."""

    provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="organizations"
    )
    code = models.CharField(_("organization code"), max_length=120)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE)

    class Meta:
        verbose_name = _("provider's organization")
        constraints = [
            models.UniqueConstraint(fields=["provider", "code"], name="accounts_idporg_code_unique")
        ]

    def __str__(self) -> str:
        return self.code
