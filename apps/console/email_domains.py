"""E-mail domains in the console: whose they are, who joins by them, and what staff can do about one."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.email_domains import (
    email_domain_check,
    email_domain_remove,
    email_domain_set_join_mode,
    email_domain_verify,
)
from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain
from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.domains import TONES, RemoveForm
from apps.console.pages import ConsolePage, Facts, Section
from apps.tenants.enums import DomainState as S

STATES = {
    S.VERIFIED: Q(verified_at__isnull=False, proof_missing_since__isnull=True),
    S.WAITING: Q(verified_at__isnull=True),
    S.PROOF_MISSING: Q(proof_missing_since__isnull=False),
}


class StateFilter(SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(state.value, state.label) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = STATES.get(self.value())  # type: ignore[call-overload]
        return queryset if condition is None else queryset.filter(condition)


def _check(actor: Actor, domain: EmailDomain, _data: dict[str, Any]) -> None:
    """What was found is on the page; that the proof is not there is no success."""
    checked = email_domain_check(actor=actor, email_domain_id=domain.pk)
    if checked.check_error:
        raise Conflict(checked.check_error)


ACTS = (
    Act(
        name="check",
        label="Check again",
        icon="refresh",
        available=lambda domain: domain.needs_proof,
        explain=lambda _domain: [
            "Looks for the TXT record now, which takes up to 5 seconds.",
            "A domain that the record proves is verified; by one that lost it nobody joins any more.",
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
            "The domain is the tenant’s from now on, and no record is looked for any more.",
            "Be sure whose it is: it decides who may sign in by the tenant’s own provider.",
        ],
        run=lambda actor, domain, data: email_domain_verify(
            actor=actor, email_domain_id=domain.pk, reason=data["reason"]
        ),
        done=lambda domain: f"{domain} is verified.",
        form=ReasonForm,
    ),
    Act(
        name="close",
        label="Stop joining",
        icon="block",
        available=lambda domain: domain.join_mode != JoinMode.OFF,
        explain=lambda _domain: ["Nobody joins by it without an invitation any more."],
        run=lambda actor, domain, _data: email_domain_set_join_mode(
            actor=actor, email_domain_id=domain.pk, join_mode=JoinMode.OFF
        ),
        done=lambda domain: f"Nobody joins by {domain} any more.",
    ),
    Act(
        name="remove",
        label="Remove",
        icon="delete",
        available=lambda _domain: True,
        explain=lambda _domain: [
            "The domain is the tenant’s no longer, and free for others.",
            "Members who joined by it stay.",
        ],
        run=lambda actor, domain, data: email_domain_remove(
            actor=actor, email_domain_id=domain.pk, reason=data["reason"]
        ),
        done=lambda domain: f"{domain} is removed.",
        form=RemoveForm,
        dangerous=True,
        removes=True,
    ),
)


class EmailDomainAdmin(ConsolePage):
    acts = ACTS
    empty_text = (
        "Tenants prove the domains of their e-mail addresses, and may let people join by them."
    )
    list_display = ("domain", "tenant_link", "joining", "state", "checked")
    list_filter = (StateFilter, "join_mode")
    search_fields = ("domain", "tenant__slug")
    search_help_text = "Domain or tenant’s address"
    list_select_related = ("tenant",)
    ordering = ("domain",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmailDomain]:
        found: QuerySet[EmailDomain] = super().get_queryset(request)
        return found.select_related("tenant")

    @display(description="Tenant", ordering="tenant__slug")
    def tenant_link(self, domain: EmailDomain) -> SafeString:
        return r.link_to(domain.tenant)

    @display(description="Who joins", ordering="join_mode")
    def joining(self, domain: EmailDomain) -> str:
        return domain.get_join_mode_display()

    @display(description="State", ordering="verified_at")
    def state(self, domain: EmailDomain) -> SafeString:
        return _badge(domain)

    @display(description="Checked", ordering="checked_at")
    def checked(self, domain: EmailDomain) -> SafeString:
        return r.when(domain.checked_at)

    def title(self, obj: EmailDomain) -> str:
        return obj.domain

    def badges(self, obj: EmailDomain) -> Sequence[SafeString]:
        return (_badge(obj),)

    def sections(self, obj: EmailDomain) -> Sequence[Section]:
        found: list[Section] = [
            Facts(
                "Facts",
                [
                    ("Tenant", r.link_to(obj.tenant)),
                    ("Who joins by it", obj.get_join_mode_display()),
                    ("Verified", r.when(obj.verified_at)),
                    ("Proof missing since", r.when(obj.proof_missing_since)),
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


def _badge(domain: EmailDomain) -> SafeString:
    state = domain.state
    return r.badge(str(state.label), TONES[state])
