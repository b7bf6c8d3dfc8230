"""Copies of a tenant: an archive for its owners, and a sandbox with its people masked."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.selectors import person_by_email
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.console.acts import Act, ActForm
from apps.tenants.models import Tenant
from apps.tenants.services import export_request, tenant_clone
from apps.tenants.services.exports import is_exportable


class CloneForm(ActForm):
    name = forms.CharField(label=_("Name"), max_length=100)
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text=_("Lower-case letters, digits and hyphens. It becomes the host name."),
    )
    owner_email = forms.EmailField(
        label=_("Owner’s e-mail address"),
        max_length=254,
        help_text=_("A person who has an account already: the only one who gets in."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.obj is not None:
            self.initial = {
                "name": f"{self.obj.name[:90]} sandbox",
                "slug": f"{self.obj.slug[:32]}-sandbox",
            }


def _clone(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> Tenant:
    owner = person_by_email(data["owner_email"])
    if owner is None:
        raise InvalidInput.field(
            "owner_email", _("Nobody has an account with this address."), "unknown_person"
        )
    return tenant_clone(
        actor=actor,
        tenant_id=tenant.pk,
        slug=data["slug"],
        name=data["name"],
        owner_person_id=owner.pk,
    )


COPY_ACTS = (
    Act(
        name="export",
        label="Export",
        icon="archive",
        available=is_exportable,
        explain=lambda _tenant: [
            (
                "A worker writes an archive with all data and files of the workspace. Its owners find it "
                "on their page Settings, Export."
            ),
            "You cannot download it: what is in a workspace is its members’ business.",
        ],
        run=lambda actor, tenant, _data: export_request(actor=actor, tenant_id=tenant.pk),
        done=lambda tenant: f"An export of {tenant.slug} is under way.",
    ),
    Act(
        name="clone",
        label="Copy to a sandbox",
        icon="content_copy",
        available=lambda tenant: tenant.is_ready,
        explain=lambda _tenant: [
            (
                "A worker makes a new workspace with all rows of this one. Names and addresses of people "
                "are replaced, open invitations are taken back, files are not copied. Other texts, as "
                "names of organizations, stay as they are."
            ),
            "Nobody but its owner gets in. This workspace is not changed.",
        ],
        run=_clone,
        done=lambda tenant: f"A sandbox copy of {tenant.slug} is being provisioned.",
        form=CloneForm,
    ),
)
