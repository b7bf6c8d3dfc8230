"""Forms about provisioning. They shape input; the services decide."""

from collections.abc import Iterable
from typing import Any

from django import forms

from apps.organizations.models import Organization
from apps.portal.forms.workspace import IdField, organization_choices, role_choices
from apps.roles.models import Role

LIFETIMES = [
    ("365", "One year"),
    ("90", "90 days"),
    ("730", "Two years"),
    ("", "Until it is revoked"),
]


class ScimTokenForm(forms.Form):
    label = forms.CharField(
        label="Name",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Microsoft Entra"}),
        error_messages={"required": "Say what the token is for."},
    )
    expires_in_days = forms.TypedChoiceField(
        label="Expires after",
        choices=LIFETIMES,
        initial=LIFETIMES[0][0],
        coerce=int,
        empty_value=None,
        required=False,
    )


class GroupMappingForm(forms.Form):
    role_id = IdField(label="Role", required=False)
    organization_id = IdField(label="At", help_text="The role holds there and in all below it.")

    def __init__(
        self,
        *args: Any,
        roles: Iterable[Role],
        organizations: Iterable[Organization],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role_id"].choices = [("", "None"), *role_choices(roles)]  # type: ignore[attr-defined]
        self.fields["organization_id"].choices = organization_choices(organizations)  # type: ignore[attr-defined]

    def mapping(self) -> dict[str, Any]:
        """Without a role there is no place either."""
        data = self.cleaned_data
        place = data["organization_id"] if data["role_id"] else None
        return {"role_id": data["role_id"], "organization_id": place}
