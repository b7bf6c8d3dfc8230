"""People, which tenants they belong to, and the tokens that speak for them. Public schema."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import Language, RevokedReason, SigningKeyState
from apps.accounts.managers import PersonManager, normalize_email
from apps.accounts.validators import validate_printable, validate_time_zone
from apps.common.models import BaseModel


class Person(AbstractBaseUser, PermissionsMixin, BaseModel):
    """A human being with one account on the platform, whatever number of tenants they work in."""

    email = models.EmailField(
        _("e-mail address"),
        unique=True,
        max_length=254,
        error_messages={"unique": _("Somebody has an account with this address.")},
    )
    name = models.CharField(_("name"), max_length=150, validators=[validate_printable])
    language = models.CharField(
        _("language"), max_length=8, choices=Language.choices, default=Language.ENGLISH
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    is_staff = models.BooleanField(
        _("platform staff"), default=False, help_text=_("May open the console.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("An inactive person cannot sign in.")
    )

    objects = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            # The column's own unique index serves look-ups; this one holds where code forgets to
            # store lower case.
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_person_email_ci_unique",
                violation_error_message=_("Somebody has an account with this address."),
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = normalize_email(self.email)
        self.name = " ".join(self.name.split())

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Leaves the address to the field's own uniqueness, so that it is said once."""
        super().validate_constraints(exclude={*(exclude or ()), "email"})

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.first_name

    @property
    def first_name(self) -> str:
        """What a page calls them: the first word of the name, else the address before the @."""
        return self.name.split(" ", 1)[0] or self.email.partition("@")[0]

    @property
    def initials(self) -> str:
        """One or two letters for an avatar."""
        words = self.name.split() or [self.email]
        letters = words[0][:1] + (words[-1][:1] if len(words) > 1 else "")
        return letters.upper()


class TenantMembership(BaseModel):
    """That a person may enter a tenant. What they may do there is the tenant's own data."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="memberships"
    )

    class Meta:
        verbose_name = _("membership")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "tenant"], name="accounts_membership_person_tenant_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.tenant_id}"


class SigningKey(BaseModel):
    """An RSA key pair that signs access tokens from `signs_from` to `retired_at`.

    It is published before, so that verifiers know it in time, and after, until the last token that it
    signed has expired. A revoked key verifies nothing any more. The private half is empty once it is of
    no use.
    """

    kid = models.CharField(_("key id"), max_length=64, unique=True)
    private_key_encrypted = models.BinaryField()
    public_jwk = models.JSONField()
    signs_from = models.DateTimeField(_("signs from"), default=timezone.now, db_default=Now())
    retired_at = models.DateTimeField(_("signs until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("signing key")

    def __str__(self) -> str:
        return self.kid

    @property
    def verifies_until(self) -> datetime | None:
        """When the last token that it signed has expired; None while it is to sign."""
        if self.retired_at is None:
            return None
        return self.retired_at + timedelta(seconds=signing_key_fades_s())

    @property
    def state(self) -> SigningKeyState:
        now = timezone.now()
        if self.revoked_at is not None:
            return SigningKeyState.REVOKED
        if self.signs_from > now:
            return SigningKeyState.NEXT
        if self.retired_at is None or self.retired_at > now:
            return SigningKeyState.SIGNING
        fades_at = self.retired_at + timedelta(seconds=signing_key_fades_s())
        return SigningKeyState.RETIRED if fades_at <= now else SigningKeyState.VERIFYING


def signing_key_fades_s() -> int:
    """How long a key verifies after it has signed last.

    A process learns of its successor when it reads the keys again, so it may sign a little longer.
    """
    return settings.ACCESS_TOKEN_LIFETIME_S + settings.SIGNING_KEY_CACHE_S


class TokenSession(BaseModel):
    """A sign-in by API: the family of refresh tokens that descend from one password entry.

    tenant: the only tenant that its tokens are good for; None: any that the person belongs to.
    """

    without_row_level_security = "a person's rows, found by a secret before any tenant is known"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="token_sessions")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=32, choices=RevokedReason.choices, blank=True)

    class Meta:
        verbose_name = _("token session")
        indexes = [
            models.Index(fields=["person", "id"], name="accounts_toksess_person"),
            models.Index(fields=["expires_at"], name="accounts_toksess_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} since {self.created_at:%Y-%m-%d}"

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


class RefreshToken(BaseModel):
    """One link of a session's chain. Only the SHA-256 of the token is kept."""

    session = models.ForeignKey(
        TokenSession, on_delete=models.CASCADE, related_name="refresh_tokens"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("refresh token")

    def __str__(self) -> str:
        return f"refresh token of {self.session_id}"
