"""Counts what came of questions, over all tenants. The counts name none."""

from apps.adoption.asking import outcome_count
from apps.adoption.enums import PromptOutcome
from apps.events.cache_invalidation import invalidates
from apps.events.registry import EventContext, subscribe
from apps.feedback.caches import STANDINGS
from apps.feedback.events import SurveyAnswered, SurveyDismissed, SurveyShown


@subscribe("feedback.survey_shown", name="feedback.count_shown", tenant_context=False)
def count_shown(event: SurveyShown, context: EventContext) -> None:
    outcome_count(
        survey=event.survey, plan=event.plan, outcome=PromptOutcome.SHOWN, at=context.created_at
    )


@subscribe("feedback.survey_answered", name="feedback.count_answered", tenant_context=False)
def count_answered(event: SurveyAnswered, context: EventContext) -> None:
    outcome_count(
        survey=event.survey,
        plan=event.plan,
        outcome=PromptOutcome.ANSWERED,
        at=context.created_at,
        score=event.score,
    )


@subscribe("feedback.survey_dismissed", name="feedback.count_dismissed", tenant_context=False)
def count_dismissed(event: SurveyDismissed, context: EventContext) -> None:
    outcome_count(
        survey=event.survey,
        plan=event.plan,
        outcome=PromptOutcome(event.outcome),
        at=context.created_at,
    )


# Questions wait for it.
invalidates(STANDINGS, "onboarding.workflow_completed")
