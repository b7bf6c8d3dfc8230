"""Surveys, for clients that show them themselves."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.views import TenantView
from apps.feedback import services
from apps.feedback.api.v1 import examples
from apps.feedback.api.v1.serializers import (
    SurveyAnsweredSerializer,
    SurveyAnswerSerializer,
    SurveyDismissSerializer,
    SurveyPromptQuery,
    SurveyPromptSerializer,
)


class SurveyPromptView(TenantView):
    @extend_schema(
        operation_id="surveys_prompt",
        summary="What to ask the person now",
        description=(
            "`survey` is null most of the time: somebody is asked one thing in 30 days at most, the same "
            "one in 90, in whatever workspace. What is returned counts as shown, and stands until it is "
            "answered, dismissed, or 14 days old. Programs with an API key are never asked anything."
        ),
        parameters=[SurveyPromptQuery],
        responses={200: SurveyPromptSerializer},
        examples=[examples.PROMPT, examples.NOTHING],
    )
    def get(self, request: Request) -> Response:
        page = self.query(SurveyPromptQuery).get("page", "")
        question = services.survey_show(actor=self.actor, page=page)
        return Response(
            SurveyPromptSerializer({"question": question}).data,
            headers={"Cache-Control": "no-store"},
        )


class SurveyResponsesView(TenantView):
    @extend_schema(
        operation_id="surveys_answer",
        summary="Answer a survey",
        description="404 for one that the person was not asked, or that is over.",
        request=SurveyAnswerSerializer,
        responses={201: SurveyAnsweredSerializer},
        examples=[examples.ANSWER, examples.ANSWERED],
    )
    def post(self, request: Request, code: str) -> Response:
        answer = services.survey_answer(
            actor=self.actor, survey=code, **self.body(SurveyAnswerSerializer)
        )
        return Response(SurveyAnsweredSerializer(answer).data, status=201)


class SurveyDismissView(TenantView):
    @extend_schema(
        operation_id="surveys_dismiss",
        summary="Not answer a survey",
        description="At all, or not now. 404 for one that the person was not asked, or that is over.",
        request=SurveyDismissSerializer,
        responses={204: None},
        examples=[examples.DISMISS],
    )
    def post(self, request: Request, code: str) -> Response:
        services.survey_dismiss(actor=self.actor, survey=code, **self.body(SurveyDismissSerializer))
        return Response(status=204)
