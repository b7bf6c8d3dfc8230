"""People and memberships in the console."""

from collections.abc import Sequence
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.accounts.factors import factors_of, factors_reset
from apps.accounts.limits import locked_for_s
from apps.accounts.models import BrowserSession, Erasure, Person, TenantMembership, TokenSession
from apps.accounts.services import person_deactivate, person_reactivate, person_unlock
from apps.accounts.session_end import sign_ins_end_all
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.pages import Cell, ConsolePage, Facts, Section, Table
from apps.console.services import verification_resend
from apps.console.sessions import session_tables
from apps.console.tenants import tenant_badge
from apps.organizations.services import person_erase

MEMBERSHIPS_SHOWN = 200

PERSON_ACTS = (
    Act(
        name="reactivate",
        label="Reactivate",
        icon="person_check",
        available=lambda person: not person.is_active and not person.is_erased,
        explain=lambda _person: ["They can sign in again, with the password that they had."],
        run=lambda actor, person, _data: person_reactivate(actor=actor, person_id=person.pk),
        done=lambda person: f"{person.email} can sign in again.",
    ),
    Act(
        name="unlock",
        label="Unlock sign-in",
        icon="lock_open",
        available=lambda person: locked_for_s(person) > 0,
        explain=lambda _person: [
            "Too many wrong passwords or codes were tried, perhaps by somebody else. Ask the person before.",
            "They can try again at once. What was counted for the network address they came from stays.",
        ],
        run=lambda actor, person, _data: person_unlock(actor=actor, person_id=person.pk),
        done=lambda person: f"{person.email} can try again.",
    ),
    Act(
        name="verify",
        label="Resend verification",
        icon="forward_to_inbox",
        available=lambda person: person.is_active and not person.is_verified,
        explain=lambda _person: ["A mail with a new link to confirm the address is sent."],
        run=lambda actor, person, _data: verification_resend(actor=actor, person_id=person.pk),
        done=lambda person: f"A new link is on its way to {person.email}.",
    ),
    Act(
        name="reset_factors",
        label="Reset second factors",
        icon="phonelink_erase",
        available=lambda person: person.has_factors,
        explain=lambda _person: [
            "Their app, passkeys and recovery codes stop working: their password alone signs them in.",
            "Be sure that it is the person who asks, and not somebody who has their password.",
            "They get a mail. Sessions that were begun with a second factor go on.",
        ],
        run=lambda actor, person, data: factors_reset(
            actor=actor, person_id=person.pk, reason=data["reason"]
        ),
        done=lambda person: f"{person.email} has no second factor any more.",
        form=ReasonForm,
        dangerous=True,
    ),
    Act(
        name="sign-out",
        label="Sign out everywhere",
        icon="logout",
        available=lambda person: person.live_sessions > 0,
        explain=lambda _person: [
            "Every sign-in ends at once, in browsers and by API: they have to sign in again everywhere.",
            "They can, with the password that they have. To keep somebody out, deactivate the person.",
        ],
        run=lambda actor, person, data: sign_ins_end_all(
            actor=actor, person_id=person.pk, note=data["reason"]
        ),
        done=lambda person: f"{person.email} is signed out everywhere.",
        form=ReasonForm,
        dangerous=True,
    ),
    Act(
        name="deactivate",
        label="Deactivate",
        icon="person_off",
        available=lambda person: person.is_active,
        explain=lambda _person: [
            (
                "They are signed out everywhere on their next request and cannot sign in. "
                "Their memberships and what they made stay."
            )
        ],
        run=lambda actor, person, _data: person_deactivate(actor=actor, person_id=person.pk),
        done=lambda person: f"{person.email} is deactivated.",
        dangerous=True,
    ),
    Act(
        name="erase",
        label="Erase",
        icon="person_remove",
        available=lambda person: not person.is_erased,
        explain=lambda _person: [
            "They leave every workspace at once, and can never sign in again.",
            (
                "A worker replaces their name and address in every workspace and in the history, and "
                "sends them a last mail. There is no way back."
            ),
            "Be sure that they asked for it themselves. Exports made before still have their data.",
        ],
        run=lambda actor, person, data: person_erase(
            actor=actor, person_id=person.pk, reason=data["reason"]
        ),
        done=lambda person: f"{person.email} is being erased.",
        form=ReasonForm,
        dangerous=True,
    ),
)


class VerifiedFilter(admin.SimpleListFilter):
    title = "verified e-mail"
    parameter_name = "verified"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        wanted = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(is_verified=wanted)


class PersonAdmin(ConsolePage):
    acts = PERSON_ACTS
    empty_text = "Everybody who signs up or accepts an invitation appears here."
    list_display = ("email", "name", "flags", "verified", "workspaces", "joined", "seen")
    list_filter = ("is_active", "is_staff", VerifiedFilter, "created_at")
    search_fields = ("email", "name")
    search_help_text = "E-mail address or name"
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        verified = EmailAddress.objects.filter(
            user=OuterRef("pk"), email=OuterRef("email"), verified=True
        )
        live = Q(revoked_at=None, expires_at__gt=timezone.now())
        found: QuerySet[Person] = super().get_queryset(request)
        return found.annotate(
            is_verified=Exists(verified),
            has_factors=Exists(Authenticator.objects.filter(user=OuterRef("pk"))),
            is_erased=Exists(Erasure.objects.filter(person=OuterRef("pk"))),
            workspace_count=_count(TenantMembership.objects.all()),
            live_sessions=_count(BrowserSession.objects.filter(live))
            + _count(TokenSession.objects.filter(live)),
        )

    @display(description="State")
    def flags(self, person: Person) -> SafeString:
        return person_badge(person)

    @display(description="E-mail verified")
    def verified(self, person: Any) -> str:
        return r.yes_no(person.is_verified)

    @display(description="Workspaces", ordering="workspace_count")
    def workspaces(self, person: Any) -> int:
        return person.workspace_count

    @display(description="Joined", ordering="created_at")
    def joined(self, person: Person) -> SafeString:
        return r.when(person.created_at)

    @display(description="Last sign-in", ordering="last_login")
    def seen(self, person: Person) -> SafeString:
        return r.when(person.last_login)

    def title(self, obj: Person) -> str:
        return obj.email

    def subtitle(self, obj: Person) -> str:
        return obj.name

    def badges(self, obj: Any) -> Sequence[SafeString]:
        verified = r.badge("Verified", "good") if obj.is_verified else r.badge("Unverified", "warn")
        factor = (r.badge("Second factor", "good"),) if obj.has_factors else ()
        return (person_badge(obj), verified, *factor)

    def sections(self, obj: Any) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("Name", obj.name),
            ("Platform staff", r.yes_no(obj.is_staff)),
            ("Active", r.yes_no(obj.is_active)),
            ("Language", obj.get_language_display()),
            ("Time zone", obj.time_zone),
            ("Joined", r.when(obj.created_at)),
            ("Last sign-in", r.when(obj.last_login)),
            ("Id", r.code(obj.pk)),
        ]
        if left_s := locked_for_s(obj):
            minutes = -(-left_s // 60)
            said = f"For {minutes} more minute{'s' if minutes > 1 else ''}: too many wrong passwords or codes"
            rows.insert(0, ("Sign-in locked", said))
        if erasure := Erasure.objects.filter(person=obj).first():
            rows[:0] = erasure_rows(erasure)
        return [
            Facts("Facts", rows),
            self._memberships(obj),
            self._addresses(obj),
            self._factors(obj),
            *session_tables(obj),
        ]

    def _memberships(self, person: Person) -> Table:
        memberships = person.memberships.select_related("tenant").order_by("id")[:MEMBERSHIPS_SHOWN]
        return Table(
            "Memberships",
            ("Tenant", "State", "Since"),
            [
                (
                    r.link_to(m.tenant),
                    tenant_badge(m.tenant.status, m.tenant.get_status_display()),
                    r.when(m.created_at),
                )
                for m in memberships
            ],
            empty="Not a member of any workspace.",
        )

    def _addresses(self, person: Person) -> Table:
        return Table(
            "E-mail addresses",
            ("Address", "Primary", "Verified"),
            [
                (a.email, r.yes_no(a.primary), r.yes_no(a.verified))
                for a in EmailAddress.objects.filter(user_id=person.pk).order_by(
                    "-primary", "email"
                )
            ],
            empty="No address is on record.",
        )

    def _factors(self, person: Person) -> Table:
        found = factors_of(person.pk)
        named = [("Authenticator app", one) for one in [found.totp] if one]
        named += [(f"Passkey “{one}”", one) for one in found.passkeys]
        if found.recovery:
            named.append((f"{found.codes_left} recovery codes", found.recovery.instance))
        return Table(
            "Second factors",
            ("Factor", "Added", "Last used"),
            [(name, r.when(one.created_at), r.when(one.last_used_at)) for name, one in named],
            empty="None: their password alone signs them in.",
        )


class MembershipAdmin(ConsolePage):
    empty_text = "Who belongs to which tenant. The roles in it are the tenant’s own data."
    list_display = ("person_email", "tenant_link", "since")
    list_display_links = ("person_email",)
    list_filter = ("tenant__status", "created_at")
    search_fields = ("person__email", "person__name", "tenant__slug", "tenant__name")
    search_help_text = "Person or tenant"
    list_select_related = ("person", "tenant")
    ordering = ("-created_at",)

    @display(description="Person", ordering="person__email")
    def person_email(self, membership: TenantMembership) -> str:
        return membership.person.email

    @display(description="Tenant", ordering="tenant__slug")
    def tenant_link(self, membership: TenantMembership) -> SafeString:
        return r.link_to(membership.tenant)

    @display(description="Since", ordering="created_at")
    def since(self, membership: TenantMembership) -> SafeString:
        return r.when(membership.created_at)

    def title(self, obj: TenantMembership) -> str:
        return f"{obj.person.email} in {obj.tenant.slug}"

    def sections(self, obj: TenantMembership) -> Sequence[Section]:
        return [
            Facts(
                "Facts",
                [
                    ("Person", r.link_to(obj.person)),
                    ("Tenant", r.link_to(obj.tenant)),
                    ("Since", r.when(obj.created_at)),
                    ("Id", r.code(obj.pk)),
                ],
            )
        ]


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many rows belong to the person, as a column."""
    counted = (
        rows.filter(person=OuterRef("pk"))
        .order_by()
        .values("person")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Coalesce(Subquery(counted), 0)


def erasure_rows(erasure: Erasure) -> list[tuple[str, Cell]]:
    """How far it is, and at whose wish."""
    if erasure.finished_at:
        state: Cell = r.when(erasure.finished_at)
    else:
        state = f"Under way: {erasure.tenants_done} tenants done"
    found: list[tuple[str, Cell]] = [
        ("Erased", state),
        ("Erasure asked for by", erasure.requested_by),
    ]
    return [*found, ("Reason", erasure.reason)] if erasure.reason else found


def person_badge(person: Person) -> SafeString:
    if not person.is_active:
        return r.badge("Inactive", "bad")
    return r.badge("Staff", "info") if person.is_staff else r.badge("Active", "good")
