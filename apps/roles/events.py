import uuid

from apps.events.registry import Event, event


@event("roles.role_changed", version=1, scope="organization", aggregate="role_id")
class RoleChanged(Event):
    """change: created, updated or deleted."""

    role_id: uuid.UUID
    code: str
    change: str
