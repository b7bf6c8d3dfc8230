"""Asking for a workspace, its name and its brand."""

import math
import uuid

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor, ActorKind
from apps.common.colors import READABLE, color_parse, contrast
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.ids import uuid7
from apps.common.tenancy import current_tenant
from apps.common.urls import slug_host
from apps.events.services import publish
from apps.tenants import permissions
from apps.tenants.enums import SCHEMA_STEP_NAME
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import BrandChanged, TenantRenamed, TenantRequested
from apps.tenants.hosts import domain_normalize
from apps.tenants.models import Domain, Tenant
from apps.tenants.pool import pool_claim
from apps.tenants.services.transitions import lock, note
from apps.tenants.slugs import schema_name_for, slug_validate

MAX_OPEN_PER_PERSON = 3


@system_connection()
@transaction.atomic
def tenant_create(
    *,
    actor: Actor,
    name: str,
    slug: str,
    owner_person_id: uuid.UUID,
    domain: str = "",
    cloned_from_id: uuid.UUID | None = None,
) -> Tenant:
    """Reserve the address and ask for the workspace; a worker provisions it.

    Its schema is taken from the pool, if there is one; else the worker makes it. cloned_from_id: the tenant
    that it is to be a masked copy of (tenant_clone).

    A person creates for themselves; staff and the system for anybody, with a domain if they vouch for it.
    Publishes tenants.tenant_requested. Raises InvalidInput (slug or domain invalid, reserved or taken,
    even in a race), PermissionDenied, Conflict (too many unfinished workspaces). Advisory lock: the person.
    """
    if not actor.is_platform and (domain or actor.person_id != owner_person_id):
        raise PermissionDenied(_("You can create a workspace only for yourself."))
    slug, name = slug_validate(slug), name_validate(name)
    domain = domain_normalize(domain) if domain else ""
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
        primary_host=domain,
        cloned_from_id=cloned_from_id,
    )
    if cloned_from_id is None and pool_claim(tenant.schema_name):
        tenant.steps_done = [SCHEMA_STEP_NAME]
    try:
        with transaction.atomic():
            tenant.save(force_insert=True)
            _domain_add(tenant, slug_host(slug))
    except IntegrityError as error:
        raise InvalidInput.field(
            "slug", _("This address is taken. Choose another."), "slug_taken"
        ) from error
    if domain:
        try:
            with transaction.atomic():
                _domain_add(tenant, domain)
        except IntegrityError as error:
            raise InvalidInput.field(
                "domain", _("Another workspace has this domain."), "domain_taken"
            ) from error
    note(actor, tenant, "created", from_status="")
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


def _domain_add(tenant: Tenant, domain: str) -> None:
    """A host that needs no proof: a subdomain of ours, or what the platform's staff vouch for."""
    Domain(tenant=tenant, domain=domain, verified_at=timezone.now()).save(force_insert=True)


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
    _require_settings(actor, tenant_id)
    name = name_validate(name)
    tenant = lock(tenant_id)
    if tenant.name != name:
        old, tenant.name = tenant.name, name
        tenant.save(update_fields=["name", "updated_at"])
        note(actor, tenant, "renamed", reason=f"{old} → {name}")
        publish(TenantRenamed(tenant_id=tenant.id, name=name), actor=actor, tenant_id=tenant.id)
    return tenant


@transaction.atomic
def tenant_brand_set(
    *,
    actor: Actor,
    tenant_id: uuid.UUID,
    accent_color: str | None = None,
    mail_footer: str | None = None,
) -> Tenant:
    """What the workspace's mails look like; empty: as the platform's; None leaves it as it is.

    accent_color: `#rrggbb`, on which white text can be read. Locks the tenant. Publishes
    tenants.brand_changed if something differs. Raises InvalidInput, PermissionDenied, NotFound.
    """
    _require_settings(actor, tenant_id)
    wanted: dict[str, str] = {}
    if accent_color is not None:
        wanted["accent_color"] = accent_validate(accent_color)
    if mail_footer is not None:
        wanted["mail_footer"] = footer_validate(mail_footer)
    tenant = lock(tenant_id)
    changed = {field: value for field, value in wanted.items() if getattr(tenant, field) != value}
    if changed:
        for field, value in changed.items():
            setattr(tenant, field, value)
        tenant.save(update_fields=[*changed, "updated_at"])
        publish(
            BrandChanged(
                tenant_id=tenant.id,
                accent_color=tenant.accent_color,
                mail_footer=tenant.mail_footer,
            ),
            actor=actor,
            tenant_id=tenant.id,
        )
    return tenant


def accent_validate(color: str) -> str:
    """Raises InvalidInput on field `accent_color`."""
    if not color.strip():
        return ""
    try:
        parsed = color_parse(color)
    except ValueError as error:
        raise InvalidInput.field(
            "accent_color", _("Write a colour as #rrggbb, such as #1d4ed8."), "color_invalid"
        ) from error
    ratio = contrast(parsed, "#ffffff")
    if ratio < READABLE:
        raise InvalidInput.field(
            "accent_color",
            _(
                "White text on it could not be read: the contrast is %(ratio).1f to 1, and %(least)s to 1 "
                "is needed. Choose a darker one."
            )
            % {"ratio": math.floor(ratio * 10) / 10, "least": READABLE},
            "contrast_low",
        )
    return parsed


def footer_validate(text: str) -> str:
    """One line. Raises InvalidInput on field `mail_footer`."""
    text = " ".join(text.split())
    if len(text) > 300 or not text.isprintable():
        raise InvalidInput.field(
            "mail_footer", _("Use at most 300 printable characters."), "footer_invalid"
        )
    return text


def _require_settings(actor: Actor, tenant_id: uuid.UUID) -> None:
    if not actor.is_platform:
        authorize(actor, permissions.UPDATE_SETTINGS)
        ref = current_tenant()
        if ref is None or ref.id != tenant_id:
            raise NotFound
