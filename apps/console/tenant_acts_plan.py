"""What staff change of a tenant's plan: each with a reason, for the history."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.models import AddOn, EntitlementOverride, PlanVersion
from apps.billing.reconciling import reconcile
from apps.billing.services import add_on_set, override_set, override_withdraw, plan_assign
from apps.common.actors import Actor
from apps.common.entitlements import Granted, entitlements
from apps.common.errors import Conflict, InvalidInput
from apps.common.ids import parse_uuid
from apps.console.acts import Act, ReasonForm
from apps.console.plan_terms import value_read

MAX_DAYS = 3650


class AssignForm(ReasonForm):
    version = forms.ChoiceField(label=_("Plan"))
    charge = forms.ChoiceField(
        label=_("Charge"),
        choices=[("plan", _("As the plan says")), ("comp", _("Free of charge"))],
    )
    field_order = ["version", "charge", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = PlanVersion.objects.filter(published_at__isnull=False).select_related("plan")
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            (str(one.pk), f"{one}{' (not sold any more)' if one.retired_at else ''}")
            for one in versions.order_by("plan__position", "-number")
        ]


class AddOnForm(ReasonForm):
    add_on = forms.ChoiceField(label=_("Add-on"))
    quantity = forms.IntegerField(
        label=_("Quantity"), min_value=0, max_value=1000, help_text=_("0 takes it away.")
    )
    field_order = ["add_on", "quantity", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["add_on"].choices = [  # type: ignore[attr-defined]
            (str(one.pk), str(one)) for one in AddOn.objects.order_by("position", "code")
        ]


class OverrideForm(ReasonForm):
    code = forms.ChoiceField(label=_("Entitlement"))
    value = forms.CharField(
        label=_("Value"), max_length=20, help_text=_("A number, on, off or unlimited.")
    )
    above = forms.ChoiceField(
        label=_("Above it"),
        choices=[("refuse", _("Refuse")), ("allow", _("Let through, and note it"))],
    )
    days = forms.IntegerField(
        label=_("Expires after (days)"),
        required=False,
        min_value=1,
        max_value=MAX_DAYS,
        help_text=_("Empty: it stays until somebody withdraws it."),
    )
    field_order = ["code", "value", "above", "days", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [  # type: ignore[attr-defined]
            (code, f"{one.label} ({code})") for code, one in entitlements().items()
        ]


class WithdrawForm(ReasonForm):
    code = forms.CharField(label=_("Entitlement"), max_length=80)
    field_order = ["code", "reason"]


def _assign(actor: Actor, tenant: Any, data: dict[str, Any]) -> None:
    version_id = parse_uuid(data["version"])
    if version_id is None:
        raise InvalidInput.field("version", _("Choose a plan."))
    plan_assign(
        actor=actor,
        tenant_id=tenant.pk,
        plan_version_id=version_id,
        is_comp=data["charge"] == "comp",
        reason=data["reason"],
    )


def _set_add_on(actor: Actor, tenant: Any, data: dict[str, Any]) -> None:
    add_on_id = parse_uuid(data["add_on"])
    if add_on_id is None:
        raise InvalidInput.field("add_on", _("Choose an add-on."))
    add_on_set(
        actor=actor,
        tenant_id=tenant.pk,
        add_on_id=add_on_id,
        quantity=data["quantity"],
        reason=data["reason"],
    )


def _set_override(actor: Actor, tenant: Any, data: dict[str, Any]) -> None:
    days = data["days"]
    override_set(
        actor=actor,
        tenant_id=tenant.pk,
        code=data["code"],
        granted=Granted(value_read(data["value"], "value"), data["above"] == "allow"),
        reason=data["reason"],
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )


def _reconcile(actor: Actor, tenant: Any, _data: dict[str, Any]) -> None:
    report = reconcile(actor=actor, tenant=tenant)
    if report.waiting:
        raise Conflict(_("Events of Stripe are being worked on. Try again in a minute."))
    if report.left:
        words = ", ".join(f"{one.kind} ({one.object_id}: {one.remedy})" for one in report.left)
        raise Conflict(_("Left for a person: %s") % words)


PLAN_ACTS = (
    Act(
        name="assign_plan",
        label="Assign a plan",
        icon="sell",
        available=lambda tenant: tenant.purge_started_at is None,
        explain=lambda _tenant: [
            "It holds from the next request on. What the tenant has above it stays, and nothing is added.",
            "What is charged for is settled elsewhere: choose “Free of charge” for a plan that is given.",
        ],
        run=_assign,
        done=lambda tenant: f"{tenant.slug} has the plan.",
        form=AssignForm,
        inside="plan",
    ),
    Act(
        name="set_add_on",
        label="Set an add-on",
        icon="add_shopping_cart",
        available=lambda tenant: tenant.purge_started_at is None and AddOn.objects.exists(),
        explain=lambda _tenant: [
            "Its limits are added to the plan's, as often as its quantity says."
        ],
        run=_set_add_on,
        done=lambda tenant: f"The add-ons of {tenant.slug} are changed.",
        form=AddOnForm,
        inside="plan",
    ),
    Act(
        name="set_override",
        label="Set an override",
        icon="tune",
        available=lambda tenant: tenant.purge_started_at is None,
        explain=lambda _tenant: [
            "It holds instead of what the plan and the add-ons say, until it expires or is withdrawn.",
            "An override of before for the same entitlement is replaced.",
        ],
        run=_set_override,
        done=lambda tenant: f"The override of {tenant.slug} is set.",
        form=OverrideForm,
        inside="plan",
    ),
    Act(
        name="withdraw_override",
        label="Withdraw an override",
        icon="undo",
        available=lambda tenant: EntitlementOverride.objects.filter(tenant_id=tenant.pk).exists(),
        explain=lambda _tenant: ["What the plan and the add-ons say holds again."],
        run=lambda actor, tenant, data: override_withdraw(
            actor=actor, tenant_id=tenant.pk, code=data["code"], reason=data["reason"]
        ),
        done=lambda tenant: f"The override of {tenant.slug} is withdrawn.",
        form=WithdrawForm,
        inside="plan",
        dangerous=True,
    ),
    Act(
        name="reconcile",
        label="Reconcile with Stripe",
        icon="compare_arrows",
        available=lambda tenant: bool(
            settings.STRIPE_SECRET_KEY and tenant.purge_started_at is None
        ),
        explain=lambda _tenant: [
            "What Stripe has of the customer, the subscription, and invoices of 40 days is compared.",
            "What differs here is taken over from Stripe. Nothing is changed there.",
        ],
        run=_reconcile,
        done=lambda tenant: f"{tenant.slug} is as Stripe has it.",
        inside="plan",
    ),
)
