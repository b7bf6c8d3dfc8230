from rest_framework import serializers

from apps.adoption.enums import SurveyKind
from apps.adoption.surveys import Question
from apps.common.api.fields import QuerySerializer
from apps.feedback.services import COMMENT_LENGTH


class SurveyQuestionSerializer(serializers.Serializer):
    code = serializers.CharField()
    kind = serializers.ChoiceField(SurveyKind.choices)
    question = serializers.CharField()
    lowest = serializers.IntegerField(source="scores.start")
    highest = serializers.SerializerMethodField()
    lowest_label = serializers.SerializerMethodField()
    highest_label = serializers.SerializerMethodField()

    def get_highest(self, one: Question) -> int:
        return one.scores[-1]

    def get_lowest_label(self, one: Question) -> str:
        return one.ends[0]

    def get_highest_label(self, one: Question) -> str:
        return one.ends[1]


class SurveyPromptSerializer(serializers.Serializer):
    survey = SurveyQuestionSerializer(source="question", allow_null=True)


class SurveyPromptQuery(QuerySerializer):
    PAGING = frozenset()

    page = serializers.CharField(
        required=False,
        max_length=80,
        help_text="Name of the page that you show, for what is asked there only.",
    )


class SurveyAnswerSerializer(serializers.Serializer):
    score = serializers.IntegerField(help_text="From `lowest` to `highest`.")
    comment = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=COMMENT_LENGTH
    )


class SurveyAnsweredSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    score = serializers.IntegerField()
    comment = serializers.CharField()
    created_at = serializers.DateTimeField()


class SurveyDismissSerializer(serializers.Serializer):
    is_later = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Ask again in a week; the third time it means no.",
    )
