"""Maintenance of a tenant, and its place in migrations, as staff decide on them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.common.caching import namespaces
from apps.console.acts import Act, ActForm
from apps.tenants.enums import TenantStatus as S
from apps.tenants.services import (
    caches_clear,
    maintenance_end,
    maintenance_start,
    tenant_mark_canary,
)
from apps.tenants.services.maintenance import MAX_MINUTES


class MaintenanceForm(ActForm):
    message = forms.CharField(
        label=_("Message"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Shown to everybody who opens the workspace. Optional."),
    )
    minutes = forms.IntegerField(
        label=_("Expected to take (minutes)"),
        min_value=1,
        max_value=MAX_MINUTES,
        required=False,
        help_text=_("Told to people and to API clients. It does not end by itself."),
    )


class CachesForm(ActForm):
    namespace = forms.ChoiceField(label=_("Cache"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("All")), *((name, name) for name in namespaces())]
        self.fields["namespace"].choices = choices  # type: ignore[attr-defined]


OPERATION_ACTS = (
    Act(
        name="maintenance",
        label="Begin maintenance",
        icon="construction",
        available=lambda tenant: tenant.status == S.READY and tenant.maintenance_since is None,
        explain=lambda _tenant: [
            (
                "Everybody gets a page that says so, API clients 503 with Retry-After. Tasks and event "
                "handlers of the workspace wait until it ends."
            )
        ],
        run=lambda actor, tenant, data: maintenance_start(
            actor=actor,
            tenant_id=tenant.pk,
            message=data["message"],
            minutes=data["minutes"],
        ),
        done=lambda tenant: f"{tenant.slug} is in maintenance.",
        form=MaintenanceForm,
        bulk=True,
    ),
    Act(
        name="open",
        label="End maintenance",
        icon="play_arrow",
        available=lambda tenant: tenant.maintenance_since is not None,
        explain=lambda _tenant: ["The workspace opens again, and what waited for it goes on."],
        run=lambda actor, tenant, _data: maintenance_end(actor=actor, tenant_id=tenant.pk),
        done=lambda tenant: f"{tenant.slug} is open again.",
        bulk=True,
    ),
    Act(
        name="canary",
        label="Make a canary",
        icon="flag",
        available=lambda tenant: (
            tenant.ready_at is not None and tenant.status != S.DELETING and not tenant.is_canary
        ),
        explain=lambda _tenant: [
            "At a release the workspace is migrated before the others. If that fails, they are not touched."
        ],
        run=lambda actor, tenant, _data: tenant_mark_canary(
            actor=actor, tenant_id=tenant.pk, is_canary=True
        ),
        done=lambda tenant: f"{tenant.slug} is a canary.",
        bulk=True,
    ),
    Act(
        name="uncanary",
        label="No canary any more",
        icon="outlined_flag",
        available=lambda tenant: tenant.is_canary,
        explain=lambda _tenant: ["The workspace is migrated with the others again."],
        run=lambda actor, tenant, _data: tenant_mark_canary(
            actor=actor, tenant_id=tenant.pk, is_canary=False
        ),
        done=lambda tenant: f"{tenant.slug} is no canary any more.",
        bulk=True,
    ),
    Act(
        name="caches",
        label="Clear caches",
        icon="mop",
        available=lambda tenant: tenant.ready_at is not None and tenant.status != S.DELETING,
        explain=lambda _tenant: [
            "What is kept of the workspace is read from the database again, by the next who needs it.",
            "They follow every change by themselves: do this if you doubt that.",
        ],
        run=lambda actor, tenant, data: caches_clear(
            actor=actor, tenant_id=tenant.pk, namespace=data["namespace"]
        ),
        done=lambda tenant: f"The caches of {tenant.slug} are cleared.",
        form=CachesForm,
        bulk=True,
    ),
)
