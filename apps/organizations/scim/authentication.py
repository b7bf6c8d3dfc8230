"""Who calls SCIM: the identity provider of the host's tenant, by a token of that tenant."""

from apps.accounts.middleware import bearer_token
from apps.accounts.models import ScimToken
from apps.accounts.scim_tokens import scim_token_find, scim_token_note_use
from apps.common.access import of_system_role
from apps.common.actors import Actor, ActorKind, Grant
from apps.common.errors import NotAuthenticated
from apps.organizations import permissions as p
from apps.organizations.selectors import root_organization
from apps.organizations.services.directory_users import DEFAULT_ROLE
from apps.tenants.http import PlatformRequest
from apps.tenants.models import Tenant

# What a provider may do; besides what the default role allows, because nobody gives what they don't hold.
PERMISSIONS = frozenset(
    (p.VIEW_MEMBER, p.INVITE_MEMBER, p.UPDATE_MEMBER, p.REMOVE_MEMBER, p.VIEW_ORGANIZATION)
)


def authenticate(request: PlatformRequest, tenant: Tenant) -> Actor:
    """The provider as an actor of the entered tenant. Two statements, three once a minute.

    Another tenant's token is refused like one that never was. Raises NotAuthenticated.
    """
    secret = bearer_token(request)
    token = scim_token_find(tenant.id, secret) if secret else None
    if token is None:
        raise NotAuthenticated(
            "Send a provisioning token of this workspace as Authorization: Bearer scim_..."
        )
    scim_token_note_use(token, request.META.get("REMOTE_ADDR"))
    return _actor(token, tenant)


def _actor(token: ScimToken, tenant: Tenant) -> Actor:
    root = root_organization()
    grant = Grant(
        role="provisioning",
        permissions=PERMISSIONS | of_system_role(DEFAULT_ROLE),
        organization_id=root.id,
        organization_name=root.name,
        path=root.path,
        is_root=True,
    )
    return Actor(
        ActorKind.PROVISIONING, f"scim:{token.label}", tenant_id=tenant.id, grants=(grant,)
    )
