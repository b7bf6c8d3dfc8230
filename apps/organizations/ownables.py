"""What members own by the platform itself: the workspace, open invitations, and the API keys they made."""

from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.organizations.holders import is_lasting_owner
from apps.organizations.models import Invitation, Member
from apps.organizations.offboarding import Ownable
from apps.organizations.selectors import owners_exist_besides, root_organization
from apps.organizations.services.bindings import roles_bind
from apps.roles.models import OWNER
from apps.roles.selectors import role_by_code
from apps.roles.selectors_api_keys import api_keys_made_by
from apps.roles.services import api_keys_transfer


def _owns_alone(member: Member) -> int:
    """1 for the only owner of the workspace: who takes over becomes its owner."""
    return int(is_lasting_owner(member) and not owners_exist_besides(member.id))


def _own(actor: Actor, _member: Member, successor: Member) -> None:
    roles_bind(actor, successor, [role_by_code(OWNER)], root_organization())


def _open_invitations(member: Member) -> int:
    return Invitation.objects.filter(invited_by=member, accepted_at=None, revoked_at=None).count()


def _invite_instead(_actor: Actor, member: Member, successor: Member) -> None:
    Invitation.objects.filter(invited_by=member, accepted_at=None, revoked_at=None).update(
        invited_by=successor
    )


def _keys(member: Member) -> int:
    return api_keys_made_by(member.id).count()


def _keep_keys(actor: Actor, member: Member, successor: Member) -> None:
    api_keys_transfer(
        actor=actor,
        from_member_id=member.id,
        to_member_id=successor.id,
        to_person_id=successor.person_id,
        to_label=successor.email,
    )


OWNABLES = (
    Ownable("organizations.invitation", _("Open invitations"), _open_invitations, _invite_instead),
    Ownable("roles.api_key", _("API keys that they made"), _keys, _keep_keys),
    Ownable(
        "organizations.workspace", _("The workspace itself, as its only owner"), _owns_alone, _own
    ),
)
