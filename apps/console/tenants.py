"""Tenants and their domains in the console."""

import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from apps.accounts.models import Person, TenantMembership
from apps.accounts.selectors import person_by_email
from apps.common.errors import PlatformError
from apps.console import rendering as r
from apps.console.acts import show_errors, staff_actor
from apps.console.audit import AUDIT_ACTS
from apps.console.domains import domain_badge
from apps.console.pages import Cell, ConsolePage, Facts, Section, Steps, Table, Text
from apps.console.tenant_acts import TENANT_ACTS, TenantCreateForm
from apps.console.tenant_acts_access import ACCESS_ACTS
from apps.console.tenant_acts_addresses import ADDRESS_ACTS
from apps.console.tenant_acts_credits import CREDIT_ACTS
from apps.console.tenant_acts_keys import KEY_ACTS
from apps.console.tenant_acts_operations import OPERATION_ACTS
from apps.console.tenant_acts_plan import PLAN_ACTS
from apps.console.tenant_acts_refund import REFUND_ACTS
from apps.console.tenant_inside import INSIDE_PAGES, SEARCH_LENGTH, InsidePage
from apps.console.tenant_members import IMPERSONATE_ACTS
from apps.console.tenant_notifications import NOTIFICATION_ACTS
from apps.console.tenant_sections import copy_facts, deletion, exports, sandbox_badges
from apps.tenants import provisioning
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_create

HISTORY_SHOWN = 200


def tenant_badge(status: str, label: str) -> SafeString:
    return r.badge(label, r.TENANT_TONES[status])


def state_badge(tenant: Tenant) -> SafeString:
    """The state, but for a ready tenant that takes no requests all the same."""
    if tenant.maintenance_since is not None and tenant.is_ready:
        return r.badge("Maintenance", "warn")
    return tenant_badge(tenant.status, tenant.get_status_display())


class TenantAdmin(ConsolePage):
    # What destroys comes last.
    acts = tuple(
        sorted(
            (
                *TENANT_ACTS,
                *OPERATION_ACTS,
                *ADDRESS_ACTS,
                *KEY_ACTS,
                *ACCESS_ACTS,
                *IMPERSONATE_ACTS,
                *AUDIT_ACTS,
                *PLAN_ACTS,
                *REFUND_ACTS,
                *CREDIT_ACTS,
                *NOTIFICATION_ACTS,
            ),
            key=lambda act: act.dangerous,
        )
    )
    empty_text = "Workspaces of customers appear here as soon as somebody asks for one."
    actions_list = ("create",)
    list_display = ("address", "name", "state", "owner", "members", "created", "ready_since")
    list_display_links = ("address",)
    list_filter = ("status", "created_at", "is_canary")
    search_fields = ("slug", "name", "domains__domain", "owner_email")
    search_help_text = "Address, name, domain or owner’s e-mail"
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """With the owner's address and the number of members."""
        members = (
            TenantMembership.objects.filter(tenant=OuterRef("pk"))
            .order_by()
            .values("tenant")
            .annotate(count=Count("pk"))
            .values("count")
        )
        owner = Person.objects.filter(pk=OuterRef("owner_person_id")).values("email")
        found: QuerySet[Tenant] = super().get_queryset(request)
        return found.annotate(
            owner_email=Subquery(owner), member_count=Coalesce(Subquery(members), 0)
        )

    @display(description="Address", ordering="slug")
    def address(self, tenant: Tenant) -> str:
        return tenant.slug

    @display(description="State", ordering="status")
    def state(self, tenant: Tenant) -> SafeString:
        return state_badge(tenant)

    @display(description="Owner", ordering="owner_email")
    def owner(self, tenant: Any) -> str:
        return tenant.owner_email or "–"

    @display(description="Members", ordering="member_count")
    def members(self, tenant: Any) -> int:
        return tenant.member_count

    @display(description="Created", ordering="created_at")
    def created(self, tenant: Tenant) -> SafeString:
        return r.when(tenant.created_at)

    @display(description="Ready since", ordering="ready_at")
    def ready_since(self, tenant: Tenant) -> SafeString:
        return r.when(tenant.ready_at)

    def title(self, obj: Tenant) -> str:
        return obj.slug

    def subtitle(self, obj: Tenant) -> str:
        return obj.name

    def badges(self, obj: Tenant) -> Sequence[SafeString]:
        return (state_badge(obj), *sandbox_badges(obj))

    def sections(self, obj: Any) -> Sequence[Section]:
        found: list[Section] = [self._facts(obj), *deletion(obj), self._provisioning(obj)]
        if obj.last_error:
            found.append(Text("Last error", obj.last_error))
        return [*found, self._domains(obj), exports(obj), self._history(obj)]

    def _facts(self, tenant: Any) -> Facts:
        owner = Person.objects.filter(pk=tenant.owner_person_id).first()
        memberships = reverse("admin:accounts_tenantmembership_changelist")
        events = reverse("admin:events_outboxevent_changelist")
        rows: list[tuple[str, Cell]] = [
            ("Name", tenant.name),
            ("Site", r.link(tenant.url(), tenant.url())),
            ("Owner", r.link_to(owner, owner.email) if owner else "No longer here"),
            (
                "Members",
                r.link(f"{memberships}?tenant__id__exact={tenant.pk}", str(tenant.member_count)),
            ),
            ("Events", r.link(f"{events}?tenant_id={tenant.pk}", "Events of this tenant")),
            *((page.fact, page.link(tenant)) for page in INSIDE_PAGES),
            *copy_facts(tenant),
            ("Schema", r.code(tenant.schema_name)),
            ("Id", r.code(tenant.pk)),
            ("Created", r.when(tenant.created_at)),
            ("Ready since", r.when(tenant.ready_at)),
        ]
        if tenant.is_canary:
            rows.append(("Canary", "Migrated before the others at a release"))
        if tenant.maintenance_since:
            rows.insert(1, ("Maintenance expected to end", r.exact(tenant.maintenance_until)))
            rows.insert(1, ("In maintenance since", r.exact(tenant.maintenance_since)))
            rows.insert(1, ("Message", tenant.maintenance_message or r.NONE))
        if tenant.status_reason:
            rows.insert(1, ("Reason of the state", tenant.status_reason))
        if tenant.delete_after:
            rows.insert(1, ("Deleted for good", r.exact(tenant.delete_after)))
        return Facts("Facts", rows)

    def _provisioning(self, tenant: Tenant) -> Steps:
        progress = provisioning.progress(tenant)
        left = progress.total - progress.done
        return Steps(
            "Provisioning",
            progress.steps,
            note=f"{progress.done} of {progress.total} steps done"
            + (f", {left} left" if left else ""),
            # Once the deletion has begun, these are its own.
            rows=[]
            if tenant.purge_started_at
            else [
                ("Failed attempts", tenant.attempts),
                ("Next attempt", r.when(tenant.next_attempt_at)),
            ],
        )

    def _domains(self, tenant: Tenant) -> Table:
        return Table(
            "Domains",
            ("Domain", "Primary", "State"),
            [
                (
                    r.link_to(domain, domain.domain),
                    r.yes_no(domain.is_primary),
                    domain_badge(domain),
                )
                for domain in tenant.domains.order_by("domain")
            ],
            empty="No domain leads to this tenant.",
        )

    def _history(self, tenant: Tenant) -> Table:
        entries = tenant.history.all()[:HISTORY_SHOWN]
        return Table(
            "History",
            ("When", "What", "State", "By", "Reason"),
            [
                (
                    r.when(entry.created_at),
                    entry.action.replace("_", " ").capitalize(),
                    tenant_badge(entry.to_status, entry.get_to_status_display()),
                    entry.actor,
                    entry.reason or r.NONE,
                )
                for entry in entries
            ],
            empty="Nothing has happened yet.",
        )

    def extra_urls(self) -> list[URLPattern]:
        return [
            path(
                "create/",
                self.admin_site.admin_view(self.create_view),
                name="tenants_tenant_create",
            ),
            *(
                path(
                    f"<uuid:object_id>/{page.path}/",
                    self.admin_site.admin_view(partial(self.inside_view, page=page)),
                    name=page.url_name,
                )
                for page in INSIDE_PAGES
            ),
        ]

    def inside_view(
        self, request: HttpRequest, object_id: uuid.UUID, *, page: InsidePage
    ) -> HttpResponse:
        tenant = self.object_or_404(request, object_id)
        heading = f"{page.title} of {tenant.slug}"
        return self.page(
            request,
            "console/detail.html",
            title=heading,
            heading=heading,
            lead=r.link_to(tenant),
            badges=(),
            sections=page.sections(tenant, request.GET.get("q", "").strip()[:SEARCH_LENGTH]),
            acts=self.offered(tenant, page.acts),
        )

    @action(
        description="Create tenant", url_path="create", icon="add", variant=ActionVariant.PRIMARY
    )
    def create(self, request: HttpRequest) -> HttpResponse:
        """The button above the list; unfold finds the address by the method's name."""
        return self.create_view(request)

    def create_view(self, request: HttpRequest) -> HttpResponse:
        form = TenantCreateForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            owner = person_by_email(form.cleaned_data["owner_email"])
            try:
                if owner is None:
                    raise form.unknown_owner()
                tenant = tenant_create(
                    actor=staff_actor(request),
                    name=form.cleaned_data["name"],
                    slug=form.cleaned_data["slug"],
                    owner_person_id=owner.pk,
                )
            except PlatformError as error:
                if not show_errors(form, error):
                    form.add_error(None, str(error.detail))
            else:
                messages.success(request, f"{tenant.slug} is being provisioned.")
                return redirect(self.object_url(tenant))
        return self.page(
            request,
            "console/act.html",
            title="Create tenant",
            heading="Create tenant",
            act={"label": "Create tenant", "dangerous": False},
            explain=["A worker provisions it right away, usually within seconds."],
            form=form,
            back=self.list_url(),
        )
