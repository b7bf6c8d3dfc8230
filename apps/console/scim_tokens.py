"""Provisioning tokens in the console: whose identity providers come in, and an end to it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.models import ScimToken
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.acts import Act
from apps.console.pages import ConsolePage, Facts, Section
from apps.organizations.services import scim_token_revoke


class StateFilter(SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("good", _("Good")), ("expired", _("Expired")), ("revoked", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        over = Q(expires_at__lte=timezone.now())
        states = {
            "good": Q(revoked_at=None) & ~over,
            "expired": Q(revoked_at=None) & over,
            "revoked": Q(revoked_at__isnull=False),
        }
        condition = states.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)


def _revoke(actor: Actor, token: ScimToken, _data: dict[str, Any]) -> None:
    with tenant_context(token.tenant):
        scim_token_revoke(actor=actor, token_id=token.pk)


class ScimTokenAdmin(ConsolePage):
    acts = (
        Act(
            name="revoke",
            label="Revoke",
            icon="key_off",
            available=lambda token: token.is_good,
            explain=lambda _token: [
                "The identity provider that uses it is refused from its next request on.",
                "Members and groups stay as they are, and changes there do not arrive any more.",
            ],
            run=_revoke,
            done=lambda token: f"The token {token} is void.",
            dangerous=True,
        ),
    )
    empty_text = "Tenants make tokens for identity providers that keep their members by SCIM."
    list_display = ("label", "tenant_link", "state", "used", "expires")
    list_filter = (StateFilter,)
    search_fields = ("label", "tenant__slug", "hint")
    search_help_text = "Name, tenant’s address or last characters"
    list_select_related = ("tenant",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScimToken]:
        found: QuerySet[ScimToken] = super().get_queryset(request)
        return found.select_related("tenant")

    @display(description="Tenant", ordering="tenant__slug")
    def tenant_link(self, token: ScimToken) -> SafeString:
        return r.link_to(token.tenant)

    @display(description="State")
    def state(self, token: ScimToken) -> SafeString:
        return _badge(token)

    @display(description="Last used", ordering="last_used_at")
    def used(self, token: ScimToken) -> SafeString:
        return r.when(token.last_used_at)

    @display(description="Expires", ordering="expires_at")
    def expires(self, token: ScimToken) -> SafeString:
        return r.when(token.expires_at)

    def title(self, obj: ScimToken) -> str:
        return obj.label

    def badges(self, obj: ScimToken) -> Sequence[SafeString]:
        return (_badge(obj),)

    def sections(self, obj: ScimToken) -> Sequence[Section]:
        return [
            Facts(
                "Facts",
                [
                    ("Tenant", r.link_to(obj.tenant)),
                    ("Ends with", r.code(obj.hint)),
                    ("Made by", obj.created_by),
                    ("Made", r.when(obj.created_at)),
                    ("Last used", r.when(obj.last_used_at)),
                    ("Last used from", obj.last_used_ip or r.NONE),
                    ("Expires", r.when(obj.expires_at)),
                    ("Revoked", r.when(obj.revoked_at)),
                    ("Id", r.code(obj.pk)),
                ],
            )
        ]


def _badge(token: ScimToken) -> SafeString:
    if token.revoked_at is not None:
        return r.badge("Revoked", "bad")
    return r.badge("Good", "good") if token.is_good else r.badge("Expired", "quiet")
