"""What an attack must not change, and how it is answered."""

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import ExternalIdentity, IdentityProvider, Person, TenantMembership
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, RoleBinding
from tests.conftest import World


@dataclass
class Rows:
    """Everything that an attack may be after."""

    world: World

    def all(self) -> list[Any]:
        found: list[Any] = [
            list(Person.objects.order_by("id").values()),
            list(TenantMembership.objects.order_by("id").values()),
            list(ExternalIdentity.objects.order_by("id").values()),
            list(
                IdentityProvider.objects.order_by("id").values("id", "state", "issuer", "jwks_uri")
            ),
        ]
        for tenant in (self.world.acme, self.world.globex):
            with tenant_context(tenant):
                found += [list(m.objects.order_by("id").values()) for m in (Member, RoleBinding)]
        return found


def is_refused(response: Any) -> None:
    assert 400 <= response.status_code < 500, response.status_code
    assert "Traceback" not in response.content.decode()
