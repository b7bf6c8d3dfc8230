import uuid

from apps.events.registry import Event, event


@event("adoption.flag_changed", version=1, scope="system", aggregate="flag_id")
class FlagChanged(Event):
    """mode, percent, plans (their codes, with spaces between): from now on.

    on, off: how many tenants have it otherwise.
    tenant_id: the one that the change is about; null: all others.
    """

    flag_id: uuid.UUID
    code: str
    mode: str
    percent: int
    plans: str
    on: int
    off: int
    tenant_id: uuid.UUID | None
    reason: str


@event("adoption.survey_changed", version=1, scope="system", aggregate="survey_id")
class SurveyChanged(Event):
    """change: created, updated, paused, resumed or deleted."""

    survey_id: uuid.UUID
    code: str
    change: str
