"""The mail about an API key that expires soon."""

import uuid

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from apps.accounts.mailer import render_mail
from apps.accounts.models import Person
from apps.accounts.selectors import is_member, person_by_id
from apps.common.tenancy import require_tenant
from apps.roles.enums import ApiKeyState
from apps.roles.models import ApiKey
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


def expiry_notice(api_key_id: uuid.UUID) -> EmailMultiAlternatives | None:
    """To who created the key; if they have left, to who asked for the workspace.

    None where neither is there any more, or the key is good for longer, or no longer, than was announced.
    """
    key = ApiKey.objects.filter(id=api_key_id).first()
    tenant = tenant_by_id(require_tenant().id)
    if key is None or tenant is None or key.state != ApiKeyState.EXPIRING:
        return None
    to = _member(key.created_by_person_id, tenant) or _member(tenant.owner_person_id, tenant)
    if to is None:
        return None
    path = reverse("api_key", urlconf=settings.TENANT_URLCONF, args=[key.id])
    context = {"key": key, "tenant": tenant, "person": to, "url": tenant.url(path)}
    return render_mail(prefix="emails/roles/api_key_expiry", to=to.email, context=context)


def _member(person_id: uuid.UUID | None, tenant: Tenant) -> Person | None:
    person = person_by_id(person_id) if person_id else None
    if person is None or not person.is_active or not is_member(person.id, tenant.id):
        return None
    return person
