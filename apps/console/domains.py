"""Domains in the console: the list with its filters, and what staff can do about one."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin import SimpleListFilter
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.pages import ConsolePage, Facts, Section
from apps.tenants.enums import DomainState as S
from apps.tenants.models import Domain
from apps.tenants.models.domain import NOT_THERE
from apps.tenants.services import domain_check, domain_make_primary, domain_remove, domain_verify

TONES = {S.VERIFIED: "good", S.WAITING: "info", S.PROOF_MISSING: "warn", S.REDIRECTS: "quiet"}
OURS = Q(domain__endswith=f".{settings.BASE_DOMAIN}")
CURRENT = Q(domain=Concat(F("tenant__slug"), Value(f".{settings.BASE_DOMAIN}")))
STATES = {
    S.VERIFIED: Q(verified_at__isnull=False) & ~Q(check_code__in=NOT_THERE) & (~OURS | CURRENT),
    S.WAITING: Q(verified_at__isnull=True),
    S.PROOF_MISSING: Q(verified_at__isnull=False, check_code__in=NOT_THERE),
    S.REDIRECTS: OURS & ~CURRENT,
}
KINDS = {
    "subdomain": (_("Subdomain"), CURRENT),
    "old": (_("Old subdomain"), OURS & ~CURRENT),
    "own": (_("The tenant’s own"), ~OURS),
}


class StateFilter(SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(state.value, state.label) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(STATES[S(chosen)]) if chosen in S.values else queryset


class KindFilter(SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(name, label) for name, (label, _rows) in KINDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or ""
        return queryset.filter(KINDS[chosen][1]) if chosen in KINDS else queryset


class RemoveForm(ReasonForm):
    domain = forms.CharField(
        label=_("Type the domain to confirm"),
        max_length=253,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ["reason", "domain"]

    def clean_domain(self) -> str:
        domain: str = self.cleaned_data["domain"]
        if self.obj is None or domain.strip().lower() != self.obj.domain:
            raise forms.ValidationError(_("This is not the domain’s name."), code="mismatch")
        return domain


def _check(actor: Actor, domain: Domain, _data: dict[str, Any]) -> None:
    """What was found is on the page; that the proof is not there is no success."""
    checked = domain_check(actor=actor, domain_id=domain.pk)
    if checked.check_error:
        raise Conflict(checked.check_error)


def _explain_remove(domain: Domain | None) -> list[str]:
    if domain is None:
        return []
    found = [f"{domain} leads to {domain.tenant.name} no longer, and is free for others."]
    if domain.is_primary:
        found.append("Links lead to the subdomain instead.")
    return found


DOMAIN_ACTS = (
    Act(
        name="check",
        label="Check again",
        icon="refresh",
        available=lambda domain: domain.needs_proof,
        explain=lambda _domain: [
            "Looks for the TXT record now, which takes up to 5 seconds.",
            "A domain that the record proves is verified; a verified one without it works on.",
        ],
        run=_check,
        done=lambda domain: f"{domain} has its record.",
    ),
    Act(
        name="verify",
        label="Verify by hand",
        icon="verified",
        available=lambda domain: domain.needs_proof,
        explain=lambda _domain: [
            "The domain leads to the tenant from now on, and no record is looked for any more.",
            "Be sure whose it is: people will sign in there.",
        ],
        run=lambda actor, domain, data: domain_verify(
            actor=actor, domain_id=domain.pk, reason=data["reason"]
        ),
        done=lambda domain: f"{domain} is verified.",
        form=ReasonForm,
    ),
    Act(
        name="primary",
        label="Make primary",
        icon="star",
        available=lambda domain: bool(
            domain.verified_at and not domain.is_primary and not domain.is_alias
        ),
        explain=lambda _domain: ["Links of the tenant, in mails too, lead to this domain."],
        run=lambda actor, domain, _data: domain_make_primary(actor=actor, domain_id=domain.pk),
        done=lambda domain: f"Links lead to {domain} from now on.",
    ),
    Act(
        name="remove",
        label="Remove",
        icon="delete",
        available=lambda domain: not domain.is_current_subdomain,
        explain=_explain_remove,
        run=lambda actor, domain, data: domain_remove(
            actor=actor, domain_id=domain.pk, reason=data["reason"]
        ),
        done=lambda domain: f"{domain} is removed.",
        form=RemoveForm,
        dangerous=True,
        removes=True,
    ),
)


class DomainAdmin(ConsolePage):
    acts = DOMAIN_ACTS
    empty_text = "Every tenant has a subdomain of the platform, and may bring domains of its own."
    list_display = ("domain", "tenant_link", "primary", "state", "checked")
    list_filter = (StateFilter, KindFilter)
    search_fields = ("domain", "tenant__slug")
    search_help_text = "Domain or tenant’s address"
    list_select_related = ("tenant",)
    ordering = ("domain",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Domain]:
        found: QuerySet[Domain] = super().get_queryset(request)
        return found.select_related("tenant")

    @display(description="Tenant", ordering="tenant__slug")
    def tenant_link(self, domain: Domain) -> SafeString:
        return r.link_to(domain.tenant)

    @display(description="Primary")
    def primary(self, domain: Domain) -> str:
        return r.yes_no(domain.is_primary)

    @display(description="State", ordering="verified_at")
    def state(self, domain: Domain) -> SafeString:
        return domain_badge(domain)

    @display(description="Checked", ordering="checked_at")
    def checked(self, domain: Domain) -> SafeString:
        return r.when(domain.checked_at)

    def title(self, obj: Domain) -> str:
        return obj.domain

    def badges(self, obj: Domain) -> Sequence[SafeString]:
        return (domain_badge(obj),)

    def sections(self, obj: Domain) -> Sequence[Section]:
        found: list[Section] = [
            Facts(
                "Facts",
                [
                    ("Tenant", r.link_to(obj.tenant)),
                    ("Primary", r.yes_no(obj.is_primary)),
                    ("Verified", r.when(obj.verified_at)),
                    ("Added", r.when(obj.created_at)),
                    ("Id", r.code(obj.pk)),
                ],
            )
        ]
        if obj.needs_proof:
            found.append(
                Facts(
                    "Proof",
                    [
                        ("Name of the TXT record", r.code(obj.txt_name)),
                        ("Value", r.code(obj.txt_value)),
                        ("Last checked", r.when(obj.checked_at)),
                        ("Found", obj.get_check_code_display() or "Not checked yet"),
                        ("What to do", obj.check_error or r.NONE),
                    ],
                )
            )
        return found


def domain_badge(domain: Domain) -> SafeString:
    state = domain.state
    return r.badge(str(state.label), TONES[state])
