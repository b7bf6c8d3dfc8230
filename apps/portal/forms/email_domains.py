"""Forms about a workspace's e-mail domains. They shape input; the services decide."""

from django import forms

from apps.accounts.enums import JoinMode
from apps.portal.forms.addresses import PLAIN

JOIN_CHOICES = [
    (JoinMode.OFF.value, "Nobody: people come by invitation only"),
    (JoinMode.REQUEST.value, "On request: they ask, and whoever may invite decides"),
    (JoinMode.AUTOMATIC.value, "Anybody: they become members at once, with the role Member"),
]


class EmailDomainForm(forms.Form):
    domain = forms.CharField(
        label="E-mail domain",
        max_length=500,
        widget=forms.TextInput(attrs={**PLAIN, "inputmode": "url", "placeholder": "example.com"}),
        error_messages={"required": "Enter a domain, for example example.com."},
    )


class JoinModeForm(forms.Form):
    join_mode = forms.ChoiceField(
        label="Who may join without an invitation", choices=JOIN_CHOICES, widget=forms.RadioSelect
    )
