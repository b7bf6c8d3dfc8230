import uuid

from django.db import connection
from django.db.models import Prefetch, QuerySet

from apps.common.access import authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.roles.models import OWNER, Role, RoleInclusion
from apps.roles.permissions import VIEW_ROLE


def roles_for(actor: Actor) -> QuerySet[Role]:
    """Every role of the tenant, for who may see roles anywhere. Raises PermissionDenied."""
    if paths_allowed(actor, VIEW_ROLE) == []:
        authorize(actor, VIEW_ROLE)
    return Role.objects.all()


def with_includes(roles: QuerySet[Role]) -> QuerySet[Role]:
    """Roles with what they include themselves. Two statements."""
    inclusions = RoleInclusion.objects.select_related("included")
    return roles.prefetch_related(Prefetch("inclusions", inclusions))


def included_roles(role: Role) -> list[Role]:
    """What a role includes itself, by name. No statement for those from with_includes."""
    found = (inclusion.included for inclusion in role.inclusions.all())
    return sorted(found, key=lambda one: (one.name, one.id))


def role_for(actor: Actor, role_id: uuid.UUID) -> Role:
    """Raises PermissionDenied, NotFound."""
    role = with_includes(roles_for(actor)).filter(id=role_id).first()
    if role is None:
        raise NotFound
    return role


def role_locked(actor: Actor, role_id: uuid.UUID) -> Role:
    """As role_for, and no role changes: for a change that depends on what the role says now."""
    role_for(actor, role_id)
    roles_lock()
    return role_for(actor, role_id)


def roles_lock() -> None:
    """Wait for whoever else writes roles of this tenant, until the end of the transaction.

    The row of a role that always exists and that nobody else locks. It stands for all: their own rows would
    not hold back a role that is created meanwhile and includes one of them. What was read before may be old.
    """
    list(Role.objects.select_for_update(no_key=True).filter(code="admin").values_list("id"))


def role_kept(role_id: uuid.UUID) -> bool:
    """Whether the role is there; if so, nobody deletes it before the end of the transaction.

    Who gives it to somebody calls this: of giving and deleting at once, the second is told. Those who give
    it do not wait for each other (FOR KEY SHARE, which Django has no name for).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM roles_role WHERE id = %s FOR KEY SHARE", [role_id])
        return cursor.fetchone() is not None


def owner_role_locked() -> Role:
    """The owner role's row, locked: whoever changes who is owner waits for the others."""
    return Role.objects.select_for_update().get(code=OWNER)


def role_by_code(code: str) -> Role:
    """For the platform's own steps; system roles always exist."""
    return Role.objects.get(code=code)


def roles_including(role: Role) -> QuerySet[Role]:
    """The roles that include a role themselves, by name."""
    return Role.objects.filter(inclusions__included=role).order_by("name", "id")
