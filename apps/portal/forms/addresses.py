"""Forms about a workspace's addresses. They shape input; the services decide."""

from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse_lazy

PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class AddressForm(forms.Form):
    """Another subdomain."""

    slug = forms.CharField(
        label="New address",
        max_length=64,
        widget=forms.TextInput(
            attrs={
                **PLAIN,
                "hx-get": reverse_lazy("address_slug", urlconf=settings.TENANT_URLCONF),
                "hx-trigger": "input changed delay:300ms",
                "hx-target": "#slug-status",
                "hx-sync": "this:replace",
            }
        ),
        help_text="Lower-case letters, digits and hyphens.",
        error_messages={"required": "Choose an address."},
    )

    @property
    def suffix(self) -> str:
        return f".{settings.BASE_DOMAIN}"

    def add_error(self, field: str | None, error: Any) -> None:
        """The error names the rule; the help, which does too, steps back."""
        super().add_error(field, error)
        if field == "slug":
            self["slug"].help_text = ""


class DomainForm(forms.Form):
    domain = forms.CharField(
        label="Domain",
        max_length=500,
        widget=forms.TextInput(
            attrs={**PLAIN, "inputmode": "url", "placeholder": "work.example.com"}
        ),
        error_messages={"required": "Enter a domain, for example work.example.com."},
    )
