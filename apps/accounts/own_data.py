"""What the platform keeps about somebody, for themselves (GDPR, articles 15 and 20)."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.events import PersonDataExported
from apps.accounts.models import Person
from apps.accounts.selectors import is_email_verified, memberships_of, person_actor
from apps.common.database import system_connection
from apps.common.personal_data import Subject, tables_of
from apps.common.rate_limits import Limit
from apps.common.tenancy import tenant_context
from apps.events.services import publish

# Each reads every table that is about people, in every workspace of the person.
COPIES = Limit("accounts.data_copies", at_most=10, window_s=3600)


@system_connection()
@transaction.atomic
def person_data_export(*, person: Person) -> dict[str, Any]:
    """Everything by table: what concerns the account, and what each of the person's workspaces has.

    One statement a table and workspace. Workspaces that are closed are named without their tables.
    Publishes accounts.person_data_exported. Raises RateLimited.
    """
    COPIES.require(
        str(person.id), detail=_("You have made many copies within an hour. Go on later.")
    )
    subject = Subject(person.id, person.email if is_email_verified(person) else "")
    workspaces = []
    for membership in memberships_of(person):
        tenant = membership.tenant
        tables: dict[str, Any] = {}
        if tenant.is_ready:
            with tenant_context(tenant):
                tables = tables_of(subject, is_tenants=True)
        workspaces.append({"slug": tenant.slug, "name": tenant.name, "tables": tables})
    found = {
        "exported_at": timezone.now(),
        "account": tables_of(subject, is_tenants=False),
        "workspaces": workspaces,
    }
    publish(PersonDataExported(person_id=person.id), actor=person_actor(person), tenant_id=None)
    return found
