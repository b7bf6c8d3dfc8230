from typing import Any

from django import forms

from apps.accounts.forms import EMAIL_INVALID
from apps.billing.countries import countries
from apps.billing.services import Contacts


def _text(autocomplete: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": autocomplete})


class ContactsForm(forms.Form):
    """Where invoices and receipts go; the service checks again."""

    email = forms.EmailField(
        label="Billing e-mail",
        max_length=254,
        help_text="Invoices and receipts are sent here.",
        error_messages={"required": EMAIL_INVALID, "invalid": EMAIL_INVALID},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    extra_emails = forms.CharField(
        label="Receipts also to",
        required=False,
        max_length=3000,
        help_text="One address a line, ten at most.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    name = forms.CharField(
        label="Name on invoices",
        max_length=256,
        error_messages={"required": "Say who is billed."},
        widget=_text("organization"),
    )
    line1 = forms.CharField(
        label="Address", max_length=200, required=False, widget=_text("address-line1")
    )
    line2 = forms.CharField(
        label="Second line", max_length=200, required=False, widget=_text("address-line2")
    )
    postal_code = forms.CharField(
        label="Postal code", max_length=20, required=False, widget=_text("postal-code")
    )
    city = forms.CharField(
        label="City", max_length=100, required=False, widget=_text("address-level2")
    )
    state = forms.CharField(
        label="State or region", max_length=100, required=False, widget=_text("address-level1")
    )
    country = forms.ChoiceField(
        label="Country", required=False, widget=forms.Select(attrs={"autocomplete": "country"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", ""), *countries()]  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(contacts: Contacts) -> dict[str, Any]:
        return {
            **contacts.address,
            "email": contacts.email,
            "name": contacts.name,
            "extra_emails": "\n".join(contacts.extra_emails),
        }

    def contacts(self) -> Contacts:
        data = self.cleaned_data
        names = ("line1", "line2", "postal_code", "city", "state", "country")
        return Contacts(
            data["email"],
            data["name"],
            {name: data[name] for name in names},
            data["extra_emails"].split(),
        )
