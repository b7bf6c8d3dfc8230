"""The platform's audit log, and what staff see of a tenant's."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.audit.chains import chain_of
from apps.audit.describing import summary
from apps.audit.models import Entry
from apps.audit.retention import retention_days
from apps.audit.selectors import actions
from apps.common.errors import Conflict
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.acts import Act
from apps.console.pages import Cell, ConsolePage, Facts, Section, Table, Text
from apps.console.tenant_acts_keys import has_schema
from apps.tenants.models import Tenant
from apps.trail.chains import PLATFORM_CHAIN, Chain
from apps.trail.models import AbstractEntry, Checkpoint, PlatformEntry, Segment
from apps.trail.verifying import chain_verify

SHOWN = 200
# Some seconds; what is longer is for the command.
MAX_VERIFIED = 100_000


def verified(chain: Chain) -> str:
    """Check a chain while staff wait. Raises Conflict: it is broken, or too long to wait for."""
    with chain.as_system():
        ends = chain.model._default_manager.order_by("seq").values_list("seq", flat=True)
        first, last = ends.first() or 0, ends.last() or 0
    if last - first > MAX_VERIFIED:
        raise Conflict(
            f"The chain is long. Run manage.py audit verify --tenant {chain.name}", code="too_long"
        )
    report = chain_verify(chain)
    if report.problem:
        one = report.problem
        raise Conflict(f"The chain is broken at entry {one.seq}: {one.detail}.", code="broken")
    return f"The chain is whole: {report.entries} entries, {report.checkpoints} signatures fit."


AUDIT_ACTS = (
    Act(
        name="audit_verify",
        label="Verify audit log",
        icon="fact_check",
        available=has_schema,
        explain=lambda _tenant: [
            "Every entry in the database is checked against the one before it and against what was signed."
        ],
        run=lambda _actor, tenant, _data: verified(chain_of(tenant)),
        done=lambda tenant: f"The audit log of {tenant.slug} is whole.",
    ),
)


def audit_sections(tenant: Tenant) -> list[Section]:
    """How it is kept, and the newest entries. Four statements."""
    if not has_schema(tenant):
        return [Table("Entries", ("What",), [], empty="The tenant has no audit log (yet).")]
    with tenant_context(tenant):
        rows = list(Entry.objects.order_by("-seq")[:SHOWN])
    checkpoint = Checkpoint.objects.filter(tenant_id=tenant.pk).order_by("-seq").first()
    segments = Segment.objects.filter(tenant_id=tenant.pk).count()
    days = retention_days(tenant.ref)
    return [
        Facts(
            "How it is kept",
            [
                ("Last entry", f"{rows[0].seq:,}" if rows else r.NONE),
                (
                    "Signed up to",
                    f"{checkpoint.seq:,}, {r.exact(checkpoint.signed_at)}"
                    if checkpoint
                    else r.NONE,
                ),
                ("Archived segments", segments),
                ("Stays in the database", f"{days} days" if days else "For ever"),
            ],
        ),
        Table(
            f"The newest {SHOWN}" if len(rows) == SHOWN else "Entries",
            ("Number", "When", "What", "Who", "From"),
            [
                (
                    f"{one.seq:,}",
                    r.when(one.occurred_at),
                    summary(one.action, one.what),
                    who(one),
                    one.address or r.NONE,
                )
                for one in rows
            ],
            empty="Nothing recorded yet.",
        ),
    ]


def who(entry: AbstractEntry) -> str:
    if entry.actor_label is None:
        return "Erased person"
    acted = entry.what.get("impersonator") if entry.what else None
    return f"{entry.actor_label}, by {acted['label']}" if acted else entry.actor_label


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in actions()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class PlatformEntryAdmin(ConsolePage):
    """By the event's id in the address, as entries are elsewhere."""

    empty_text = "What staff do and what happens in no tenant is recorded here."
    actions_list = ("verify",)
    list_display = ("number", "told", "actor", "address", "occurred")
    list_display_links = None  # they would lead to the number
    list_filter = ("occurred_at", ActionFilter)
    search_fields = ("actor_label__exact", "address__exact", "request_id__exact", "action__exact")
    search_help_text = "Actor, address, request or action, in full"
    ordering = ("-seq",)
    show_full_result_count = False

    @display(description="Number", ordering="seq")
    def number(self, entry: PlatformEntry) -> str:
        return f"{entry.seq:,}"

    @display(description="What")
    def told(self, entry: PlatformEntry) -> SafeString:
        return r.link(self.object_url(entry), summary(entry.action, entry.what))

    @display(description="Who", ordering="actor_label")
    def actor(self, entry: PlatformEntry) -> str:
        return who(entry)

    @display(description="When", ordering="occurred_at")
    def occurred(self, entry: PlatformEntry) -> SafeString:
        return r.when(entry.occurred_at)

    def title(self, obj: PlatformEntry) -> str:
        return summary(obj.action, obj.what)

    def sections(self, obj: PlatformEntry) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("When", r.exact(obj.occurred_at)),
            ("Who", f"{who(obj)} ({obj.actor_kind})"),
            ("Action", r.code(obj.action)),
            ("Address", obj.address or r.NONE),
            ("Client", obj.agent or r.NONE),
            ("Targets", ", ".join(obj.targets) or r.NONE),
            ("Request", r.code(obj.request_id) if obj.request_id else r.NONE),
            ("Number", f"{obj.seq:,}"),
            ("Hash", r.code(bytes(obj.hash).hex())),
        ]
        return [Facts("Facts", rows), Text("Details", r.pretty(obj.what))]

    def object_or_404(self, request: HttpRequest, object_id: uuid.UUID) -> Any:
        found = self.get_queryset(request).filter(event_id=object_id).first()
        if found is None:
            raise Http404
        return found

    def object_url(self, obj: Any, page: str = "change") -> str:
        return reverse(f"admin:trail_platformentry_{page}", args=[obj.event_id])

    def extra_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [path("verify/", wrap(self.verify_view), name="trail_platformentry_verify")]

    @action(
        description="Verify", url_path="verify", icon="fact_check", variant=ActionVariant.PRIMARY
    )
    def verify(self, request: HttpRequest) -> HttpResponse:
        """The button above the list; unfold finds the address by the method's name."""
        return self.verify_view(request)

    def verify_view(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            try:
                messages.success(request, verified(PLATFORM_CHAIN))
            except Conflict as error:
                messages.error(request, str(error.detail))
            return redirect(self.list_url())
        return self.page(
            request,
            "console/act.html",
            title="Verify",
            heading="Verify the platform’s audit log",
            act={"label": "Verify", "dangerous": False},
            explain=[
                "Every entry is checked against the one before it and against what was signed."
            ],
            form=forms.Form(),
            back=self.list_url(),
        )
