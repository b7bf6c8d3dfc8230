"""The platform's own questions. A product adds its own in a surveys.py; staff pause any of them."""

from apps.adoption.enums import SurveyKind, SurveyTrigger
from apps.adoption.surveys import Question, declare_surveys

declare_surveys(
    Question(
        code="platform.nps",
        kind=SurveyKind.NPS,
        question="How likely are you to recommend us to a colleague?",
        trigger=SurveyTrigger.AFTER_DAYS,
        days=30,
    ),
    Question(
        code="platform.setup",
        kind=SurveyKind.CSAT,
        question="How satisfied are you with setting up your workspace?",
        trigger=SurveyTrigger.AFTER_USE,
        feature="onboarding.setup",
    ),
)
