"""What staff do with a tenant's credits: give, take, freeze, revoke, verify, and approve of one another."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.console.acts import Act, ActForm, Report
from apps.console.pages import Facts, Table
from apps.console.tenant_acts_access import NamedForm
from apps.console.tenant_acts_keys import has_schema
from apps.credits.amounts import MAX_MICROCREDITS, credits_format, microcredits_of
from apps.credits.enums import WALLET_ID, AdjustmentState
from apps.credits.models import SPENDABLE, Account, AdjustmentRequest, Entry, Grant, Transaction
from apps.credits.services import (
    account_freeze,
    adjustment_approve,
    adjustment_decline,
    adjustment_request,
    credits_adjust,
    grant_revoke,
    needs_second_person,
)
from apps.credits.verifying import differences
from apps.tenants.models import Tenant

INSIDE = "credits"


class AccountForm(NamedForm):
    """Of the wallet, unless a row led to another account."""

    name_field = "kind"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"named": str(WALLET_ID), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def label(self) -> str | Promise:
        return _("Account, by id; or “wallet”")

    def rows(self) -> QuerySet[Any]:
        return Account.objects.filter(kind__in=SPENDABLE)

    def describe(self, found: Any) -> str:
        return f"{found}, {credits_format(found.balance_microcredits)} credits"


class AmountForm(AccountForm):
    """key: of this form, so that a second press of the button changes nothing more."""

    credits = forms.DecimalField(
        label=_("Credits"),
        min_value=Decimal("0.000001"),
        max_value=Decimal(MAX_MICROCREDITS // 10**6),
        decimal_places=6,
        max_digits=16,
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    field_order = ["named", "credits", "reason", "key"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _(
            "Kept in the history, and shown to the tenant: on its statement and in its audit log."
        )


class GiveForm(AmountForm):
    good_until = forms.DateField(
        label=_("Good until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The last day (UTC). Empty: without end."),
    )
    field_order = ["named", "credits", "good_until", "reason", "key"]

    def clean_good_until(self) -> datetime | None:
        day: date | None = self.cleaned_data["good_until"]
        if day is None:
            return None
        if day < timezone.now().astimezone(UTC).date():
            raise forms.ValidationError(_("This day is over."), code="past")
        return datetime.combine(day + timedelta(days=1), time(), UTC)


class GrantForm(NamedForm):
    name_field = "reference"

    def label(self) -> str | Promise:
        return _("Grant, by id or reference")

    def rows(self) -> QuerySet[Any]:
        return Grant.objects.filter(revoked_at=None)


class RequestForm(NamedForm):
    def label(self) -> str | Promise:
        return _("Id of what was asked for")

    def rows(self) -> QuerySet[Any]:
        return AdjustmentRequest.objects.filter(state=AdjustmentState.PENDING)

    def describe(self, found: Any) -> str:
        return f"{credits_format(found.amount_microcredits, signed=True)} credits: {found.reason}"


def _adjust(actor: Actor, tenant: Tenant, data: dict[str, Any], amount: int) -> str:
    """Do it, or ask a second person; the message that says which."""
    with tenant_context(tenant):
        if needs_second_person(amount):
            adjustment_request(
                actor=actor,
                amount_microcredits=amount,
                reason=data["reason"],
                idempotency_key=data["key"],
                account_id=data["named"],
                credits_expire_at=data.get("good_until"),
            )
            return "This is more than one person may adjust alone: a second one has to approve it."
        credits_adjust(
            actor=actor,
            amount_microcredits=amount,
            reason=data["reason"],
            idempotency_key=f"console:{data['key']}",
            account_id=data["named"],
            expires_at=data.get("good_until"),
        )
    return f"{credits_format(abs(amount))} credits are {'given' if amount > 0 else 'taken'}."


def _give(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> str:
    return _adjust(actor, tenant, data, microcredits_of(data["credits"]))


def _take(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> str:
    return _adjust(actor, tenant, data, -microcredits_of(data["credits"]))


def _freeze(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        account_freeze(actor=actor, is_frozen=True, reason=data["reason"], account_id=data["named"])


def _unfreeze(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        account_freeze(
            actor=actor, is_frozen=False, reason=data["reason"], account_id=data["named"]
        )


def _revoke(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> str:
    with tenant_context(tenant):
        left = grant_revoke(actor=actor, grant_id=data["named"], reason=data["reason"])
    return f"The grant is revoked: {credits_format(left)} credits were left of it."


def _approve(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        adjustment_approve(actor=actor, request_id=data["named"], reason=data["reason"])


def _decline(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        adjustment_decline(actor=actor, request_id=data["named"], reason=data["reason"])


def _verify(_actor: Actor, tenant: Tenant, _data: dict[str, Any]) -> Report:
    with tenant_context(tenant):
        found = differences()
        counts = [
            (name, f"{model.objects.count():,}")
            for name, model in (
                ("Accounts", Account),
                ("Grants", Grant),
                ("Transactions", Transaction),
                ("Entries", Entry),
            )
        ]
    return Report(
        [
            Facts(
                "What was compared",
                [("Differences", f"{len(found):,}" if found else "None: all sound"), *counts],
            ),
            Table(
                "Differences",
                ("What", "Id", "Kept", "By the entries", "Difference"),
                [
                    (
                        one.what.capitalize(),
                        one.id,
                        credits_format(one.kept),
                        credits_format(one.computed),
                        credits_format(one.kept - one.computed, signed=True),
                    )
                    for one in found
                ],
                empty="Everything that is kept is what the entries add up to.",
            ),
        ]
    )


def _limit() -> str:
    above = credits_format(settings.CREDITS_SECOND_PERSON_ABOVE_MICROCREDITS)
    return f"For more than {above} credits a second person has to approve it first."


# What is about the whole; the others are offered by the rows that they are about.
CREDIT_PAGE_ACTS = (
    Act(
        name="give_credits",
        label="Give credits",
        icon="add_card",
        available=has_schema,
        explain=lambda _tenant: [
            "The credits can be spent at once. They are used up by their priority and expiry, as others are.",
            _limit(),
        ],
        run=_give,
        done=lambda _tenant: "The credits are given.",
        form=GiveForm,
        inside=INSIDE,
    ),
    Act(
        name="take_credits",
        label="Take credits",
        icon="remove_circle",
        available=has_schema,
        explain=lambda _tenant: [
            "What is used up first is taken first. What is held or spent stays so.",
            _limit(),
        ],
        run=_take,
        done=lambda _tenant: "The credits are taken.",
        form=AmountForm,
        inside=INSIDE,
        dangerous=True,
    ),
    Act(
        name="verify_credits",
        label="Verify the ledger",
        icon="fact_check",
        available=has_schema,
        explain=lambda _tenant: [
            "Every balance, grant, hold and day of usage is computed anew from the entries, and compared.",
            "Nothing is locked or changed. It reads the whole ledger.",
        ],
        run=_verify,
        done=lambda _tenant: "The ledger is verified.",
        form=ActForm,
        inside=INSIDE,
    ),
)
CREDIT_ACTS = (
    *CREDIT_PAGE_ACTS,
    Act(
        name="freeze_account",
        label="Freeze an account",
        icon="ac_unit",
        available=has_schema,
        explain=lambda _tenant: [
            "Nothing can be spent or held from it until it is let go again; of the wallet: from none.",
            "What is held already can be captured. The tenant reads your reason on its page.",
        ],
        run=_freeze,
        done=lambda _tenant: "The account is frozen.",
        form=AccountForm,
        inside=INSIDE,
        dangerous=True,
    ),
    Act(
        name="unfreeze_account",
        label="Unfreeze an account",
        icon="sunny",
        available=has_schema,
        explain=lambda _tenant: ["Credits can be spent from it again."],
        run=_unfreeze,
        done=lambda _tenant: "The account is open again.",
        form=AccountForm,
        inside=INSIDE,
    ),
    Act(
        name="revoke_grant",
        label="Revoke a grant",
        icon="undo",
        available=has_schema,
        explain=lambda _tenant: [
            "What is left of it is taken back, wherever it lies. What is spent stays spent.",
            "What is held of it is taken back when it is released. It cannot be undone.",
        ],
        run=_revoke,
        done=lambda _tenant: "The grant is revoked.",
        form=GrantForm,
        inside=INSIDE,
        dangerous=True,
    ),
    Act(
        name="approve_adjustment",
        label="Approve an adjustment",
        icon="how_to_reg",
        available=has_schema,
        explain=lambda _tenant: [
            "What another of the staff asked for is carried out, in your name and theirs.",
            "Nobody approves what they asked for themselves.",
        ],
        run=_approve,
        done=lambda _tenant: "The adjustment is approved and made.",
        form=RequestForm,
        inside=INSIDE,
        dangerous=True,
    ),
    Act(
        name="decline_adjustment",
        label="Decline an adjustment",
        icon="block",
        available=has_schema,
        explain=lambda _tenant: ["Nothing changes. Whoever asked can ask again."],
        run=_decline,
        done=lambda _tenant: "The adjustment is declined.",
        form=RequestForm,
        inside=INSIDE,
    ),
)
