import uuid

from django.db.models import QuerySet

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.roles.models import OWNER, Role
from apps.roles.permissions import VIEW_ROLE


def roles_for(actor: Actor) -> QuerySet[Role]:
    """Every role of the tenant. Raises PermissionDenied."""
    authorize(actor, VIEW_ROLE)
    return Role.objects.all()


def role_for(actor: Actor, role_id: uuid.UUID) -> Role:
    """Raises PermissionDenied, NotFound."""
    role = roles_for(actor).filter(id=role_id).first()
    if role is None:
        raise NotFound
    return role


def role_locked(actor: Actor, role_id: uuid.UUID) -> Role:
    """As role_for, locked: for a change that depends on what the role says now."""
    role = roles_for(actor).select_for_update().filter(id=role_id).first()
    if role is None:
        raise NotFound
    return role


def owner_role_locked() -> Role:
    """The owner role's row, locked: whoever changes who is owner waits for the others."""
    return Role.objects.select_for_update().get(code=OWNER)


def role_by_code(code: str) -> Role:
    """For the platform's own steps; system roles always exist."""
    return Role.objects.get(code=code)
