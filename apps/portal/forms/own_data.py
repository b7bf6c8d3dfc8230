from typing import Any

from django import forms

from apps.accounts.models import Person


class EraseAccountForm(forms.Form):
    """Says whom it is about, so that nobody sends it in passing."""

    email = forms.CharField(
        label="Your e-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Type your address to confirm."},
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["email"].help_text = f"Type “{person.email}” to confirm."

    def clean_email(self) -> str:
        typed: str = self.cleaned_data["email"]
        if typed.strip().casefold() != self.person.email.casefold():
            raise forms.ValidationError("This is not your address.", code="mismatch")
        return typed
