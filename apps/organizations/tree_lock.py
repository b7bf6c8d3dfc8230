"""The lock of the tree, and actors whose grants are where the tree is now.

An actor was read when the request began, or is remembered; a move or another order may have committed since,
and what was below a path then is not what is below it now. So whoever writes takes the lock first, and
decides by paths that stay as they are until the transaction ends.
"""

from dataclasses import replace

from django.db import connection

from apps.common.actors import Actor
from apps.common.tenancy import require_tenant
from apps.organizations.models import Organization


def tree_locked(actor: Actor) -> Actor:
    """Before the tree changes: changes wait for each other, and for who keeps it. The actor, up to date.

    Readers do not wait. Taken before any other lock. One statement, two for who holds roles in parts of the
    workspace.
    """
    _lock("pg_advisory_xact_lock")
    return _settled(actor)


def tree_kept(actor: Actor) -> Actor:
    """Before something is decided by where it is in the tree: changes of it wait. The actor, up to date.

    Those who keep it do not wait for each other. Taken before any other lock. Two statements; none for who
    holds roles in the whole workspace only, whom no change of the tree concerns.
    """
    if all(grant.is_root for grant in actor.grants):
        return actor
    tree_keep()
    return _settled(actor)


def tree_keep() -> None:
    """As tree_kept, where the actor is read afterwards. One statement."""
    _lock("pg_advisory_xact_lock_shared")


def _lock(function: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(hashtextextended(%s, 0))",
            [f"tree {require_tenant().id}"],
        )


def _settled(actor: Actor) -> Actor:
    """The actor with their grants' paths as they are now; without grants where nothing is any more."""
    if all(grant.is_root for grant in actor.grants):
        return actor
    ids = {grant.organization_id for grant in actor.grants}
    paths = dict(Organization.objects.filter(id__in=ids).values_list("id", "path"))
    return replace(
        actor,
        grants=tuple(
            replace(grant, path=paths[grant.organization_id])
            for grant in actor.grants
            if grant.organization_id in paths
        ),
    )
