"""Identity providers in the console, and who people are there."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.enums import ProviderState as S
from apps.accounts.models import ExternalIdentity, IdentityProvider, ProviderOrganization
from apps.accounts.oidc.identities import identity_unlink
from apps.accounts.oidc.organizations import organization_map, organization_unmap
from apps.accounts.oidc.tenant_providers import provider_turn_off
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.console import rendering as r
from apps.console.acts import Act, ActForm, ReasonForm
from apps.console.pages import Cell, ConsolePage, Facts, Section, Table
from apps.tenants.selectors import tenant_by_slug

TONES = {S.DRAFT: "info", S.TESTED: "quiet", S.ON: "good", S.ENFORCED: "good"}
SHOWN = 20


class MapForm(ActForm):
    code = forms.CharField(
        label=_("Organization’s code at the provider"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    slug = forms.CharField(
        label=_("Tenant"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text=_("Its slug."),
    )


class UnmapForm(ActForm):
    code = MapForm.base_fields["code"]


def _map(actor: Actor, _provider: Any, data: dict[str, Any]) -> None:
    tenant = tenant_by_slug(data["slug"].strip())
    if tenant is None:
        raise InvalidInput.field("slug", _("There is no such tenant."))
    organization_map(actor=actor, code=data["code"], tenant_id=tenant.id)


PROVIDER_ACTS = (
    Act(
        name="off",
        label="Turn off",
        icon="toggle_off",
        available=lambda provider: provider.tenant_id is not None and provider.is_on,
        explain=lambda _provider: [
            "For a tenant whose people are locked out.",
            "Nobody signs in by the provider any more, and nobody has to.",
            "Who is signed in stays. An owner can turn it on again.",
        ],
        run=lambda actor, provider, data: provider_turn_off(
            actor=actor, provider_id=provider.pk, reason=data["reason"]
        ),
        done=lambda provider: f"{provider} is off.",
        form=ReasonForm,
        dangerous=True,
    ),
    Act(
        name="map",
        label="Map an organization",
        icon="add_link",
        available=lambda provider: provider.tenant_id is None,
        explain=lambda _provider: [
            "Members of the tenant who sign in for this organization of the provider go straight to it.",
            "It makes nobody a member.",
        ],
        run=_map,
        done=lambda _provider: "The organization is mapped.",
        form=MapForm,
    ),
    Act(
        name="unmap",
        label="Unmap an organization",
        icon="link_off",
        available=lambda provider: provider.tenant_id is None,
        explain=lambda _provider: ["Who signs in for it chooses among their workspaces again."],
        run=lambda actor, _provider, data: organization_unmap(actor=actor, code=data["code"]),
        done=lambda _provider: "The organization is no longer mapped.",
        form=UnmapForm,
    ),
)

IDENTITY_ACTS = (
    Act(
        name="unlink",
        label="Unlink",
        icon="link_off",
        available=lambda _identity: True,
        explain=lambda _identity: [
            "The person signs in by this subject no longer.",
            "Another subject with their address may be linked next.",
            "Who has no password sets one by a link in a mail.",
        ],
        run=lambda actor, identity, _data: identity_unlink(actor=actor, identity_id=identity.pk),
        done=lambda identity: f"{identity.subject} is unlinked.",
        dangerous=True,
        removes=True,
    ),
)


class IdentityProviderAdmin(ConsolePage):
    acts = PROVIDER_ACTS
    empty_text = "The platform’s own appears with the first sign-in by it; tenants connect theirs."
    list_display = ("name", "owner", "badge", "issuer", "tested_when")
    list_display_links = ("name",)
    list_filter = ("state",)
    search_fields = ("name", "issuer", "tenant__slug", "tenant__name")
    search_help_text = "Name, issuer or tenant"
    ordering = ("name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tenant")

    @display(description="Of")
    def owner(self, provider: IdentityProvider) -> Cell:
        return r.link_to(provider.tenant) if provider.tenant else "The platform"

    @display(description="State")
    def badge(self, provider: IdentityProvider) -> SafeString:
        return provider_badge(provider)

    @display(description="Tested", ordering="last_tested_at")
    def tested_when(self, provider: IdentityProvider) -> SafeString:
        return r.when(provider.last_tested_at)

    def badges(self, obj: IdentityProvider) -> Sequence[SafeString]:
        return (provider_badge(obj),)

    def sections(self, obj: IdentityProvider) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("Of", self.owner(obj)),
            ("Issuer", r.code(obj.issuer)),
            ("Client ID", r.code(obj.client_id)),
            ("Discovered", r.exact(obj.discovered_at)),
            ("Algorithms", ", ".join(obj.algorithms)),
            ("Groups claim", r.code(obj.groups_claim)),
            ("Last tested", r.exact(obj.last_tested_at)),
            ("Test’s error", obj.last_test_error or "–"),
        ]
        identities = obj.identities.select_related("person").order_by("-last_used_at", "-id")
        found: list[Section] = [
            Facts("Facts", rows),
            Table(
                "Used last",
                ("Subject", "Person", "Used"),
                [
                    (r.link_to(one, one.subject), r.link_to(one.person), r.when(one.last_used_at))
                    for one in identities[:SHOWN]
                ],
                "Nobody has signed in by it.",
            ),
        ]
        if obj.tenant_id is None:
            mapped = ProviderOrganization.objects.filter(provider=obj).select_related("tenant")
            found.append(
                Table(
                    "Organizations",
                    ("Code", "Tenant"),
                    [(r.code(one.code), r.link_to(one.tenant)) for one in mapped.order_by("code")],
                    "No organization of the provider is mapped to a tenant.",
                )
            )
        return found


class ExternalIdentityAdmin(ConsolePage):
    acts = IDENTITY_ACTS
    empty_text = "Nobody has signed in by an identity provider."
    list_display = ("subject", "who", "of", "used_when")
    list_display_links = ("subject",)
    search_fields = ("subject", "person__email", "provider__name")
    search_help_text = "Subject, e-mail address or provider"
    ordering = ("-last_used_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("person", "provider")

    @display(description="Person")
    def who(self, identity: ExternalIdentity) -> SafeString:
        return r.link_to(identity.person)

    @display(description="Provider")
    def of(self, identity: ExternalIdentity) -> SafeString:
        return r.link_to(identity.provider)

    @display(description="Used", ordering="last_used_at")
    def used_when(self, identity: ExternalIdentity) -> SafeString:
        return r.when(identity.last_used_at)

    def title(self, obj: ExternalIdentity) -> str:
        return obj.subject

    def sections(self, obj: ExternalIdentity) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("Person", r.link_to(obj.person)),
            ("Provider", r.link_to(obj.provider)),
            ("Issuer", r.code(obj.issuer)),
            ("Address there", obj.email or "–"),
            ("Linked", r.exact(obj.created_at)),
            ("Used last", r.exact(obj.last_used_at)),
        ]
        return [Facts("Facts", rows)]


def provider_badge(provider: IdentityProvider) -> SafeString:
    state = S(provider.state)
    return r.badge(str(state.label), TONES[state])
