import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("roles.role_changed", version=1, scope="organization", aggregate="role_id")
class RoleChanged(Event):
    """change: created, updated or deleted."""

    role_id: uuid.UUID
    code: str
    change: str


@event("roles.api_key_created", version=1, scope="organization", aggregate="api_key_id")
class ApiKeyCreated(Event):
    """permissions: codes, separated by spaces. organization_id: None in the whole workspace."""

    api_key_id: uuid.UUID
    name: str
    hint: str
    permissions: str
    organization_id: uuid.UUID | None
    expires_at: datetime | None


@event("roles.api_key_changed", version=1, scope="organization", aggregate="api_key_id")
class ApiKeyChanged(Event):
    """As it is then. permissions and networks: separated by spaces."""

    api_key_id: uuid.UUID
    name: str
    permissions: str
    networks: str
    expires_at: datetime | None


@event("roles.api_key_rotated", version=1, scope="organization", aggregate="api_key_id")
class ApiKeyRotated(Event):
    """previous_until: until when the text of before is good; None: it was good no longer."""

    api_key_id: uuid.UUID
    name: str
    hint: str
    previous_until: datetime | None
    expires_at: datetime | None


@event("roles.api_key_transferred", version=1, scope="organization", aggregate="api_key_id")
class ApiKeyTransferred(Event):
    """Another member looks after it, and gets its mails."""

    api_key_id: uuid.UUID
    name: str
    to_member_id: uuid.UUID


@event("roles.api_key_revoked", version=1, scope="organization", aggregate="api_key_id")
class ApiKeyRevoked(Event):
    api_key_id: uuid.UUID
    name: str
    hint: str
    reason: str


@event("roles.api_key_first_used", version=1, scope="organization", aggregate="api_key_id")
class ApiKeyFirstUsed(Event):
    """ip: where from."""

    api_key_id: uuid.UUID
    name: str
    ip: str


@event("roles.api_key_expiry_announced", version=1, scope="organization", aggregate="api_key_id")
class ApiKeyExpiryAnnounced(Event):
    """Once for each time that an expiry was chosen, some days ahead. The creator gets a mail."""

    api_key_id: uuid.UUID
    name: str
    expires_at: datetime
