"""Acts on what a tenant's own schema holds: rows of its pages lead to them, filled in."""

import uuid
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.ids import parse_uuid
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.tenant_acts_keys import has_schema
from apps.organizations.models import Group, Organization, RoleBinding
from apps.organizations.services import (
    support_binding_revoke,
    support_group_delete,
    support_organization_archive,
    support_organization_restore,
)
from apps.tenants.models import Tenant


class NamedForm(ReasonForm):
    """named: the id of something in the tenant, or the name that only one has."""

    name_field: ClassVar[str] = ""

    named = forms.CharField(
        max_length=300,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ["named", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["named"].label = str(self.label())
        named = (self.data if self.is_bound else self.initial).get("named", "")
        found = self.find(named.strip())
        if found is not None:
            # So that it is seen what an id is about before it is confirmed.
            self.fields["named"].help_text = self.describe(found)

    def label(self) -> str | Promise:
        raise NotImplementedError

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def describe(self, found: Any) -> str:
        return str(found)

    def find(self, named: str) -> Any:
        """In the act's tenant; None where there is none, or more than one of the name. One statement."""
        said = Q(pk=parse_uuid(named))
        if self.name_field and named:
            said |= Q(**{f"{self.name_field}__iexact": named})
        with tenant_context(self.obj):
            found = list(self.rows().filter(said)[:2])
        return found[0] if len(found) == 1 else None

    def clean_named(self) -> uuid.UUID:
        found = self.find(self.cleaned_data["named"])
        if found is None:
            raise forms.ValidationError(
                _("The tenant has nothing that is called so, or several. Use the id."),
                code="unknown",
            )
        found_id: uuid.UUID = found.pk
        return found_id


class BindingForm(NamedForm):
    def label(self) -> str | Promise:
        return _("Id of the role’s binding")

    def rows(self) -> QuerySet[Any]:
        return RoleBinding.objects.select_related("member", "group", "role", "organization")

    def describe(self, found: Any) -> str:
        holder = found.member.email if found.member else f"the group {found.group}"
        return f"{found.role.name} of {holder} at {found.organization}"


class OrganizationForm(NamedForm):
    name_field = "name"

    def label(self) -> str | Promise:
        return _("Organization, by id or name")

    def rows(self) -> QuerySet[Any]:
        return Organization.objects.all()


class GroupForm(NamedForm):
    name_field = "display_name"

    def label(self) -> str | Promise:
        return _("Group, by id or name")

    def rows(self) -> QuerySet[Any]:
        return Group.objects.all()


def _archive(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        support_organization_archive(
            actor=actor, organization_id=data["named"], reason=data["reason"]
        )


def _restore(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        support_organization_restore(
            actor=actor, organization_id=data["named"], reason=data["reason"]
        )


def _revoke(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        support_binding_revoke(actor=actor, binding_id=data["named"], reason=data["reason"])


def _delete_group(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> None:
    with tenant_context(tenant):
        support_group_delete(actor=actor, group_id=data["named"], reason=data["reason"])


ARCHIVE, RESTORE = "archive_organization", "restore_organization"
ORGANIZATION_ACTS = (
    Act(
        name=ARCHIVE,
        label="Archive an organization",
        icon="archive",
        available=has_schema,
        explain=lambda _tenant: [
            "It leaves the lists with all that lies below it; nothing can be made, bound or placed there.",
            "Members and their roles stay as they are. It can be restored.",
        ],
        run=_archive,
        done=lambda _tenant: "The organization is archived.",
        form=OrganizationForm,
        inside="organizations",
    ),
    Act(
        name=RESTORE,
        label="Restore an organization",
        icon="unarchive",
        available=has_schema,
        explain=lambda _tenant: [
            "It comes back with what was archived together with it.",
            "What had been archived before, by itself, stays so.",
        ],
        run=_restore,
        done=lambda _tenant: "The organization is restored.",
        form=OrganizationForm,
        inside="organizations",
    ),
)

REVOKE = "revoke_role"
BINDING_ACTS = (
    Act(
        name=REVOKE,
        label="Take a role away",
        icon="person_remove",
        available=has_schema,
        explain=lambda _tenant: [
            "The member, or everybody in the group, loses on their next request what only this role gave.",
            "The last owner of the workspace cannot lose that role. Only its own people can give it back.",
        ],
        run=_revoke,
        done=lambda _tenant: "The role is taken away.",
        form=BindingForm,
        inside="bindings",
        dangerous=True,
    ),
)

DELETE_GROUP = "delete_group"
GROUP_ACTS = (
    Act(
        name=DELETE_GROUP,
        label="Delete a group",
        icon="group_remove",
        available=has_schema,
        explain=lambda _tenant: [
            "The group is gone for good, and everybody in it loses what only it gave them.",
            "Groups that an identity provider keeps are deleted there.",
        ],
        run=_delete_group,
        done=lambda _tenant: "The group is deleted.",
        form=GroupForm,
        inside="groups",
        dangerous=True,
    ),
)
ACCESS_ACTS = (*ORGANIZATION_ACTS, *BINDING_ACTS, *GROUP_ACTS)


def act_link(tenant: Tenant, name: str, named: uuid.UUID, text: str) -> SafeString:
    """To the confirmation of an act, filled in with what it is about."""
    url = reverse(f"admin:tenants_tenant_{name}", args=[tenant.pk])
    return r.link(f"{url}?{urlencode({'named': named})}", text)
