"""E-mail domains of a tenant: claimed by anybody, given to who proves them, as long as the proof is there."""

import secrets
import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.accounts.enums import JoinMode
from apps.accounts.events import (
    EmailDomainAdded,
    EmailDomainJoinModeChanged,
    EmailDomainProofLost,
    EmailDomainRemoved,
    EmailDomainVerified,
    EmailDomainWithdrawn,
)
from apps.accounts.mail_providers import PUBLIC_MAIL_DOMAINS
from apps.accounts.models import EmailDomain
from apps.accounts.permissions import MANAGE_EMAIL_DOMAINS
from apps.common.access import authorize, require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, Unavailable
from apps.common.tenancy import current_tenant
from apps.events.registry import Event
from apps.events.services import publish
from apps.tenants.enums import DomainCheck, DomainState
from apps.tenants.hosts import domain_normalize
from apps.tenants.models.domain import NOT_THERE
from apps.tenants.proof import Finding, look_up, one_look_at_a_time
from apps.tenants.services import lock, note

MAX_EMAIL_DOMAINS = 20
# How long a verified domain may be without its record before it is a claim again.
PROOF_GRACE = timedelta(days=7)


@transaction.atomic
def email_domain_add(*, actor: Actor, tenant_id: uuid.UUID, domain: str) -> EmailDomain:
    """Claim an e-mail domain for the workspace. It counts once its TXT record is found.

    Others may claim the same: whoever proves it gets it. Locks the tenant. Publishes
    accounts.email_domain_added. Raises PermissionDenied, NotFound, InvalidInput (no domain, the platform's
    own, a public mail provider's, in the list already), Conflict (too many).
    """
    _authorize(actor, tenant_id)
    name = domain_normalize(domain.strip().removeprefix("@"))
    if name in PUBLIC_MAIL_DOMAINS:
        raise InvalidInput.field(
            "domain",
            _("Anybody can have an address at %s. Add a domain that is yours alone.") % name,
            "domain_public",
        )
    tenant = lock(tenant_id)
    listed = list(EmailDomain.objects.filter(tenant=tenant).values_list("domain", flat=True))
    if name in listed:
        raise InvalidInput.field(
            "domain", _("This domain is in the list of this workspace already."), "domain_listed"
        )
    if len(listed) >= MAX_EMAIL_DOMAINS:
        raise Conflict(
            _("A workspace has at most %d e-mail domains. Remove one that is not needed.")
            % MAX_EMAIL_DOMAINS,
            code="too_many_domains",
        )
    added = EmailDomain(tenant=tenant, domain=name, token=secrets.token_hex(16))
    added.save(force_insert=True)
    note(actor, tenant, "email_domain_added", reason=name)
    _publish(actor, added, EmailDomainAdded(email_domain_id=added.id, domain=name))
    return added


def email_domain_check(*, actor: Actor, email_domain_id: uuid.UUID) -> EmailDomain:
    """Look for the proof in DNS, and note what was found. Verifies the domain when it is there.

    A verified domain whose record is gone lets nobody join any more (accounts.email_domain_proof_lost, and
    join_mode_changed where somebody could); after PROOF_GRACE it is a claim again, which other tenants can
    prove (accounts.email_domain_withdrawn). Not atomic: the look takes up to 5 seconds and comes before the
    transaction, which locks the tenant. Publishes accounts.email_domain_verified the first time.
    Raises as domain_check does: PermissionDenied, NotFound, Conflict (no proof is needed; a check runs;
    another workspace has it), Unavailable (DNS did not answer about one whose proof was missing before).
    """
    domain = _seen(actor, email_domain_id)
    if not domain.needs_proof:
        raise Conflict(
            _("%s needs no proof: there is nothing to check.") % domain, code="no_proof_needed"
        )
    with one_look_at_a_time(actor, domain.tenant_id):
        finding = look_up(domain)
    checked = _note_finding(actor, email_domain_id, finding)
    if checked.check_code == DomainCheck.IN_USE:
        raise _in_use()
    return checked


@transaction.atomic
def email_domain_set_join_mode(
    *, actor: Actor, email_domain_id: uuid.UUID, join_mode: JoinMode
) -> EmailDomain:
    """Say how people with such an address come in without an invitation.

    Locks the tenant. Publishes accounts.email_domain_join_mode_changed if it differs. Raises
    PermissionDenied, NotFound, Conflict (not verified, or its proof is missing).
    """
    domain = _locked(actor, email_domain_id)
    if join_mode != JoinMode.OFF and domain.state != DomainState.VERIFIED:
        raise Conflict(
            _("The record of %s has to be found first. Add it and check the domain.") % domain,
            code="domain_unverified",
        )
    if _join_mode_set(actor, domain, join_mode):
        domain.save(update_fields=["join_mode", "updated_at"])
    return domain


@transaction.atomic
def email_domain_verify(*, actor: Actor, email_domain_id: uuid.UUID, reason: str) -> EmailDomain:
    """Staff vouch for a domain: it is verified, and no record is looked for any more.

    Locks the tenant. Publishes accounts.email_domain_verified if it was not. Raises PermissionDenied,
    NotFound, InvalidInput without a reason, Conflict (no proof is needed; another workspace has it).
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say how you know whose it is."), "required")
    domain = _locked(actor, email_domain_id)
    if not domain.needs_proof:
        raise Conflict(_("%s needs no proof.") % domain, code="no_proof_needed")
    was_verified = domain.verified_at is not None
    domain.token = domain.check_code = domain.check_error = ""
    domain.proof_missing_since = None
    domain.verified_at = domain.verified_at or timezone.now()
    if not _saved(domain):
        raise _in_use()
    because = f"{domain}, by hand: {reason.strip()}"
    note(actor, domain.tenant, "email_domain_verified", reason=because)
    if not was_verified:
        _publish_verified(actor, domain)
    return domain


@transaction.atomic
def email_domain_remove(*, actor: Actor, email_domain_id: uuid.UUID, reason: str = "") -> None:
    """Give a domain up: it is free for others. Members who joined by it stay.

    Locks the tenant. Publishes accounts.email_domain_removed. Raises PermissionDenied, NotFound.
    """
    domain = _locked(actor, email_domain_id)
    because = f": {reason.strip()}" if reason.strip() else ""
    note(actor, domain.tenant, "email_domain_removed", reason=f"{domain}{because}")
    removed = EmailDomainRemoved(email_domain_id=domain.id, domain=domain.domain)
    _publish(actor, domain, removed)
    epochs.change(epochs.of_tenant(domain.tenant_id))
    domain.delete()


@transaction.atomic
def _note_finding(actor: Actor, email_domain_id: uuid.UUID, finding: Finding) -> EmailDomain:
    """Write what a look found. Of two tenants who prove one name at once, the index lets one verify."""
    domain = _locked(actor, email_domain_id)
    if not domain.needs_proof:
        # Staff vouched for it while DNS was asked.
        return domain
    if domain.proof_missing_since and finding.code == DomainCheck.NO_ANSWER:
        raise Unavailable(finding.detail, code="dns_unanswered")
    domain.checked_at = timezone.now()
    domain.check_code, domain.check_error = finding.code, finding.detail[:300]
    if finding.code == DomainCheck.FOUND:
        _found(actor, domain)
    elif domain.verified_at and finding.code in NOT_THERE:
        _missing(actor, domain, finding)
    else:
        domain.save()
    return domain


def _found(actor: Actor, domain: EmailDomain) -> None:
    was_verified = domain.verified_at is not None
    domain.verified_at = domain.verified_at or domain.checked_at
    domain.proof_missing_since = None
    if not _saved(domain):
        domain.verified_at = None
        domain.check_code, domain.check_error = DomainCheck.IN_USE, str(_in_use().detail)
        domain.save()
    elif not was_verified:
        note(actor, domain.tenant, "email_domain_verified", reason=domain.domain)
        _publish_verified(actor, domain)


def _missing(actor: Actor, domain: EmailDomain, finding: Finding) -> None:
    """A verified domain without its record."""
    now = timezone.now()
    if domain.proof_missing_since is None:
        domain.proof_missing_since = now
        because = f"{domain}: {finding.detail}"
        note(actor, domain.tenant, "email_domain_proof_lost", reason=because)
        lost = EmailDomainProofLost(
            email_domain_id=domain.id, domain=domain.domain, detail=finding.detail
        )
        _publish(actor, domain, lost)
        _join_mode_set(actor, domain, JoinMode.OFF)
    elif now - domain.proof_missing_since >= PROOF_GRACE:
        domain.verified_at = domain.proof_missing_since = None
        note(actor, domain.tenant, "email_domain_withdrawn", reason=domain.domain)
        withdrawn = EmailDomainWithdrawn(email_domain_id=domain.id, domain=domain.domain)
        _publish(actor, domain, withdrawn)
        epochs.change(epochs.of_tenant(domain.tenant_id))
    domain.save()


def _join_mode_set(actor: Actor, domain: EmailDomain, join_mode: JoinMode) -> bool:
    """Change the unsaved row, and publish; False when it is so already."""
    if domain.join_mode == join_mode:
        return False
    changed = EmailDomainJoinModeChanged(
        email_domain_id=domain.id,
        domain=domain.domain,
        from_mode=domain.join_mode,
        to_mode=join_mode,
    )
    domain.join_mode = join_mode
    _publish(actor, domain, changed)
    return True


def _saved(domain: EmailDomain) -> bool:
    """False when the name is verified for another tenant."""
    try:
        with transaction.atomic():
            domain.save()
    except IntegrityError:
        return False
    return True


def _publish_verified(actor: Actor, domain: EmailDomain) -> None:
    """And whom an enforced identity provider concerns has changed: sign-ins remember whether it does."""
    verified = EmailDomainVerified(email_domain_id=domain.id, domain=domain.domain)
    _publish(actor, domain, verified)
    epochs.change(epochs.of_tenant(domain.tenant_id))


def _publish(actor: Actor, domain: EmailDomain, event: Event) -> None:
    publish(event, actor=actor, tenant_id=domain.tenant_id)


def _authorize(actor: Actor, tenant_id: uuid.UUID) -> None:
    """Members need the permission in that tenant, which they have entered. Raises as authorize, NotFound."""
    if actor.is_platform:
        return
    authorize(actor, MANAGE_EMAIL_DOMAINS)
    ref = current_tenant()
    if ref is None or ref.id != tenant_id:
        raise NotFound


def _seen(actor: Actor, email_domain_id: uuid.UUID) -> EmailDomain:
    """The domain, if the actor manages those of its tenant. Raises PermissionDenied, NotFound."""
    found = EmailDomain.objects.select_related("tenant").filter(id=email_domain_id)
    if not actor.is_platform:
        authorize(actor, MANAGE_EMAIL_DOMAINS)
        ref = current_tenant()
        found = found.filter(tenant_id=ref.id) if ref else found.none()
    domain = found.first()
    if domain is None:
        raise NotFound
    return domain


def _locked(actor: Actor, email_domain_id: uuid.UUID) -> EmailDomain:
    """As _seen, with the tenant's row locked, which all changes of its domains wait for."""
    tenant = lock(_seen(actor, email_domain_id).tenant_id)
    # Somebody may have removed it while we waited.
    domain = EmailDomain.objects.filter(tenant_id=tenant.id, id=email_domain_id).first()
    if domain is None:
        raise NotFound
    domain.tenant = tenant
    return domain


def _in_use() -> Conflict:
    return Conflict(
        _("This domain is verified for another workspace. If it belongs to you, ask support."),
        code="domain_in_use",
    )
