"""The form of the auto top-up. It shapes input; the services decide."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.models import CreditPack
from apps.billing.services.purchases import MOST_PACKS
from apps.common.errors import InvalidInput
from apps.common.money import money_parse
from apps.credits.amounts import MAX_MICROCREDITS, MICROCREDITS


class AutoTopUpForm(forms.Form):
    is_on = forms.BooleanField(
        label=_("Buy credits by themselves when the wallet is low"), required=False
    )
    below = forms.DecimalField(
        label=_("The wallet is low below"),
        required=False,
        min_value=Decimal(1) / MICROCREDITS,
        max_value=MAX_MICROCREDITS // MICROCREDITS,
        decimal_places=6,
        help_text=_("In credits. Who looks after them is told then. Empty: nobody is."),
    )
    pack = forms.ChoiceField(label=_("What is bought"), required=False)
    quantity = forms.IntegerField(
        label=_("How many packs at once"), min_value=1, max_value=MOST_PACKS, initial=1
    )
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    cap = forms.CharField(
        label=_("At most a month"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_(
            "Without taxes. Nothing more is bought by itself in a month that has reached it."
        ),
    )

    def __init__(
        self, *args: Any, packs: Sequence[CreditPack], currencies: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["pack"].choices = [(one.code, one.name) for one in packs]
        fields["currency"].choices = [(one, one) for one in currencies]

    def wished(self) -> dict[str, Any]:
        """What auto_top_up_set takes. Raises InvalidInput."""
        data = self.cleaned_data
        below, cap = data["below"], data["cap"].strip()
        if data["is_on"] and not cap:
            raise InvalidInput.field("cap", _("Say how much it may cost a month."), "required")
        try:
            cap_minor = money_parse(cap, data["currency"]).amount_minor if cap else 0
        except InvalidInput as error:
            raise InvalidInput.field("cap", str(error.detail)) from error
        return {
            "is_on": data["is_on"],
            "alert_below_microcredits": int(below * MICROCREDITS) if below else None,
            "pack": data["pack"] if cap else "",
            "currency": data["currency"],
            "quantity": data["quantity"],
            "monthly_cap_minor": cap_minor,
        }
