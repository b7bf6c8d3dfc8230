from typing import Any

from rest_framework import serializers

from apps.accounts.enums import Language
from apps.common.api.fields import TextField
from apps.notifications.own_words import LIMITS
from apps.notifications.selectors_templates import Template


class NotificationTemplateLineSerializer(serializers.Serializer[Template]):
    type = serializers.CharField(source="kind.code")
    language = serializers.ChoiceField(choices=Language.choices)
    category = serializers.CharField(source="kind.category")
    label = serializers.CharField(source="kind.label")  # type: ignore[assignment]
    is_own = serializers.SerializerMethodField()

    def get_is_own(self, template: Template) -> bool:
        return template.own is not None


class NotificationWordsSerializer(serializers.Serializer[Any]):
    """Liquid templates; an empty one is the platform's."""

    title = TextField(required=False, default="", allow_blank=True, max_length=LIMITS["title"])
    body = TextField(required=False, default="", allow_blank=True, max_length=LIMITS["body"])
    action = TextField(
        required=False,
        default="",
        allow_blank=True,
        max_length=LIMITS["action"],
        help_text="The label of the button.",
    )


class NotificationTextsSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    body = serializers.CharField()
    action = serializers.CharField()


class NotificationTemplateSerializer(NotificationTemplateLineSerializer):
    own = NotificationTextsSerializer(
        source="words", help_text="The workspace's; empty: the platform's."
    )
    standard = NotificationTextsSerializer(help_text="The platform's words.")
    variables = serializers.ListField(
        child=serializers.CharField(), help_text="What the templates can use."
    )


class TemplatePreviewSerializer(serializers.Serializer[Any]):
    subject = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField(help_text="Plain text.")
    action = serializers.CharField()
    url = serializers.URLField()
    text = serializers.CharField(help_text="The mail's text part.")
    html = serializers.CharField(help_text="The mail's HTML part.")
