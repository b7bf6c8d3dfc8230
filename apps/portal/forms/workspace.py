"""Forms of a workspace's pages. Choices are what the actor may choose; the services check again."""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms

from apps.accounts.forms import EMAIL_INVALID
from apps.organizations.invitation_csv import MAX_BYTES
from apps.organizations.models import Organization
from apps.roles.models import Role


def role_choices(roles: Iterable[Role]) -> list[tuple[str, str]]:
    return [(str(role.id), role.name) for role in roles]


def organization_choices(organizations: Iterable[Organization]) -> list[tuple[str, str]]:
    """In tree order, each indented below its parent."""
    return [(str(one.id), indented(one.name, one.depth)) for one in organizations]


def indented(name: str, depth: int) -> str:
    """For a choice: HTML has no other way to show a tree in a <select>."""
    return "\u2003" * (depth - 1) + name


class IdField(forms.TypedChoiceField):
    """A choice among ids, as a UUID."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=uuid.UUID, empty_value=None, **kwargs)


class MomentField(forms.DateTimeField):
    """A date and a time of day, in the person's time zone; empty: none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            **kwargs,
        )


class ApproveForm(forms.Form):
    """With which roles, and where, somebody who asks comes in."""

    role_ids = forms.TypedMultipleChoiceField(
        label="Roles",
        coerce=uuid.UUID,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one role."},
    )
    organization_id = IdField(
        label="Organization", help_text="Where they belong. The roles hold there and below it."
    )

    def __init__(
        self,
        *args: Any,
        roles: Iterable[Role],
        organizations: Iterable[Organization],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role_ids"].choices = role_choices(roles)  # type: ignore[attr-defined]
        self.fields["organization_id"].choices = organization_choices(organizations)  # type: ignore[attr-defined]


class InviteForm(ApproveForm):
    """Whom to invite, besides."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "off", "autofocus": True, "placeholder": "name@company.com"}
        ),
        error_messages={"required": "Whom do you want to invite?", "invalid": EMAIL_INVALID},
    )
    field_order = ["email"]


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty.",
        },
    )


class ConfirmImportForm(forms.Form):
    """The file's text goes along, so that nothing is kept between the preview and its confirmation."""

    text = forms.CharField(max_length=MAX_BYTES, strip=False, widget=forms.HiddenInput)


class BindingForm(forms.Form):
    role_id = IdField(label="Role")
    organization_id = IdField(label="At", help_text="The role holds there and in all below it.")
    starts_at = MomentField(label="Starts", help_text="Empty: at once.")
    ends_at = MomentField(label="Ends", help_text="Empty: it has no end.")

    def __init__(
        self,
        *args: Any,
        roles: Iterable[Role],
        organizations: Iterable[Organization],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role_id"].choices = role_choices(roles)  # type: ignore[attr-defined]
        self.fields["organization_id"].choices = organization_choices(organizations)  # type: ignore[attr-defined]


class MoveMemberForm(forms.Form):
    organization_id = IdField(label="Organization")

    def __init__(self, *args: Any, organizations: Iterable[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization_id"].choices = organization_choices(organizations)  # type: ignore[attr-defined]


class ConfirmNameForm(forms.Form):
    """A destructive act asks for the name of what it destroys."""

    confirmation = forms.CharField(
        label="Name",
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Type the name to confirm."},
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["confirmation"].help_text = f"Type “{expected}” to confirm."

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if typed.casefold() != self.expected.casefold():
            raise forms.ValidationError("The name does not match.", code="mismatch")
        return typed


class RemoveMemberForm(ConfirmNameForm):
    """Where the member owns something, somebody has to take it over."""

    successor = forms.EmailField(
        label="Who takes over",
        required=False,
        help_text="The e-mail address of an active member.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, expected: str, owns: bool, **kwargs: Any) -> None:
        super().__init__(*args, expected=expected, **kwargs)
        if owns:
            self.fields["successor"].required = True
            self.fields["successor"].error_messages["required"] = (
                "Say who takes over what they own."
            )
        else:
            del self.fields["successor"]


class TenantNameForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=100, error_messages={"required": "Give the workspace a name."}
    )


class BrandForm(forms.Form):
    accent_color = forms.CharField(
        label="Colour",
        max_length=20,
        required=False,
        help_text="As #rrggbb: of buttons in mails, with white text on it. Empty: the platform’s.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "#1d4ed8"}
        ),
    )
    mail_footer = forms.CharField(
        label="At the end of mails",
        max_length=300,
        required=False,
        help_text="For instance the company’s name and address.",
    )


class OrganizationForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=100, error_messages={"required": "Give it a name."}
    )


class MoveOrganizationForm(forms.Form):
    parent_id = IdField(label="New place, inside")

    def __init__(self, *args: Any, organizations: Iterable[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent_id"].choices = organization_choices(organizations)  # type: ignore[attr-defined]


class NewOrganizationForm(OrganizationForm):
    parent_id = IdField(label="Inside")

    def __init__(self, *args: Any, organizations: Iterable[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent_id"].choices = organization_choices(organizations)  # type: ignore[attr-defined]
