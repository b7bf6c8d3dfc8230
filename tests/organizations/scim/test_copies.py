"""What of provisioning is in a sandbox copy of a workspace."""

import pytest

from apps.accounts.models import Person, ScimToken
from apps.common.tenancy import tenant_context
from apps.organizations.models import DirectoryUser, Group
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from tests.conftest import World
from tests.organizations.scim.conftest import Scim, make_scim
from tests.tenants.test_cloning import ask

pytestmark = pytest.mark.django_db


def test_directories_are_copied_masked_and_tokens_are_not(world: World, charlie: Person) -> None:
    scim = make_scim(world, world.acme)
    group = scim.group("Staff", scim.find("bob@acme.test")["id"], externalId="g-secret")
    made = ask(world.acme, charlie)
    assert provision(made.id), Tenant.objects.get(id=made.id).last_error
    with tenant_context(made):
        copied = Group.objects.get()
        assert (copied.display_name, copied.external_id != "g-secret") == ("Staff", True)
        user = DirectoryUser.objects.get(memberships__group=copied)
        assert user.member is not None
        assert user.user_name == user.member.email != "bob@acme.test"
        assert user.display_name == user.member.name != "Bob Baker"
    assert not ScimToken.objects.filter(tenant=made).exists()
    secret = scim.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    made.refresh_from_db()
    assert Scim(made, secret).get("Users")[0] == 401
    assert scim.get(f"Groups/{group['id']}")[0] == 200
