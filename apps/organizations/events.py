import uuid

from apps.events.registry import Event, event


@event(
    "organizations.organization_changed",
    version=1,
    scope="organization",
    aggregate="organization_id",
)
class OrganizationChanged(Event):
    """change: created, renamed, moved, reordered, archived, restored or deleted.

    Archiving and restoring are told of the one at the top, for all that lies below it.
    """

    organization_id: uuid.UUID
    name: str
    change: str


@event(
    "organizations.setting_changed",
    version=1,
    scope="organization",
    aggregate="organization_id",
)
class SettingChanged(Event):
    """value: as text; empty where the organization inherits it again."""

    organization_id: uuid.UUID
    setting: str
    value: str


@event("organizations.member_invited", version=1, scope="organization", aggregate="invitation_id")
class MemberInvited(Event):
    """Published again when an invitation is resent."""

    invitation_id: uuid.UUID
    email: str


@event(
    "organizations.invitation_accepted", version=1, scope="organization", aggregate="invitation_id"
)
class InvitationAccepted(Event):
    """Besides member_joined, which is not published for who was a member already."""

    invitation_id: uuid.UUID
    member_id: uuid.UUID
    email: str


@event(
    "organizations.invitation_revoked", version=1, scope="organization", aggregate="invitation_id"
)
class InvitationRevoked(Event):
    invitation_id: uuid.UUID
    email: str


@event("organizations.member_admitted", version=1, scope="organization", aggregate="member_id")
class MemberAdmitted(Event):
    """A person came in by the verified domain of their address. Besides member_joined."""

    member_id: uuid.UUID
    email_domain_id: uuid.UUID
    domain: str


@event("organizations.join_requested", version=1, scope="organization", aggregate="join_request_id")
class JoinRequested(Event):
    """A person whose address is within a verified domain asks to come in."""

    join_request_id: uuid.UUID
    person_id: uuid.UUID
    email: str


@event(
    "organizations.join_request_approved",
    version=1,
    scope="organization",
    aggregate="join_request_id",
)
class JoinRequestApproved(Event):
    """Besides member_joined."""

    join_request_id: uuid.UUID
    person_id: uuid.UUID
    email: str


@event(
    "organizations.join_request_declined",
    version=1,
    scope="organization",
    aggregate="join_request_id",
)
class JoinRequestDeclined(Event):
    join_request_id: uuid.UUID
    person_id: uuid.UUID
    email: str


@event("organizations.member_joined", version=1, scope="organization", aggregate="member_id")
class MemberJoined(Event):
    member_id: uuid.UUID
    person_id: uuid.UUID
    email: str


@event(
    "organizations.member_status_changed", version=1, scope="organization", aggregate="member_id"
)
class MemberStatusChanged(Event):
    """status: active, deactivated or removed."""

    member_id: uuid.UUID
    person_id: uuid.UUID
    status: str


@event("organizations.member_offboarded", version=1, scope="organization", aggregate="member_id")
class MemberOffboarded(Event):
    """handed_over: how many of which kind went to the successor, such as `organizations.invitation: 3`."""

    member_id: uuid.UUID
    successor_id: uuid.UUID
    handed_over: str


@event("organizations.member_moved", version=1, scope="organization", aggregate="member_id")
class MemberMoved(Event):
    member_id: uuid.UUID
    organization_id: uuid.UUID


@event("organizations.member_placed", version=1, scope="organization", aggregate="member_id")
class MemberPlaced(Event):
    """change: added or removed, of an organization besides the primary one."""

    member_id: uuid.UUID
    organization_id: uuid.UUID
    change: str


@event("organizations.role_binding_changed", version=1, scope="organization", aggregate="member_id")
class RoleBindingChanged(Event):
    """change: given, changed (when it ends), taken; started or ended, by itself."""

    member_id: uuid.UUID
    role: str
    organization_id: uuid.UUID
    change: str


@event(
    "organizations.member_person_changed", version=1, scope="organization", aggregate="person_id"
)
class MemberPersonChanged(Event):
    """A person who is a member here changed what the account says of them, such as the name."""

    person_id: uuid.UUID


@event(
    "organizations.provider_group_role_changed",
    version=1,
    scope="organization",
    aggregate="group_role_id",
)
class ProviderGroupRoleChanged(Event):
    """A group of the identity provider gives a role, or no longer. change: added or removed."""

    group_role_id: uuid.UUID
    group: str
    role: str
    organization_id: uuid.UUID
    change: str


@event("organizations.scim_token_created", version=1, scope="organization", aggregate="token_id")
class ScimTokenCreated(Event):
    token_id: uuid.UUID
    label: str


@event("organizations.scim_token_revoked", version=1, scope="organization", aggregate="token_id")
class ScimTokenRevoked(Event):
    token_id: uuid.UUID
    label: str


@event("organizations.directory_user_changed", version=1, scope="organization", aggregate="user_id")
class DirectoryUserChanged(Event):
    """change: provisioned, invited, updated, deactivated, reactivated or deprovisioned.

    member_id: None while they have not accepted an invitation.
    """

    user_id: uuid.UUID
    member_id: uuid.UUID | None
    user_name: str
    change: str


@event("organizations.group_role_changed", version=1, scope="organization", aggregate="group_id")
class GroupRoleChanged(Event):
    """What all members of a group hold. change: as of role_binding_changed."""

    group_id: uuid.UUID
    group: str
    role: str
    organization_id: uuid.UUID
    change: str


@event("organizations.group_changed", version=1, scope="organization", aggregate="group_id")
class GroupChanged(Event):
    """change: created, renamed, members or deleted. added, removed: how many members."""

    group_id: uuid.UUID
    name: str
    change: str
    added: int
    removed: int
