import uuid

from apps.events.registry import Event, event


@event("adoption.survey_changed", version=1, scope="system", aggregate="survey_id")
class SurveyChanged(Event):
    """change: created, updated, paused, resumed or deleted."""

    survey_id: uuid.UUID
    code: str
    change: str
