"""Forms of groups, and of the times of roles. Times are in the person's own time zone."""

from django import forms

from apps.accounts.forms import EMAIL_INVALID
from apps.portal.forms.workspace import MomentField


class BindingEndForm(forms.Form):
    ends_at = MomentField(label="Ends", help_text="Leave it empty for a role without an end.")


class GroupForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "What is the group called?"},
    )


class GroupMemberForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="Of a member of this workspace.",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "placeholder": "name@company.com"}),
        error_messages={"required": "Who comes in?", "invalid": EMAIL_INVALID},
    )
