import uuid

from apps.events.registry import Event, event


@event("feedback.survey_shown", version=1, scope="organization", aggregate="prompt_id")
class SurveyShown(Event):
    """A member is asked. plan: the code of what the workspace has; empty: none."""

    prompt_id: uuid.UUID
    survey: str
    plan: str


@event("feedback.survey_answered", version=1, scope="organization", aggregate="prompt_id")
class SurveyAnswered(Event):
    """What they wrote besides is for the platform, and is in no event."""

    prompt_id: uuid.UUID
    survey: str
    plan: str
    score: int


@event("feedback.survey_dismissed", version=1, scope="organization", aggregate="prompt_id")
class SurveyDismissed(Event):
    """outcome: dismissed, or expired without an answer."""

    prompt_id: uuid.UUID
    survey: str
    plan: str
    outcome: str
