"""Who may spend where: the access functions of writes that take an organization or a hold."""

import uuid

from apps.common.access import allows, authorize
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound
from apps.credits.models import Hold
from apps.credits.permissions import SPEND_CREDITS
from apps.organizations.models import Member, Organization


def place_for(actor: Actor, organization_id: uuid.UUID | None) -> uuid.UUID | None:
    """The organization at which the actor spends; None: the tenant's wallet, of nobody.

    Unless given, a member spends at their primary organization, and an API key where it is good. One
    statement where that has to be read, or where the actor may not spend in the whole tenant. Whether the
    organization exists is not asked for those who may: ledger_spend says so.
    Raises PermissionDenied, NotFound.
    """
    if organization_id is None and actor.member_id is not None:
        organization_id = (
            Member.objects.filter(id=actor.member_id)
            .values_list("organization_id", flat=True)
            .first()
        )
    elif organization_id is None and actor.api_key_id is not None and actor.grants:
        organization_id = actor.grants[0].organization_id
    if allows(actor, SPEND_CREDITS):
        return organization_id
    node = _node(organization_id)
    if node is None:
        raise NotFound
    authorize(actor, SPEND_CREDITS, node)
    return organization_id


def spender_for(actor: Actor, member_id: uuid.UUID | None) -> uuid.UUID | None:
    """The member whose spending it is. Programs and the platform may spend for any; a person for themselves.

    One statement for another's. Raises InvalidInput.
    """
    if member_id is None or member_id == actor.member_id:
        return actor.member_id
    if actor.member_id is not None or not Member.objects.filter(id=member_id).exists():
        raise InvalidInput.field("member_id", "There is no such member that you can spend for.")
    return member_id


def hold_for(actor: Actor, hold_id: uuid.UUID) -> Hold:
    """Locked until the transaction ends. Raises NotFound, also where the actor may not spend."""
    hold = Hold.objects.select_for_update().filter(id=hold_id).first()
    if hold is None or not _may_spend_at(actor, hold.organization_id):
        raise NotFound
    return hold


def _may_spend_at(actor: Actor, organization_id: uuid.UUID | None) -> bool:
    if allows(actor, SPEND_CREDITS):
        return True
    node = _node(organization_id)
    return node is not None and allows(actor, SPEND_CREDITS, node)


def _node(organization_id: uuid.UUID | None) -> Organization | None:
    if organization_id is None:
        return None
    return Organization.objects.filter(id=organization_id).only("path").first()
