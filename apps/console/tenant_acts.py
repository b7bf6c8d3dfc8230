"""The life cycle of a tenant, as staff drive it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.console import rendering as r
from apps.console.acts import Act, ActForm, ReasonForm
from apps.console.tenant_acts_copies import COPY_ACTS
from apps.tenants.enums import TenantStatus as S
from apps.tenants.models import Tenant
from apps.tenants.services import (
    TRANSITIONS,
    tenant_delete,
    tenant_resume,
    tenant_retry,
    tenant_suspend,
)


class OptionalReasonForm(ActForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Optional. Kept in the history, with your name."),
    )


class DeleteForm(ReasonForm):
    slug = forms.CharField(
        label=_("Type the tenant’s address to confirm"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["reason", "slug"]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if self.obj is None or slug != self.obj.slug:
            raise forms.ValidationError(_("This is not the tenant’s address."), code="mismatch")
        return slug


class TenantCreateForm(forms.Form):
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
        help_text=_("A person who has an account already."),
    )

    def unknown_owner(self) -> InvalidInput:
        return InvalidInput.field(
            "owner_email", _("Nobody has an account with this address."), "unknown_person"
        )


def _can_become(state: S, *, of: tuple[S, ...] = tuple(S)) -> Callable[[Tenant], bool]:
    def check(tenant: Tenant) -> bool:
        return tenant.status in of and state in TRANSITIONS[S(tenant.status)]

    return check


def _can_reopen(*states: S) -> Callable[[Tenant], bool]:
    def check(tenant: Tenant) -> bool:
        return (
            tenant.status in states
            and tenant.ready_at is not None
            and tenant.purge_started_at is None
        )

    return check


def _explain_delete(tenant: Any | None) -> list[str]:
    if tenant is None:
        return []
    days = settings.TENANT_DELETE_GRACE_DAYS
    due = r.exact(timezone.now() + timedelta(days=days))
    domains = ", ".join(tenant.domains.order_by("domain").values_list("domain", flat=True))
    return [
        "The workspace closes now: nobody can open it any more.",
        (
            f"After {days} days, on {due}, these are deleted for good: the schema "
            f"{tenant.schema_name} with all of the tenant’s data, its files and archives, "
            f"{tenant.member_count} memberships, the domains ({domains}) and the history. "
            "The members’ own accounts stay."
        ),
        "Until then the deletion can be called off on the tenant’s page.",
    ]


TENANT_ACTS = (
    Act(
        name="resume",
        label="Resume",
        icon="play_arrow",
        available=_can_reopen(S.SUSPENDED, S.ARCHIVED),
        explain=lambda _tenant: ["The workspace opens again for all of its members, at once."],
        run=lambda actor, tenant, data: tenant_resume(
            actor=actor, tenant_id=tenant.pk, reason=data["reason"]
        ),
        done=lambda tenant: f"{tenant.slug} is open again.",
        form=OptionalReasonForm,
        bulk=True,
    ),
    Act(
        name="retry",
        label="Retry provisioning",
        icon="refresh",
        available=_can_become(S.PENDING, of=(S.FAILED,)),
        explain=lambda _tenant: [
            "Provisioning starts again from the step that failed; finished steps are not repeated."
        ],
        run=lambda actor, tenant, _data: tenant_retry(actor=actor, tenant_id=tenant.pk),
        done=lambda tenant: f"{tenant.slug} is being provisioned again.",
        bulk=True,
    ),
    Act(
        name="keep",
        label="Call deletion off",
        icon="undo",
        available=_can_reopen(S.DELETING),
        explain=lambda _tenant: [
            (
                "Nothing is deleted, and the workspace opens again for all of its members, "
                "also if it was suspended before."
            )
        ],
        run=lambda actor, tenant, data: tenant_resume(
            actor=actor, tenant_id=tenant.pk, reason=data["reason"]
        ),
        done=lambda tenant: f"The deletion of {tenant.slug} is called off.",
        form=OptionalReasonForm,
    ),
    Act(
        name="suspend",
        label="Suspend",
        icon="pause",
        available=_can_become(S.SUSPENDED),
        explain=lambda _tenant: [
            (
                "The workspace closes for everybody on their next request. Its data stays, "
                "and it can be resumed at any time."
            )
        ],
        run=lambda actor, tenant, data: tenant_suspend(
            actor=actor, tenant_id=tenant.pk, reason=data["reason"]
        ),
        done=lambda tenant: f"{tenant.slug} is suspended.",
        form=ReasonForm,
        bulk=True,
    ),
    *COPY_ACTS,
    Act(
        name="delete",
        label="Request deletion",
        icon="delete",
        available=_can_become(S.DELETING),
        explain=_explain_delete,
        run=lambda actor, tenant, data: tenant_delete(
            actor=actor, tenant_id=tenant.pk, reason=data["reason"]
        ),
        done=lambda tenant: f"{tenant.slug} is closed and will be deleted.",
        form=DeleteForm,
        dangerous=True,
    ),
)
