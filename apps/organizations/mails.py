"""The invitation mail."""

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.text import get_text_list

from apps.common.tenancy import require_tenant
from apps.common.urls import public_url
from apps.organizations.invitation_tokens import token_make, token_url
from apps.organizations.models import Invitation
from apps.roles.models import Role
from apps.tenants.selectors import tenant_by_id


def invitation_mail(invitation: Invitation) -> EmailMultiAlternatives:
    """Text and HTML; the link is built from settings and carries the invitation's current nonce."""
    ref = require_tenant()
    tenant = tenant_by_id(ref.id)
    assert tenant is not None  # noqa: S101 - the task entered it just now
    token = token_make(ref.id, invitation.id, invitation.nonce)
    names = Role.objects.filter(id__in=invitation.role_ids).values_list("name", flat=True)
    inviter = invitation.invited_by
    who = f"{inviter.name} invites you" if inviter else "You are invited"
    subject = f"{who} to {tenant.name}"
    context = {
        "subject": subject,
        "tenant": tenant,
        "invitation": invitation,
        "invited_by": inviter,
        "roles": get_text_list(list(names), "and"),
        "to": invitation.email,
        "url": token_url(token),
        "home_url": public_url(),
    }
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("emails/organizations/invitation.txt", context),
        to=[invitation.email],
    )
    mail.attach_alternative(
        render_to_string("emails/organizations/invitation.html", context), "text/html"
    )
    return mail
