"""The invitation mail."""

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from apps.common.tenancy import require_tenant
from apps.organizations.invitation_tokens import token_make, token_url
from apps.organizations.models import Invitation
from apps.roles.models import Role
from apps.tenants.selectors import tenant_by_slug


def invitation_mail(invitation: Invitation) -> EmailMultiAlternatives:
    """Text and HTML; the link is built from settings and carries the invitation's current nonce."""
    ref = require_tenant()
    tenant = tenant_by_slug(ref.slug)
    assert tenant is not None  # noqa: S101 - the task entered it just now
    token = token_make(ref.id, invitation.id, invitation.nonce)
    context = {
        "tenant": tenant,
        "invitation": invitation,
        "invited_by": invitation.invited_by,
        "roles": Role.objects.filter(id__in=invitation.role_ids),
        "url": token_url(token),
    }
    who = invitation.invited_by.name if invitation.invited_by else tenant.name
    mail = EmailMultiAlternatives(
        subject=f"{who} invites you to {tenant.name}",
        body=render_to_string("emails/organizations/invitation.txt", context),
        to=[invitation.email],
    )
    mail.attach_alternative(
        render_to_string("emails/organizations/invitation.html", context), "text/html"
    )
    return mail
