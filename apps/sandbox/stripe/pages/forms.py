"""What people put into the hosted pages."""

import re

from babel import Locale
from django import forms

from apps.sandbox.stripe.cards import CARDS
from apps.sandbox.stripe.checkout import Entered
from apps.sandbox.stripe.resources.tax_ids import FORMS as TAX_ID_FORMS

EXPIRY = re.compile(r"(\d{1,2})\s*/?\s*(\d{2}|20\d{2})")
TERRITORIES = Locale("en").territories
COUNTRIES = sorted(
    ((code, name) for code, name in TERRITORIES.items() if len(code) == 2 and code.isalpha()),
    key=lambda pair: pair[1],
)
TAX_ID_TYPES = [("", "None"), *((name, name.replace("_", " ").upper()) for name in TAX_ID_FORMS)]
# What the pages explain: the first of each behaviour that people try.
EXPLAINED = [
    card
    for card in CARDS
    if card.number[-4:] in {"4242", "0002", "9995", "0341", "3155", "3184", "1629"}
]


def _text(autocomplete: str, **attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": autocomplete, **attributes})


class CardForm(forms.Form):
    """A test card."""

    number = forms.CharField(
        label="Card number", max_length=25, widget=_text("cc-number", inputmode="numeric")
    )
    expiry = forms.CharField(
        label="Expires",
        max_length=9,
        widget=_text("cc-exp", inputmode="numeric", placeholder="MM / YY"),
    )
    cvc = forms.CharField(
        label="Security code",
        max_length=4,
        widget=_text("cc-csc", inputmode="numeric", placeholder="CVC"),
    )
    name = forms.CharField(label="Name on card", max_length=200, widget=_text("cc-name"))
    country = forms.ChoiceField(label="Country", choices=COUNTRIES, initial="DE")
    postal_code = forms.CharField(
        label="Postal code", max_length=20, required=False, widget=_text("postal-code")
    )

    def clean_expiry(self) -> tuple[int, int]:
        found = EXPIRY.fullmatch(str(self.cleaned_data["expiry"]).strip())
        if found is None:
            raise forms.ValidationError("Enter month and year, for example 12 / 34.")
        return int(found[1]), int(found[2]) % 100 + 2000

    def entered(self, email: str) -> Entered:
        data = self.cleaned_data
        month, year = data.get("expiry") or (0, 0)
        address = {
            name: data[name]
            for name in ("line1", "city", "postal_code", "country")
            if data.get(name)
        }
        tax_id = None
        if data.get("tax_id"):
            tax_id = {"type": data["tax_id_type"], "value": data["tax_id"]}
        return Entered(
            email=email,
            number=data.get("number", ""),
            exp_month=month,
            exp_year=year,
            cvc=data.get("cvc", ""),
            name=data.get("name", ""),
            address=address,
            tax_id=tax_id,
        )


class CheckoutForm(CardForm):
    """Fields that a session does not ask for are taken out."""

    email = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    line1 = forms.CharField(label="Address", max_length=200, widget=_text("address-line1"))
    city = forms.CharField(label="City", max_length=100, widget=_text("address-level2"))
    tax_id_type = forms.ChoiceField(label="Kind of tax ID", choices=TAX_ID_TYPES, required=False)
    tax_id = forms.CharField(label="Tax ID", max_length=30, required=False)

    field_order = ("email", "number", "expiry", "cvc", "name", "country", "postal_code")

    def ask(self, *, email: str, card: bool, address: bool, country: bool, tax_id: bool) -> None:
        """email: one that is known already."""
        unasked = [
            *(["email"] if email else []),
            *([] if card else ["number", "expiry", "cvc", "name"]),
            *([] if address else ["line1", "city"]),
            *([] if card or address or country else ["country", "postal_code"]),
            *([] if tax_id else ["tax_id_type", "tax_id"]),
        ]
        for name in unasked:
            del self.fields[name]

    def clean(self) -> None:
        data = self.cleaned_data
        if data.get("tax_id") and not data.get("tax_id_type"):
            self.add_error("tax_id_type", "Choose which kind it is.")


class BillingForm(forms.Form):
    """What the portal lets a customer say of themselves."""

    name = forms.CharField(
        label="Name", max_length=200, required=False, widget=_text("organization")
    )
    email = forms.EmailField(
        label="Billing e-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    line1 = forms.CharField(
        label="Address", max_length=200, required=False, widget=_text("address-line1")
    )
    line2 = forms.CharField(
        label="Address, second line", max_length=200, required=False, widget=_text("address-line2")
    )
    postal_code = forms.CharField(
        label="Postal code", max_length=20, required=False, widget=_text("postal-code")
    )
    city = forms.CharField(
        label="City", max_length=100, required=False, widget=_text("address-level2")
    )
    country = forms.ChoiceField(label="Country", choices=[("", ""), *COUNTRIES], required=False)


class TaxIdForm(forms.Form):
    tax_id_type = forms.ChoiceField(label="Kind", choices=TAX_ID_TYPES[1:])
    tax_id = forms.CharField(label="Tax ID", max_length=30)
