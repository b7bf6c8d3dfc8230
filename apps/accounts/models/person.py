"""People and which tenants they may enter."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import Language
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

    epoch = models.PositiveIntegerField(
        _("epoch"),
        default=0,
        db_default=0,
        help_text=_("Tokens that were issued under an earlier one are void."),
    )
    provider_tokens_since = models.DateTimeField(
        _("tokens of a provider are good since"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Access tokens that an identity provider issued before then are void."),
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
