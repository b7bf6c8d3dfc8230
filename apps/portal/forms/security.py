"""Forms of a person's security page. They shape input; the services decide."""

from typing import Any

from django import forms

from apps.accounts.mfa_forms import CODE_MAX_LENGTH, NAME_MAX_LENGTH, BoundedJSONField
from apps.accounts.validators import validate_printable


class TotpForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=CODE_MAX_LENGTH,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
        error_messages={"required": "Enter the code that the app shows."},
    )


class PasskeyNameForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=NAME_MAX_LENGTH,
        validators=[validate_printable],
        widget=forms.TextInput(attrs={"autocomplete": "off", "required": True}),
        help_text="By which you tell it from others, for example “Laptop”.",
        error_messages={"required": "Give it a name."},
    )


class PasskeyForm(PasskeyNameForm):
    credential = BoundedJSONField(
        widget=forms.HiddenInput, error_messages={"required": "The browser has made no passkey."}
    )

    def clean_credential(self) -> dict[str, Any]:
        credential: Any = self.cleaned_data["credential"]
        if not isinstance(credential, dict):
            raise forms.ValidationError("The browser has made no passkey.")
        return credential
