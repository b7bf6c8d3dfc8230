"""The records that the sandbox's DNS server answers with."""

import re

from django import forms
from django.db import close_old_connections

from apps.sandbox.models import DnsRecord

NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)


class DnsRecordForm(forms.ModelForm):
    class Meta:
        model = DnsRecord
        fields = ("name", "value")
        labels = {"name": "Name", "value": "Value"}
        widgets = {
            name: forms.TextInput(
                attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
            )
            for name in ("name", "value")
        }
        error_messages = {
            "name": {"required": "Enter a name, for example _wrapper-challenge.work.acme.test."},
            "value": {"required": "Enter the value of the record."},
        }

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).rstrip(".").lower()
        if not NAME.fullmatch(name):
            raise forms.ValidationError("This is not a name that DNS knows.", code="invalid")
        return name

    def clean_value(self) -> str:
        value = str(self.cleaned_data["value"])
        if not value.isprintable():
            raise forms.ValidationError("Use printable characters only.", code="invalid")
        return value


def find(name: str) -> list[str] | None:
    """TXT values of a name; empty where records are only below it; None where nothing is there."""
    values = list(DnsRecord.objects.filter(name=name).values_list("value", flat=True))
    if values:
        return values
    return [] if DnsRecord.objects.filter(name__endswith=f".{name}").exists() else None


def find_and_reconnect(name: str) -> list[str] | None:
    """`find` for a process that lives on while the database restarts."""
    close_old_connections()
    return find(name)
