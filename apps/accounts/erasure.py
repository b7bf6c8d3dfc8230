"""Forgetting a person (GDPR, article 17): access ends at once, a worker does the rest, tenant by tenant."""

import uuid

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.emails import send_account_email
from apps.accounts.events import PersonErased, PersonErasureRequested
from apps.accounts.models import Erasure
from apps.accounts.selectors import is_email_verified
from apps.accounts.services import access_end
from apps.common import crypto
from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.common.personal_data import Subject, declared
from apps.common.tenancy import tenant_context
from apps.events.services import publish
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenants_with_schema

log = structlog.get_logger(__name__)

BATCH_TENANTS = 20
MAIL = "account/email/account_erased"


@transaction.atomic
def erasure_begin(*, actor: Actor, person_id: uuid.UUID, reason: str = "") -> Erasure:
    """End all access of a person, oneself or by staff, and note that they are to be forgotten.

    The organizations app calls it in the transaction in which they leave their workspaces. Locks the person.
    Publishes accounts.person_erasure_requested. Raises NotFound, Conflict (the last of staff, or under way).
    """
    person = access_end(actor=actor, person_id=person_id)
    if Erasure.objects.filter(person=person).exists():
        raise Conflict(_("This account is being erased already."), code="erasure_under_way")
    email = person.email if is_email_verified(person) else ""
    erasure = Erasure.objects.create(
        person=person,
        email_encrypted=crypto.encrypt(email.encode()),
        requested_by="themselves" if actor.person_id == person_id else actor.label,
        reason=reason,
    )
    publish(
        PersonErasureRequested(person_id=person.id, erasure_id=erasure.id),
        actor=actor,
        tenant_id=None,
    )
    return erasure


def erasure_run(erasure_id: uuid.UUID) -> None:
    """Erase in every tenant, then in the shared tables, then tell the person. For a worker.

    Goes on where it stopped; a batch of tenants is one transaction. What another worker holds is left to it.
    Raises OSError when the mail cannot be sent: everything else is done then.
    """
    while _tenants_step(erasure_id):
        pass
    erasure = Erasure.objects.filter(id=erasure_id, finished_at=None).first()
    if erasure is None or erasure.erased_at is None:
        return
    email = _subject(erasure).email
    if email:
        send_account_email(template=MAIL, email=email, person_id=None)
    Erasure.objects.filter(id=erasure_id).update(email_encrypted=b"", finished_at=timezone.now())


@transaction.atomic
def _tenants_step(erasure_id: uuid.UUID) -> bool:
    """One batch; False when there is nothing left to do here."""
    erasure = (
        Erasure.objects.select_for_update(skip_locked=True)
        .filter(id=erasure_id, erased_at=None)
        .first()
    )
    if erasure is None:
        return False
    subject = _subject(erasure)
    waiting = tenants_with_schema()
    if erasure.after_tenant_id:
        waiting = waiting.filter(id__gt=erasure.after_tenant_id)
    tenants = list(waiting.order_by("id")[:BATCH_TENANTS])
    for tenant in tenants:
        _erase_in(tenant, subject)
    if tenants:
        erasure.after_tenant_id = tenants[-1].id
        erasure.tenants_done += len(tenants)
        erasure.save(update_fields=["after_tenant_id", "tenants_done", "updated_at"])
        return True
    for rows in declared(is_tenants=False):
        rows.erase(rows.of(subject), subject)
    erasure.erased_at = timezone.now()
    erasure.save(update_fields=["erased_at", "updated_at"])
    publish(
        PersonErased(person_id=subject.person_id, tenants=erasure.tenants_done),
        actor=Actor.system("erasure"),
        tenant_id=None,
    )
    log.info("accounts.person_erased", person_id=str(subject.person_id))
    return False


def _erase_in(tenant: Tenant, subject: Subject) -> None:
    with tenant_context(tenant):
        for rows in declared(is_tenants=True):
            rows.erase(rows.of(subject), subject)


def _subject(erasure: Erasure) -> Subject:
    email = crypto.decrypt(bytes(erasure.email_encrypted)).decode()
    return Subject(erasure.person_id, email)
