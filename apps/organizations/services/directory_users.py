"""Users of a tenant's directory, as its identity provider adds, changes and removes them by SCIM.

They are members. SCIM never touches the person's own account, which may belong elsewhere too: not the
name, not the address, not a password. What it changes is the member's copy in this tenant.
"""

import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.accounts.models import Person
from apps.accounts.scim_tokens import scim_tokens_of
from apps.accounts.selectors import is_email_verified, person_by_email
from apps.accounts.services import person_provision
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations import permissions as p
from apps.organizations.enums import InvitationStatus, MemberStatus
from apps.organizations.events import DirectoryUserChanged
from apps.organizations.holders import is_owner
from apps.organizations.models import DirectoryUser, Invitation, Member
from apps.organizations.selectors import root_organization
from apps.organizations.services.directory import (
    address_is_ours,
    directory_locked,
)
from apps.organizations.services.directory_data import DirectoryUserData, data_validate
from apps.organizations.services.invitations import invitation_create, invitation_revoke
from apps.organizations.services.members import member_join, member_update_status
from apps.roles.models import OWNER
from apps.roles.selectors import role_by_code

# What everybody holds who is provisioned; groups give more.
DEFAULT_ROLE = "member"


@transaction.atomic
def directory_user_create(*, actor: Actor, data: DirectoryUserData) -> DirectoryUser:
    """Make somebody a member with the default role, or invite them.

    Within the tenant's proven domains they are a member at once, and get an account if they have none.
    Anybody else, also who has an account with an unconfirmed address there, is invited: what is answered
    does not tell whether there is an account. Locks the directory.
    Publishes organizations.directory_user_changed, and what joining and inviting publish.
    Raises PermissionDenied, InvalidInput, Conflict (uniqueness).
    """
    authorize(actor, p.INVITE_MEMBER)
    data = data_validate(data)
    directory_locked()
    user = DirectoryUser(is_managed=True)
    _require_free(user, data)
    _fill(user, data)
    change = _admit(actor, user)
    if not data.is_active:
        _set_active(actor, user, is_active=False)
    user.save(force_insert=True)
    _publish(actor, user, change)
    return user


@transaction.atomic
def directory_user_change(
    *,
    actor: Actor,
    user_id: uuid.UUID,
    change: Callable[[DirectoryUser], DirectoryUserData],
) -> DirectoryUser:
    """Make a user what `change` says of the present one. Locks the directory, then the user.

    An owner is not deactivated, and keeps the address. Publishes organizations.directory_user_changed
    for each kind of change, and nothing if nothing changed.
    Raises PermissionDenied, NotFound, InvalidInput, Conflict (uniqueness, owner), what `change` raises.
    """
    authorize(actor, p.UPDATE_MEMBER)
    directory_locked()
    user = _user_locked(user_id)
    data = data_validate(change(user))
    before = (
        user.user_name,
        user.external_id,
        user.display_name,
        user.given_name,
        user.family_name,
    )
    renamed = data.user_name != user.user_name
    if renamed and user.member is not None:
        _rename_check(user.member, data.user_name)
    _require_free(user, data)
    _fill(user, data)
    after = (user.user_name, user.external_id, user.display_name, user.given_name, user.family_name)
    if renamed and user.member is None and user.is_active:
        invitation_revoke(actor=actor, invitation_id=_invitation_id(user))
        _admit(actor, user)
    if data.is_active != user.is_active:
        _set_active(actor, user, is_active=data.is_active)
        _publish(actor, user, "reactivated" if data.is_active else "deactivated")
    elif after == before and user.is_managed:
        return user
    user.is_managed = True
    user.save()
    _copy_to_member(user)
    if after != before:
        _publish(actor, user, "updated")
    return user


@transaction.atomic
def directory_user_delete(
    *, actor: Actor, user_id: uuid.UUID, check: Callable[[DirectoryUser], None]
) -> None:
    """Remove a user: the member from the workspace, or the invitation. Locks the directory, then the user.

    check: is shown the locked user first. Publishes organizations.directory_user_changed.
    Raises PermissionDenied, NotFound, Conflict (owner), what `check` raises.
    """
    authorize(actor, p.REMOVE_MEMBER)
    directory_locked()
    user = _user_locked(user_id)
    check(user)
    if user.member is not None:
        _require_no_owner(user.member)
        member_update_status(actor=actor, member_id=user.member.id, status=MemberStatus.REMOVED)
    elif user.is_active:
        invitation_revoke(actor=actor, invitation_id=_invitation_id(user))
    _publish(actor, user, "deprovisioned")
    if user.member is None:
        user.delete()


@transaction.atomic
def directory_ensure() -> None:
    """Give every member an entry, so that the provider finds those who came in otherwise.

    Safe to repeat. Locks the directory.
    """
    directory_locked()
    missing = Member.objects.exclude(status=MemberStatus.REMOVED).filter(directory_user=None)
    # Two members have one address only where the provider has given one that of another.
    DirectoryUser.objects.bulk_create(map(_entry_of, missing), ignore_conflicts=True)


@transaction.atomic
def directory_link(*, actor: Actor, member_id: uuid.UUID) -> None:
    """After somebody joined: to the entry that waits for them, or a new one. Safe to repeat.

    Nothing happens in a tenant that has no provisioning. Locks the directory. They
    hold what the entry's groups do from then on.
    """
    if not scim_tokens_of(require_tenant().id).exists():
        return
    directory_locked()
    member = Member.objects.filter(id=member_id).exclude(status=MemberStatus.REMOVED).first()
    if member is None:
        return
    user = DirectoryUser.objects.filter(member=member).first()
    if user is None:
        user = DirectoryUser.objects.filter(member=None, user_name=member.email.lower()).first()
        if user is None:
            DirectoryUser.objects.bulk_create([_entry_of(member)], ignore_conflicts=True)
            return
        user.member = member
        user.save(update_fields=["member", "updated_at"])
        _copy_to_member(user)
    # With the groups that the entry is in.
    epochs.change(epochs.of_membership(require_tenant().id, member.person_id))


def _user_locked(user_id: uuid.UUID) -> DirectoryUser:
    user = (
        DirectoryUser.objects.select_for_update(of=("self",))
        .select_related("member", "invitation")
        .filter(id=user_id)
        .first()
    )
    if user is None:
        raise NotFound
    return user


def _require_free(user: DirectoryUser, data: DirectoryUserData) -> None:
    """Raises Conflict for a name or an external id that another user or member has.

    Nobody adds any meanwhile: the directory is locked.
    """
    if data.external_id not in (None, user.external_id) and (
        DirectoryUser.objects.filter(external_id=data.external_id).exists()
    ):
        raise _taken("externalId")
    if data.user_name != user.user_name and (
        DirectoryUser.objects.filter(user_name=data.user_name).exists()
        or Member.objects.exclude(status=MemberStatus.REMOVED)
        .alias(address=Lower("email"))
        .filter(address=data.user_name)
        .exists()
    ):
        raise _taken("userName")


def _rename_check(member: Member, user_name: str) -> None:
    _require_no_owner(member)
    if not address_is_ours(user_name):
        raise InvalidInput.field(
            "userName",
            _("A member’s address can only become one in a verified domain of the workspace."),
            "domain_unverified",
        )


def _require_no_owner(member: Member) -> None:
    if is_owner(member) or member.bindings.filter(role__code=OWNER).exists():
        raise Conflict(
            _("This is an owner of the workspace. Provisioning does not change owners."),
            code="owner",
        )


def _admit(actor: Actor, user: DirectoryUser) -> str:
    """Let somebody in who is no member yet, and say how: provisioned or invited."""
    person, is_new = _person_for(actor, user) if address_is_ours(user.user_name) else (None, False)
    root = root_organization()
    role = role_by_code(DEFAULT_ROLE)
    if person is None:
        user.invitation = Invitation.objects.filter(
            email__iexact=user.user_name, accepted_at=None, revoked_at=None
        ).first()
        if user.invitation is None or user.invitation.status != InvitationStatus.PENDING:
            user.invitation = invitation_create(
                actor=actor, email=user.user_name, role_ids=[role.id], organization_id=root.id
            )
        return "invited"
    members = Member.objects.exclude(status=MemberStatus.REMOVED)
    if not is_new and members.filter(person_id=person.id).exists():
        # Under another address, which the provider has given them.
        raise _taken("userName")
    user.member = member_join(actor=actor, person=person, organization=root, roles=[role])
    _copy_to_member(user)
    return "provisioned"


def _person_for(actor: Actor, user: DirectoryUser) -> tuple[Person | None, bool]:
    """The person of an address in a domain of the tenant's, and whether they are new.

    None for an account whose address nobody has confirmed: its password may be a stranger's, who would
    come in with it. To accept an invitation they confirm it.
    """
    person = person_by_email(user.user_name)
    if person is None:
        try:
            made = person_provision(actor=actor, email=user.user_name, name=user.display_name)
        except IntegrityError:
            # Somebody signed up with it at this moment.
            person = person_by_email(user.user_name)
        else:
            return made, True
    return (person if person and is_email_verified(person) else None), False


def _set_active(actor: Actor, user: DirectoryUser, *, is_active: bool) -> None:
    if user.member is not None:
        if not is_active:
            _require_no_owner(user.member)
        status = MemberStatus.ACTIVE if is_active else MemberStatus.DEACTIVATED
        user.member = member_update_status(actor=actor, member_id=user.member.id, status=status)
    elif is_active:
        _admit(actor, user)
    else:
        user.invitation = invitation_revoke(actor=actor, invitation_id=_invitation_id(user))


def _invitation_id(user: DirectoryUser) -> uuid.UUID:
    assert user.invitation is not None  # noqa: S101 - what is_active says
    return user.invitation.id


def _copy_to_member(user: DirectoryUser) -> None:
    member = user.member
    if member is not None and (member.email, member.name) != (user.user_name, user.display_name):
        member.email, member.name = user.user_name, user.display_name
        member.save(update_fields=["email", "name", "updated_at"])


def _entry_of(member: Member) -> DirectoryUser:
    return DirectoryUser(user_name=member.email.lower(), display_name=member.name, member=member)


def _fill(user: DirectoryUser, data: DirectoryUserData) -> None:
    user.user_name, user.external_id = data.user_name, data.external_id
    user.given_name, user.family_name = data.given_name, data.family_name
    user.display_name = data.display_name


def _taken(attr: str) -> Conflict:
    return Conflict(_("There is a user with this %s already.") % attr, code="uniqueness")


def _publish(actor: Actor, user: DirectoryUser, change: str) -> None:
    publish(
        DirectoryUserChanged(
            user_id=user.id,
            member_id=user.member_id,
            user_name=user.user_name,
            change=change,
        ),
        actor=actor,
    )
