"""Forms about roles. Choices are what the actor may give; the services check again."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from apps.common.access import Permission
from apps.portal.forms.workspace import role_choices
from apps.roles.models import Role


class VersionField(forms.CharField):
    """A role's `updated_at` as the page showed it."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> datetime | None:
        return version_read(super().clean(value))


def version_read(text: str) -> datetime | None:
    """None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if timezone.is_naive(found) else found


class RoleForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give the role a name."},
    )
    description = forms.CharField(
        label="Description",
        max_length=300,
        required=False,
        help_text="For whom it is. Whoever gives it to others reads this.",
    )
    includes = forms.TypedMultipleChoiceField(
        label="Includes",
        coerce=uuid.UUID,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Its holders may do what these roles allow too, now and whenever they change.",
    )
    permissions = forms.MultipleChoiceField(
        label="Permissions", required=False, widget=forms.CheckboxSelectMultiple
    )
    version = VersionField(required=False)

    def __init__(
        self,
        *args: Any,
        roles: Iterable[Role],
        permissions: Iterable[Permission],
        unknown: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        """unknown: stored codes that no app declares any more; they can be kept or taken away."""
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["includes"].choices = role_choices(roles)
        fields["permissions"].choices = [
            *((one.code, one.label) for one in permissions),
            *((code, code) for code in unknown),
        ]


class RoleNameForm(forms.Form):
    """For a role that allows more than the actor holds: only what it is called."""

    name = RoleForm.base_fields["name"]
    description = RoleForm.base_fields["description"]
    version = VersionField(required=False)


class CompareForm(forms.Form):
    a = forms.TypedChoiceField(label="One role", coerce=uuid.UUID)
    b = forms.TypedChoiceField(label="Another", coerce=uuid.UUID)

    def __init__(self, *args: Any, roles: Iterable[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = role_choices(roles)
        for field in self.fields.values():
            field.choices = choices  # type: ignore[attr-defined]
