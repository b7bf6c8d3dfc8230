"""The members of a tenant, and acting for one of them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.accounts.impersonation import MINUTES, impersonation_permit
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.acts import Act
from apps.console.pages import Cell, Search, Section, Table
from apps.console.tenant_acts_access import NamedForm, act_link
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member
from apps.organizations.selectors import members_for
from apps.tenants.models import Tenant

SHOWN = 200
ACTOR = Actor.system("console")
TONES = {MemberStatus.ACTIVE: "good", MemberStatus.DEACTIVATED: "quiet"}
ACT = "impersonate"


def members_sections(tenant: Tenant, q: str) -> list[Section]:
    """Members by address. Two statements, in the tenant."""
    with tenant_context(tenant):
        found = members_for(ACTOR).order_by("email", "id")
        if q:
            found = found.filter(Q(email__icontains=q) | Q(name__icontains=q))
        rows = list(found[: SHOWN + 1])
    return [
        Search("Find", "Name or address of a member", q),
        Table(
            f"Members, the first {SHOWN}" if len(rows) > SHOWN else "Members",
            ("Address", "Name", "State", "Since", "Id", "Act"),
            [_row(tenant, one) for one in rows[:SHOWN]],
            empty="There is no such member." if q else "The tenant has no members.",
        ),
    ]


def _row(tenant: Tenant, one: Member) -> Sequence[Cell]:
    act: SafeString = r.NONE
    if tenant.is_ready and one.status == MemberStatus.ACTIVE:
        act = act_link(tenant, ACT, one.pk, "Act for them")
    return (
        one.email,
        one.name,
        r.badge(one.get_status_display(), TONES.get(MemberStatus(one.status), "quiet")),
        r.when(one.created_at),
        r.code(one.pk),
        act,
    )


class ImpersonateForm(NamedForm):
    name_field = "email"

    minutes = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        choices=[(minutes, _("%d minutes") % minutes) for minutes in MINUTES],
        help_text=_("It ends by itself, and with your own sign-in."),
    )
    field_order = ["named", "minutes", "reason"]

    def label(self) -> str | Promise:
        return _("Member, by id or address")

    def rows(self) -> QuerySet[Any]:
        return Member.objects.filter(status=MemberStatus.ACTIVE)

    def describe(self, found: Any) -> str:
        return f"{found.name or found.email}, {found.email}"


def _run(actor: Actor, tenant: Tenant, data: dict[str, Any]) -> HttpResponse:
    with tenant_context(tenant):
        person_id = Member.objects.values_list("person_id", flat=True).get(pk=data["named"])
    permit = impersonation_permit(
        actor=actor,
        tenant=tenant,
        person_id=person_id,
        reason=data["reason"],
        minutes=data["minutes"],
    )
    return redirect(f"{reverse('support')}?{urlencode({'permit': permit})}")


IMPERSONATE_ACTS = (
    Act(
        name=ACT,
        label="Act for a member",
        icon="supervisor_account",
        available=lambda tenant: tenant.is_ready,
        explain=lambda _tenant: [
            "You leave the console and see the workspace as the member does, with a bar on top that says so.",
            "You may do what they may, but for what is dangerous: access, sign-in, exports, deletion.",
            "The member gets a mail with your reason. The workspace’s audit log names you in each entry.",
        ],
        run=_run,
        done=lambda _tenant: "",
        form=ImpersonateForm,
        inside="members",
    ),
)
