"""Addresses of tenants, as staff change them."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.common.urls import slug_host
from apps.console.acts import Act, ReasonForm
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_readdress
from apps.tenants.services.addresses import SETTLED


class ReaddressForm(ReasonForm):
    slug = forms.CharField(
        label=_("New address"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text=_("Lower-case letters, digits and hyphens. It becomes the host name."),
    )
    field_order = ["slug", "reason"]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if self.obj is not None and slug.strip().lower() == self.obj.slug:
            raise forms.ValidationError(_("This is the present address."), code="unchanged")
        return slug


def _explain(tenant: Tenant | None) -> list[str]:
    if tenant is None:
        return []
    return [
        f"The workspace moves from {slug_host(tenant.slug)} to the new subdomain at once.",
        (
            "The old one stays its own: pages redirect, the API is served as before, and nobody else can "
            "take the name until it is removed. The schema keeps its name."
        ),
    ]


ADDRESS_ACTS = (
    Act(
        name="readdress",
        label="Change address",
        icon="alternate_email",
        available=lambda tenant: tenant.status in SETTLED,
        explain=_explain,
        run=lambda actor, tenant, data: tenant_readdress(
            actor=actor, tenant_id=tenant.pk, slug=data["slug"], reason=data["reason"]
        ),
        done=lambda tenant: f"The address of {tenant.name} is changed.",
        form=ReaddressForm,
    ),
)
