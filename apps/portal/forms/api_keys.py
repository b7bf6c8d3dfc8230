"""Forms about API keys. They shape input; the services decide."""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms

from apps.common.access import Permission
from apps.organizations.models import Organization
from apps.portal.forms.workspace import organization_choices
from apps.roles.services.api_keys import EXPIRES_IN_DAYS

NEVER = "never"
KEEP = "keep"
EXPIRIES = (
    ("7", "In 7 days"),
    ("30", "In 30 days"),
    (str(EXPIRES_IN_DAYS), "In 90 days"),
    ("180", "In 180 days"),
    ("365", "In a year"),
    (NEVER, "Never: it works until somebody revokes it"),
)
OVERLAPS = (
    ("3600", "1 hour"),
    ("86400", "1 day"),
    ("259200", "3 days"),
    ("604800", "7 days"),
)


def _days(value: str) -> int | str | None:
    """Days from now; None: never; KEEP."""
    if value == KEEP:
        return KEEP
    return None if value == NEVER else int(value)


class ExpiryField(forms.TypedChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Expires", choices=EXPIRIES, coerce=_days, initial=str(EXPIRES_IN_DAYS), **kwargs
        )


class LinesField(forms.CharField):
    """One thing a line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class ApiKeyChangeForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="What uses it and where, as “Nightly import on erp-2”. History shows it.",
        error_messages={"required": "Give the key a name."},
    )
    permissions = forms.MultipleChoiceField(
        label="Permissions",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one permission."},
    )
    allow_dangerous = forms.BooleanField(label="The key may do that", required=False)
    expires_in_days = ExpiryField()
    networks = LinesField(
        label="Only from these networks",
        required=False,
        max_length=2000,
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "placeholder": "203.0.113.0/24"}
        ),
        help_text="Addresses or ranges, one a line. Empty: from anywhere.",
    )

    def __init__(
        self,
        *args: Any,
        permissions: Iterable[Permission],
        unknown: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        """unknown: stored codes that no app declares any more; they can be kept or taken away."""
        super().__init__(*args, **kwargs)
        self.fields["permissions"].choices = [  # type: ignore[attr-defined]
            *((one.code, one.label) for one in permissions),
            *((code, code) for code in unknown),
        ]

    def keep_expiry(self) -> None:
        """Offer to leave the expiry as it is, and choose that."""
        field: Any = self.fields["expires_in_days"]
        field.choices = [(KEEP, "As it is"), *EXPIRIES]
        field.initial = KEEP


class ApiKeyForm(ApiKeyChangeForm):
    organization_id = forms.TypedChoiceField(
        label="Organization",
        coerce=uuid.UUID,
        empty_value=None,
        help_text="The key is good there and in all below it. At the top: in the whole workspace.",
    )

    def __init__(self, *args: Any, organizations: Iterable[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization_id"].choices = organization_choices(organizations)  # type: ignore[attr-defined]


class ApiKeyRotateForm(forms.Form):
    """replaces: which key the page showed, so that a form that is sent twice rotates once."""

    overlap_s = forms.TypedChoiceField(
        label="The present key works on for",
        choices=OVERLAPS,
        coerce=int,
        initial="86400",
        help_text="So long you have to put the new one in its place.",
    )
    expires_in_days = ExpiryField()
    replaces = forms.CharField(max_length=16, widget=forms.HiddenInput)
