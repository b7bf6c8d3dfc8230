"""What a workspace asks of those who sign in to it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.common.models import BaseModel


class SignInPolicy(BaseModel):
    """A workspace's rules; no row: the defaults. Each field has a `db_default`, the one that applies then."""

    tenant = models.OneToOneField(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="sign_in_policy"
    )
    require_mfa = models.BooleanField(
        _("second factor required"),
        default=False,
        db_default=False,
        help_text=_("Everybody signs in with a second factor or a passkey."),
    )
    allow_support = models.BooleanField(
        _("support may act for members"),
        default=True,
        db_default=True,
        help_text=_(
            "The platform's staff can come in as a member, with a reason, for an hour at most."
        ),
    )

    class Meta:
        verbose_name = _("sign-in policy")
        verbose_name_plural = _("sign-in policies")

    def __str__(self) -> str:
        return f"sign-in policy of {self.tenant_id}"
