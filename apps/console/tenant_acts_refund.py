"""Giving back what a tenant paid."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.invoices import InvoiceLine, invoices_of
from apps.billing.services import invoice_refund
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.common.money import money_parse
from apps.console.acts import Act, ReasonForm

CHOICES = 100
READER = Actor.system("console")


class RefundForm(ReasonForm):
    """key: of this form, so that a second press of the button gives back nothing more."""

    invoice = forms.ChoiceField(label=_("Invoice"))
    amount = forms.CharField(
        label=_("Amount"),
        max_length=20,
        required=False,
        help_text=_("In the invoice’s currency, as 9.90. Empty: all that is left of it."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    field_order = ["invoice", "amount", "reason", "key"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _(
            "Kept in the history, and shown to the tenant: on the credit note and in its audit log."
        )
        rows = invoices_of(READER, self.obj.pk).order_by("-created", "-id")[:CHOICES]
        self.lines = {one.id: one for one in map(InvoiceLine.of, rows)}
        choices = [
            (one.id, f"{one.number or one.id}, {one.refundable} left of {one.total}")
            for one in self.lines.values()
            if one.refundable.amount_minor
        ]
        self.fields["invoice"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            self.fields["invoice"].help_text = _("Nothing was paid that could be given back.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        text, line = data.get("amount"), self.lines.get(data.get("invoice", ""))
        if text and line is not None:
            try:
                data["amount_minor"] = money_parse(text, line.total.currency).amount_minor
            except InvalidInput as error:
                self.add_error("amount", str(error.errors[0].detail))
        return data


def _refund(actor: Actor, tenant: Any, data: dict[str, Any]) -> None:
    invoice_refund(
        actor=actor,
        tenant_id=tenant.pk,
        invoice_id=data["invoice"],
        amount_minor=data.get("amount_minor"),
        reason=data["reason"],
        key=data["key"],
    )


REFUND_ACTS = (
    Act(
        name="refund_invoice",
        label="Refund an invoice",
        icon="currency_exchange",
        available=lambda tenant: tenant.purge_started_at is None,
        explain=lambda _tenant: [
            "Stripe gives the money back to where it came from. It cannot be undone.",
            "The subscription goes on: cancel it, too, if it should not.",
        ],
        run=_refund,
        done=lambda tenant: (
            f"The refund of {tenant.slug} is made. Its invoice shows it in a moment."
        ),
        form=RefundForm,
        inside="invoices",
        dangerous=True,
    ),
)
