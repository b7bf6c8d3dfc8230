"""Writes on tenants. Each locks the tenant's row, notes the history and publishes in one transaction."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize, require_platform
from apps.common.actors import Actor, ActorKind
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.ids import uuid7
from apps.common.tenancy import current_tenant
from apps.events.services import publish
from apps.tenants import permissions
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import TenantRenamed, TenantRequested, TenantStatusChanged
from apps.tenants.models import Domain, Tenant, TenantEvent, slug_host
from apps.tenants.slugs import schema_name_for, slug_validate

TRANSITIONS: dict[S, frozenset[S]] = {
    S.PENDING: frozenset({S.PROVISIONING, S.FAILED, S.DELETING}),
    S.PROVISIONING: frozenset({S.READY, S.FAILED}),
    S.READY: frozenset({S.SUSPENDED, S.ARCHIVED, S.DELETING}),
    S.SUSPENDED: frozenset({S.READY, S.ARCHIVED, S.DELETING}),
    S.ARCHIVED: frozenset({S.READY, S.DELETING}),
    S.FAILED: frozenset({S.PENDING, S.DELETING}),
    S.DELETING: frozenset({S.READY, S.FAILED}),
}
MAX_OPEN_PER_PERSON = 3


@system_connection()
@transaction.atomic
def tenant_create(
    *, actor: Actor, name: str, slug: str, owner_person_id: uuid.UUID, domain: str = ""
) -> Tenant:
    """Reserve the address and ask for the workspace; a worker provisions it.

    A person creates for themselves; staff and the system for anybody. Publishes
    tenants.tenant_requested. Raises InvalidInput (slug or domain invalid, reserved or taken, even in a
    race), PermissionDenied, Conflict (too many unfinished workspaces). Advisory lock: the person.
    """
    if not actor.is_platform and actor.person_id != owner_person_id:
        raise PermissionDenied(_("You can create a workspace only for yourself."))
    slug, name = slug_validate(slug), name_validate(name)
    if actor.kind is ActorKind.PERSON:
        _take_turns(owner_person_id)
        unfinished = Tenant.objects.filter(
            owner_person_id=owner_person_id, status__in=[S.PENDING, S.PROVISIONING, S.FAILED]
        )
        if unfinished.count() >= MAX_OPEN_PER_PERSON:
            raise Conflict(
                _("You have workspaces that are still being set up. Wait until they are ready."),
                code="too_many_unfinished",
            )
    tenant_id = uuid7()
    tenant = Tenant(
        id=tenant_id,
        slug=slug,
        name=name,
        schema_name=schema_name_for(slug, tenant_id),
        owner_person_id=owner_person_id,
    )
    try:
        with transaction.atomic():
            tenant.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInput.field(
            "slug", _("This address is taken. Choose another."), "slug_taken"
        ) from error
    _domain_add(tenant, slug_host(slug), is_primary=not domain)
    if domain:
        _domain_add(tenant, domain, is_primary=True)
    _note(actor, tenant, "created", from_status="", reason="")
    publish(
        TenantRequested(tenant_id=tenant.id, slug=slug, owner_person_id=owner_person_id),
        actor=actor,
        tenant_id=tenant.id,
    )
    return tenant


def _take_turns(person_id: uuid.UUID) -> None:
    """Wait for the person's other requests that create: what they count must not change meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"tenant_create {person_id}"]
        )


def _domain_add(tenant: Tenant, domain: str, *, is_primary: bool) -> None:
    try:
        with transaction.atomic():
            Domain(
                tenant=tenant,
                domain=domain.lower(),
                is_primary=is_primary,
                verified_at=timezone.now(),
            ).save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInput.field(
            "domain", _("This domain is taken or not a host name."), "domain_taken"
        ) from error


def name_validate(name: str) -> str:
    """A workspace's name without odd white space. Raises InvalidInput on field `name`."""
    name = " ".join(name.split())
    if not name:
        raise InvalidInput.field("name", _("Give the workspace a name."), "required")
    if len(name) > 100 or not name.isprintable():
        raise InvalidInput.field("name", _("Use at most 100 printable characters."), "name_invalid")
    return name


@transaction.atomic
def tenant_rename(*, actor: Actor, tenant_id: uuid.UUID, name: str) -> Tenant:
    """Change the display name. Publishes tenants.tenant_renamed if it differs."""
    if not actor.is_platform:
        authorize(actor, permissions.UPDATE_SETTINGS)
        ref = current_tenant()
        if ref is None or ref.id != tenant_id:
            raise NotFound
    name = name_validate(name)
    tenant = _lock(tenant_id)
    if tenant.name != name:
        old, tenant.name = tenant.name, name
        tenant.save(update_fields=["name", "updated_at"])
        _note(actor, tenant, "renamed", from_status=tenant.status, reason=f"{old} → {name}")
        publish(TenantRenamed(tenant_id=tenant.id, name=name), actor=actor, tenant_id=tenant.id)
    return tenant


@system_connection()
@transaction.atomic
def tenant_suspend(*, actor: Actor, tenant_id: uuid.UUID, reason: str) -> Tenant:
    """Close the workspace to everybody; data stays. Takes effect on the next request."""
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why: members and staff will ask."), "required")
    return transition(
        actor, _lock(tenant_id), S.SUSPENDED, action="suspended", reason=reason.strip()
    )


@system_connection()
@transaction.atomic
def tenant_resume(*, actor: Actor, tenant_id: uuid.UUID, reason: str = "") -> Tenant:
    """Open a suspended or archived workspace again, or call a deletion off before it is due."""
    require_platform(actor)
    tenant = _lock(tenant_id)
    if tenant.ready_at is None:
        raise Conflict(_("This workspace was never ready. Retry its provisioning instead."))
    return transition(actor, tenant, S.READY, action="resumed", reason=reason, delete_after=None)


@system_connection()
@transaction.atomic
def tenant_retry(*, actor: Actor, tenant_id: uuid.UUID) -> Tenant:
    """Provision a failed workspace again, from the step that failed."""
    require_platform(actor)
    tenant = transition(
        actor, _lock(tenant_id), S.PENDING, action="retried", attempts=0, next_attempt_at=None
    )
    publish(
        TenantRequested(
            tenant_id=tenant.id, slug=tenant.slug, owner_person_id=tenant.owner_person_id
        ),
        actor=actor,
        tenant_id=tenant.id,
    )
    return tenant


@system_connection()
@transaction.atomic
def tenant_delete(
    *, actor: Actor, tenant_id: uuid.UUID, reason: str, grace_days: int | None = None
) -> Tenant:
    """Close the workspace now and delete it for good when the grace period is over.

    grace_days: default TENANT_DELETE_GRACE_DAYS; 0 means at the next sweep (about a minute).
    tenant_resume calls it off until then.
    """
    require_platform(actor)
    days = settings.TENANT_DELETE_GRACE_DAYS if grace_days is None else grace_days
    return transition(
        actor,
        _lock(tenant_id),
        S.DELETING,
        action="deletion_requested",
        reason=reason,
        delete_after=timezone.now() + timedelta(days=days),
    )


def transition(
    actor: Actor, tenant: Tenant, to: S, *, action: str, reason: str = "", **fields: object
) -> Tenant:
    """Move a locked tenant to another state, note it and publish. Raises Conflict if it can't."""
    before = S(tenant.status)
    if to not in TRANSITIONS[before]:
        raise Conflict(
            _("The workspace is %(before)s; it cannot become %(to)s from there.")
            % {"before": before.label.lower(), "to": to.label.lower()},
            code="tenant_state",
        )
    tenant.status, tenant.status_reason = to, reason[:500]
    for name, value in fields.items():
        setattr(tenant, name, value)
    tenant.save(update_fields=["status", "status_reason", "updated_at", *fields])
    _note(actor, tenant, action, from_status=before, reason=reason)
    publish(
        TenantStatusChanged(
            tenant_id=tenant.id, slug=tenant.slug, from_status=before, to_status=to, reason=reason
        ),
        actor=actor,
        tenant_id=tenant.id,
    )
    return tenant


def _lock(tenant_id: uuid.UUID) -> Tenant:
    tenant = Tenant.objects.select_for_update().filter(id=tenant_id).first()
    if tenant is None:
        raise NotFound
    return tenant


def _note(actor: Actor, tenant: Tenant, action: str, *, from_status: str, reason: str) -> None:
    TenantEvent.objects.create(
        tenant=tenant,
        action=action,
        from_status=from_status,
        to_status=tenant.status,
        actor=actor.label[:254],
        reason=reason,
    )
