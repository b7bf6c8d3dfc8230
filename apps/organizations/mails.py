"""The mails about coming in: an invitation, a request to join, and what became of it."""

from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.text import get_text_list

from apps.common.tenancy import require_tenant
from apps.common.urls import public_url
from apps.organizations.enums import JoinRequestStatus
from apps.organizations.invitation_tokens import token_make, token_url
from apps.organizations.models import Invitation, JoinRequest, Member
from apps.roles.models import Role
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


def invitation_mail(invitation: Invitation) -> EmailMultiAlternatives:
    """Text and HTML; the link is built from settings and carries the invitation's current nonce."""
    tenant = _tenant()
    token = token_make(tenant.id, invitation.id, invitation.nonce)
    names = Role.objects.filter(id__in=invitation.role_ids).values_list("name", flat=True)
    inviter = invitation.invited_by
    who = f"{inviter.name} invites you" if inviter else "You are invited"
    return _mail(
        "invitation",
        subject=f"{who} to {tenant.name}",
        to=invitation.email,
        tenant=tenant,
        invitation=invitation,
        invited_by=inviter,
        roles=get_text_list(list(names), "and"),
        url=token_url(token),
    )


def join_request_mail(request: JoinRequest, decider: Member) -> EmailMultiAlternatives:
    """To somebody who may let the person in."""
    tenant = _tenant()
    return _mail(
        "join_request",
        subject=f"{request.name} asks to join {tenant.name}",
        to=decider.email,
        tenant=tenant,
        request=request,
        url=tenant.url("/invitations/requests/"),
    )


def join_decision_mail(request: JoinRequest) -> EmailMultiAlternatives:
    """To the person who asked."""
    tenant = _tenant()
    is_approved = request.status == JoinRequestStatus.APPROVED
    return _mail(
        "join_decision",
        subject=f"You are a member of {tenant.name}"
        if is_approved
        else f"Your request to join {tenant.name} was declined",
        to=request.email,
        tenant=tenant,
        request=request,
        is_approved=is_approved,
        url=tenant.url() if is_approved else public_url("/workspaces/"),
    )


def _tenant() -> Tenant:
    tenant = tenant_by_id(require_tenant().id)
    assert tenant is not None  # noqa: S101 - the task entered it just now
    return tenant


def _mail(template: str, *, subject: str, to: str, **values: Any) -> EmailMultiAlternatives:
    # Names are what people typed: a line break in a subject is an error.
    subject = " ".join(subject.split())
    context = {**values, "subject": subject, "to": to, "home_url": public_url()}
    body = render_to_string(f"emails/organizations/{template}.txt", context)
    mail = EmailMultiAlternatives(subject=subject, body=body, to=[to])
    html = render_to_string(f"emails/organizations/{template}.html", context)
    mail.attach_alternative(html, "text/html")
    return mail
