"""Reads about joining by the domain of one's address: what a person is offered, and who asks to come in."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain, Person
from apps.accounts.selectors_email_domains import email_domain_open_to
from apps.common.access import authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.common.tenancy import tenant_context
from apps.organizations.enums import JoinRequestStatus, MemberStatus
from apps.organizations.models import JoinRequest, Member
from apps.organizations.permissions import INVITE_MEMBER
from apps.tenants.models import Tenant

# How long after a refusal the same person may ask again.
ASK_AGAIN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class JoinOffer:
    """A workspace that a person may join.

    mode: what it takes: AUTOMATIC, or REQUEST, also for who was a member before. requested_at: a request
    waits for its decision. ask_again_at: the last one was declined, and another is possible from then on.
    """

    tenant: Tenant
    mode: JoinMode
    requested_at: datetime | None = None
    ask_again_at: datetime | None = None


def join_offers(person: Person) -> list[JoinOffer]:
    """Workspaces that the person may join by their verified address. Two statements, four if there is one."""
    domain = email_domain_open_to(person)
    if domain is None:
        return []
    with tenant_context(domain.tenant):
        return [_offer(person, domain, domain.tenant)]


def _offer(person: Person, domain: EmailDomain, tenant: Tenant) -> JoinOffer:
    """What joining by this open domain takes, in the entered tenant. Two statements.

    Who was removed or deactivated needs somebody's consent: their coming back by themselves would undo it.
    """
    was_member = (
        Member.objects.filter(person_id=person.id).exclude(status=MemberStatus.ACTIVE).exists()
    )
    last = JoinRequest.objects.filter(person_id=person.id).order_by("-id").first()
    mode = JoinMode.REQUEST if was_member else JoinMode(domain.join_mode)
    if last is not None and last.is_pending:
        return JoinOffer(tenant, mode, requested_at=last.created_at)
    again_at = ask_again_at(last) if mode == JoinMode.REQUEST else None
    return JoinOffer(
        tenant, mode, ask_again_at=again_at if again_at and again_at > timezone.now() else None
    )


def ask_again_at(last: JoinRequest | None) -> datetime | None:
    """When another request is possible after the last one; None: it was not declined."""
    if last is None or last.status != JoinRequestStatus.DECLINED or last.decided_at is None:
        return None
    return last.decided_at + ASK_AGAIN_AFTER


def join_requests_for(actor: Actor) -> QuerySet[JoinRequest]:
    """Requests to join, for whoever may invite somewhere. Raises PermissionDenied."""
    if paths_allowed(actor, INVITE_MEMBER) == []:
        authorize(actor, INVITE_MEMBER)
    return JoinRequest.objects.select_related("decided_by")


def join_request_for(actor: Actor, join_request_id: uuid.UUID) -> JoinRequest:
    """Raises PermissionDenied, NotFound."""
    found = join_requests_for(actor).filter(id=join_request_id).first()
    if found is None:
        raise NotFound
    return found
