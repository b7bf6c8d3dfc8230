"""Forms about a workspace's identity provider. They shape input; the services decide."""

import uuid
from typing import Any

from django import forms

from apps.accounts.models import IdentityProvider
from apps.accounts.oidc.tenant_providers import (
    CLAIM_MAX_LENGTH,
    ID_MAX_LENGTH,
    NAME_MAX_LENGTH,
    SECRET_MAX_LENGTH,
)
from apps.common.outbound import MAX_URL_LENGTH
from apps.organizations.models import Member, Organization
from apps.organizations.services.provider_groups import GROUP_MAX_LENGTH
from apps.portal.forms.workspace import organization_choices, role_choices
from apps.roles.models import Role

PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ConnectForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=NAME_MAX_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Stands on the sign-in page’s button.",
        error_messages={"required": "Enter a name, for example Acme ID."},
    )
    discovery_url = forms.CharField(
        label="Discovery URL",
        max_length=MAX_URL_LENGTH,
        widget=forms.TextInput(attrs={**PLAIN, "inputmode": "url"}),
        help_text="Ends with /.well-known/openid-configuration.",
        error_messages={"required": "Enter the discovery URL."},
    )
    client_id = forms.CharField(
        label="Client ID",
        max_length=ID_MAX_LENGTH,
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": "Enter the client ID."},
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=SECRET_MAX_LENGTH,
        required=False,
        widget=forms.PasswordInput(attrs={**PLAIN, "autocomplete": "new-password"}),
    )
    groups_claim = forms.CharField(
        label="Groups claim",
        max_length=CLAIM_MAX_LENGTH,
        initial="groups",
        widget=forms.TextInput(attrs=PLAIN),
        help_text="The claim that lists a person’s groups.",
    )

    def __init__(self, *args: Any, provider: IdentityProvider | None, **kwargs: Any) -> None:
        if provider is not None:
            names = ("name", "discovery_url", "client_id", "groups_claim")
            kwargs["initial"] = {name: getattr(provider, name) for name in names}
        super().__init__(*args, **kwargs)
        if provider is not None:
            self.fields["client_secret"].help_text = "Leave it empty to keep the present one."


class JoiningForm(forms.Form):
    default_role_id = forms.TypedChoiceField(
        label="Role of those who join",
        required=False,
        coerce=uuid.UUID,
        empty_value=None,
    )

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["default_role_id"]
        field.choices = [("", "Nobody joins; they are invited"), *role_choices(roles)]


class BreakGlassForm(forms.Form):
    break_glass_ids = forms.TypedMultipleChoiceField(
        label="Who may come in without it",
        required=False,
        coerce=uuid.UUID,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, owners: list[Member], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["break_glass_ids"]
        field.choices = [(str(one.person_id), f"{one.name}, {one.email}") for one in owners]


class GroupRoleForm(forms.Form):
    group = forms.CharField(
        label="Group",
        max_length=GROUP_MAX_LENGTH,
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": "Enter the group’s name, as the provider says it."},
    )
    role_id = forms.TypedChoiceField(label="Role", coerce=uuid.UUID)
    organization_id = forms.TypedChoiceField(label="At", coerce=uuid.UUID)

    def __init__(
        self, *args: Any, roles: list[Role], organizations: list[Organization], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role_id"]
        role.choices = role_choices(roles)
        organization: Any = self.fields["organization_id"]
        organization.choices = organization_choices(organizations)
