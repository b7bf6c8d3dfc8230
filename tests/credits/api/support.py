"""What tests of the API of credits ask again and again."""

import uuid
from typing import Any

from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import root_organization
from apps.organizations.services import binding_create
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from tests.api.client import Api
from tests.credits.support import SYSTEM, branch


def once(client: Api, path: str, body: Any = None, key: str = "") -> Any:
    """POST by an idempotency key."""
    return client.post(path, body, headers={"Idempotency-Key": key or uuid.uuid4().hex})


def tree(tenant: Tenant) -> dict[str, Organization]:
    """The root, Sales, North below Sales, and Finance."""
    with tenant_context(tenant):
        root = root_organization()
        sales = branch(root, "Sales")
        return {
            "root": root,
            "sales": sales,
            "north": branch(sales, "North"),
            "finance": branch(Organization.objects.get(id=root.id), "Finance"),
        }


def give_role(tenant: Tenant, email: str, code: str, organization: Organization) -> None:
    with tenant_context(tenant):
        binding_create(
            actor=SYSTEM,
            member_id=Member.objects.get(email=email).id,
            role_id=role_by_code(code).id,
            organization_id=organization.id,
        )


def results(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["results"]
    return found
