"""Who may come in by a tenant's own provider: nobody outside its verified domains, and into it alone."""

from django.db import IntegrityError, transaction

from apps.accounts import services
from apps.accounts.models import IdentityProvider, Person
from apps.accounts.oidc.client import SignedIn
from apps.accounts.oidc.config import Provider
from apps.accounts.oidc.identities import identity_add, identity_used
from apps.accounts.oidc.members import members
from apps.accounts.oidc.verification import refuse
from apps.accounts.selectors import person_by_email
from apps.accounts.selectors_email_domains import email_domain_of
from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.common.tenancy import tenant_context
from apps.tenants.enums import DomainState
from apps.tenants.models import Tenant

# One answer for who has an account elsewhere and for who has none.
NOT_A_MEMBER = "You are not a member of this workspace. Ask its administrator to invite you."
OUTSIDE = "Your e-mail address is not in a domain that this workspace has verified."


def tenant_sign_in(*, tenant: Tenant, provider: Provider, signed_in: SignedIn) -> Person:
    """The member that a subject of the tenant's provider is; joined now, where the tenant lets people.

    Runs as the app in the tenant: row-level security shows it nothing of another. Publishes
    accounts.identity_linked, person_registered, organizations.member_joined and role_binding_changed, as far
    as they happen. Raises ProviderRefused.
    """
    if tenant.id != provider.tenant_id:
        raise RuntimeError("a provider signs in to its own tenant only")
    with tenant_context(tenant):
        for is_last in (False, True):
            try:
                with transaction.atomic():
                    return _sign_in(tenant, provider, signed_in)
            except IntegrityError:
                # Two browsers at once: the other made the person.
                if is_last:
                    raise
    raise AssertionError


def _sign_in(tenant: Tenant, provider: Provider, signed_in: SignedIn) -> Person:
    row = IdentityProvider.objects.filter(id=provider.id).first()
    if row is None or not row.is_on:
        raise refuse("provider_off", "This workspace does not take sign-ins by this provider now.")
    domain = email_domain_of(tenant, signed_in.email)
    if domain is None:
        raise refuse("email_outside", OUTSIDE)
    identity = identity_used(provider, signed_in)
    if identity is not None:
        person = identity.person
        if email_domain_of(tenant, person.email) is None:
            # The account has moved to another address since.
            raise refuse("email_outside", OUTSIDE)
    else:
        if domain.state != DomainState.VERIFIED:
            raise refuse("email_outside", OUTSIDE)
        person = _newcomer(row, provider, signed_in)
    _let_in(row, person, signed_in)
    return person


def _newcomer(row: IdentityProvider, provider: Provider, signed_in: SignedIn) -> Person:
    """The person of a subject that was not seen before, linked."""
    person = person_by_email(signed_in.email)
    is_known = person is not None and members().is_active(person.id)
    has_left = person is not None and members().has_left(person.id)
    if has_left or not (is_known or row.default_role_id):
        raise refuse("not_a_member", NOT_A_MEMBER)
    if person is None:
        person = services.person_create(
            actor=Actor.system("oidc"),
            email=signed_in.email,
            name=signed_in.name or signed_in.email.partition("@")[0],
            # The tenant vouches for the address in its own workspace; on the public host they confirm it.
            is_verified=False,
        )
    elif not person.is_active:
        raise refuse("not_a_member", NOT_A_MEMBER)
    identity_add(provider, signed_in, person, Actor.system("oidc"))
    return person


def _let_in(row: IdentityProvider, person: Person, signed_in: SignedIn) -> None:
    is_member = members().is_active(person.id)
    if not is_member and (members().has_left(person.id) or not row.default_role_id):
        raise refuse("not_a_member", NOT_A_MEMBER)
    try:
        members().come_in(
            person=person,
            groups=signed_in.groups,
            joining_role_id=None if is_member else row.default_role_id,
        )
    except PlatformError as error:
        # For one, no seat is left.
        raise refuse(error.code, str(error.detail)) from error
