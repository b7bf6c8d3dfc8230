"""What all changes of a tenant's directory share: their lock, and whose addresses a tenant answers for."""

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.selectors_email_domains import email_domain_of
from apps.common.tenancy import require_tenant
from apps.organizations.models import DirectoryUser, Group, Member
from apps.tenants.enums import DomainState


def directory_locked() -> None:
    """Let changes of users, groups and mappings wait for each other, until the transaction ends.

    One lock a tenant, because each change reaches several of them in an order of its own; taken before
    the owner role's. One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"directory {require_tenant().id}"],
        )


def address_is_ours(email: str) -> bool:
    """Whether the tenant has proven that it decides about addresses of this domain. One statement.

    Not while the proof is missing: the domain may have changed hands (docs/adr/0017).
    """
    domain = email_domain_of(require_tenant(), email)
    return domain is not None and domain.state == DomainState.VERIFIED


def groups_touch(groups: QuerySet[Group]) -> None:
    """Give groups whose members changed another version. One statement."""
    groups.update(updated_at=timezone.now())


def directory_forget(member: Member) -> None:
    """Remove a member who leaves from the directory and its groups. Call under directory_locked()."""
    entry = DirectoryUser.objects.filter(member=member).first()
    if entry is not None:
        groups_touch(Group.objects.filter(memberships__user=entry))
        entry.delete()
