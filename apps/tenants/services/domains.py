"""Domains of a tenant's own: claimed by anybody, given to who proves them, checked again and again."""

import secrets
import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common import entitlements
from apps.common.access import authorize, require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, Unavailable
from apps.common.tenancy import current_tenant
from apps.events.services import publish
from apps.tenants.entitlements import CUSTOM_DOMAINS
from apps.tenants.enums import DomainCheck
from apps.tenants.events import DomainAdded, DomainProofLost, DomainRemoved, DomainVerified
from apps.tenants.hosts import domain_normalize
from apps.tenants.models import Domain
from apps.tenants.models.domain import NOT_THERE
from apps.tenants.permissions import MANAGE_DOMAINS
from apps.tenants.proof import Finding, look_up, one_look_at_a_time
from apps.tenants.services.addresses import authorize_domains, primary_set, require_room
from apps.tenants.services.transitions import lock, note


@transaction.atomic
def domain_add(*, actor: Actor, tenant_id: uuid.UUID, domain: str) -> Domain:
    """Claim a domain for the workspace. It leads there once its TXT record is found (domain_check).

    Others may claim the same name: whoever proves it gets it. Locks the tenant. Publishes
    tenants.domain_added. Raises PermissionDenied, NotFound, InvalidInput (no host name, the platform's own,
    in the list already), Conflict (too many), EntitlementExceeded.
    """
    authorize_domains(actor, tenant_id)
    name = domain_normalize(domain)
    tenant = lock(tenant_id)
    if tenant.domains.filter(domain=name).exists():
        raise InvalidInput.field(
            "domain", _("This domain is in the list of this workspace already."), "domain_listed"
        )
    require_room(tenant)
    entitlements.check(tenant, CUSTOM_DOMAINS, is_locked=True)
    added = Domain(tenant=tenant, domain=name, token=secrets.token_hex(16))
    added.save(force_insert=True)
    note(actor, tenant, "domain_added", reason=name)
    publish(DomainAdded(domain_id=added.id, domain=name), actor=actor, tenant_id=tenant.id)
    return added


def domain_check(*, actor: Actor, domain_id: uuid.UUID) -> Domain:
    """Look for the proof of a domain in DNS, and note what was found. Verifies it the first time.

    A verified domain whose record is gone stays verified; `check_error` warns, and
    tenants.domain_proof_lost is published once. Not atomic: the look takes up to 5 seconds and comes
    before the transaction, which locks the tenant. Publishes tenants.domain_verified the first time.
    Raises PermissionDenied, NotFound, Conflict: no proof is needed; a check runs already; another
    workspace has the domain, which is noted all the same. Unavailable: DNS did not answer about a domain
    whose proof was missing before, which stays noted.
    """
    domain = _seen(actor, domain_id)
    if not domain.needs_proof:
        raise Conflict(
            _("%s needs no proof: there is nothing to check.") % domain, code="no_proof_needed"
        )
    with one_look_at_a_time(actor, domain.tenant_id):
        finding = look_up(domain)
    checked = _note_finding(actor, domain_id, finding)
    if checked.check_code == DomainCheck.IN_USE:
        raise _in_use()
    return checked


@transaction.atomic
def domain_verify(*, actor: Actor, domain_id: uuid.UUID, reason: str) -> Domain:
    """Staff vouch for a domain: it is verified, and no record is looked for any more.

    Locks the tenant. Publishes tenants.domain_verified if it was not. Raises PermissionDenied, NotFound,
    InvalidInput without a reason, Conflict (no proof is needed; another workspace has the domain).
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say how you know whose it is."), "required")
    domain = _locked(actor, domain_id)
    if not domain.needs_proof:
        raise Conflict(_("%s needs no proof.") % domain, code="no_proof_needed")
    was_verified = domain.verified_at is not None
    domain.token = domain.check_code = domain.check_error = ""
    domain.verified_at = domain.verified_at or timezone.now()
    if not _saved(domain):
        raise _in_use()
    note(actor, domain.tenant, "domain_verified", reason=f"{domain}, by hand: {reason.strip()}")
    if not was_verified:
        _publish_verified(actor, domain)
    return domain


@transaction.atomic
def domain_make_primary(*, actor: Actor, domain_id: uuid.UUID) -> Domain:
    """Let links, in mails too, lead to this domain. The subdomain of the slug is primary without a choice.

    Locks the tenant. Publishes tenants.primary_domain_changed if it differs. Raises PermissionDenied,
    NotFound, Conflict (not verified; an old subdomain).
    """
    domain = _locked(actor, domain_id)
    if domain.verified_at is None:
        raise Conflict(
            _("%s is not verified yet. Add its TXT record and check it first.") % domain,
            code="domain_unverified",
        )
    if domain.is_alias:
        raise Conflict(
            _("%s is an old address and only redirects. Change the address back to it instead.")
            % domain,
            code="domain_redirects",
        )
    primary_set(actor, domain.tenant, "" if domain.is_current_subdomain else domain.domain)
    return domain


@transaction.atomic
def domain_remove(*, actor: Actor, domain_id: uuid.UUID, reason: str = "") -> None:
    """Give a domain up, or an old subdomain: it leads here no longer and is free for others.

    If it was primary, the subdomain is. Locks the tenant. Publishes tenants.domain_removed, and
    tenants.primary_domain_changed. Raises PermissionDenied, NotFound, Conflict for the present subdomain.
    """
    domain = _locked(actor, domain_id)
    if domain.is_current_subdomain:
        raise Conflict(
            _("%s is the workspace's own address. Change the address instead of removing it.")
            % domain,
            code="domain_needed",
        )
    tenant = domain.tenant
    if domain.is_primary:
        primary_set(actor, tenant, "")
    because = f": {reason.strip()}" if reason.strip() else ""
    note(actor, tenant, "domain_removed", reason=f"{domain}{because}")
    publish(
        DomainRemoved(domain_id=domain.id, domain=domain.domain), actor=actor, tenant_id=tenant.id
    )
    domain.delete()


@transaction.atomic
def _note_finding(actor: Actor, domain_id: uuid.UUID, finding: Finding) -> Domain:
    """Write what a look found. Of two tenants who prove one name at once, the index lets one verify."""
    domain = _locked(actor, domain_id)
    if not domain.needs_proof:
        # Staff vouched for it while DNS was asked.
        return domain
    was_missing = domain.check_code in NOT_THERE
    if was_missing and domain.verified_at and finding.code == DomainCheck.NO_ANSWER:
        raise Unavailable(finding.detail, code="dns_unanswered")
    becomes_verified = finding.code == DomainCheck.FOUND and domain.verified_at is None
    domain.checked_at = timezone.now()
    domain.check_code, domain.check_error = finding.code, finding.detail[:300]
    if becomes_verified:
        domain.verified_at = domain.checked_at
    if not _saved(domain):
        becomes_verified = False
        domain.verified_at = None
        domain.check_code, domain.check_error = DomainCheck.IN_USE, str(_in_use().detail)
        domain.save()
    if becomes_verified:
        note(actor, domain.tenant, "domain_verified", reason=domain.domain)
        _publish_verified(actor, domain)
    elif domain.verified_at and finding.code in NOT_THERE and not was_missing:
        note(actor, domain.tenant, "domain_proof_lost", reason=f"{domain}: {finding.detail}")
        publish(
            DomainProofLost(domain_id=domain.id, domain=domain.domain, detail=finding.detail),
            actor=actor,
            tenant_id=domain.tenant_id,
        )
    return domain


def _saved(domain: Domain) -> bool:
    """False when the name is verified for another tenant."""
    try:
        with transaction.atomic():
            domain.save()
    except IntegrityError:
        return False
    return True


def _publish_verified(actor: Actor, domain: Domain) -> None:
    publish(
        DomainVerified(domain_id=domain.id, domain=domain.domain),
        actor=actor,
        tenant_id=domain.tenant_id,
    )


def _seen(actor: Actor, domain_id: uuid.UUID) -> Domain:
    """The domain, if the actor manages those of its tenant. Raises PermissionDenied, NotFound."""
    found = Domain.objects.select_related("tenant").filter(id=domain_id)
    if not actor.is_platform:
        authorize(actor, MANAGE_DOMAINS)
        ref = current_tenant()
        found = found.filter(tenant_id=ref.id) if ref else found.none()
    domain = found.first()
    if domain is None:
        raise NotFound
    return domain


def _locked(actor: Actor, domain_id: uuid.UUID) -> Domain:
    """As _seen, with the tenant's row locked, which all changes of its domains wait for."""
    tenant = lock(_seen(actor, domain_id).tenant_id)
    # Somebody may have removed it while we waited.
    domain = tenant.domains.filter(id=domain_id).first()
    if domain is None:
        raise NotFound
    return domain


def _in_use() -> Conflict:
    return Conflict(
        _("This domain is in use by another workspace. If it belongs to you, ask support."),
        code="domain_in_use",
    )
