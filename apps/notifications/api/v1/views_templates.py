"""A workspace's own words, for who manages its notifications."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.notifications import services
from apps.notifications.api.v1 import examples_templates as examples
from apps.notifications.api.v1.serializers_templates import (
    NotificationTemplateLineSerializer,
    NotificationTemplateSerializer,
    NotificationWordsSerializer,
    TemplatePreviewSerializer,
)
from apps.notifications.channels.email import mail_of
from apps.notifications.content import Words
from apps.notifications.own_words import example_content, words_clean, words_validate
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.notifications.selectors_templates import template_for, templates_for

NEEDS = dict.fromkeys(("GET", "PUT", "POST", "DELETE"), MANAGE_NOTIFICATIONS)


class TemplatesView(TenantView):
    needs = NEEDS

    @extend_schema(
        operation_id="notification_templates_list",
        summary="What people are told of, and where the workspace has words of its own",
        responses={200: NotificationTemplateLineSerializer(many=True)},
        examples=[examples.LINE],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return self.whole(templates_for(self.actor), NotificationTemplateLineSerializer)


class TemplateView(TenantView):
    needs = NEEDS

    @extend_schema(
        operation_id="notification_templates_retrieve",
        summary="The words of one type in one language",
        responses={200: NotificationTemplateSerializer},
        examples=[examples.TEMPLATE],
    )
    def get(self, _request: Request, kind: str, language: str) -> Response:
        self.query()
        return Response(
            NotificationTemplateSerializer(template_for(self.actor, kind, language)).data
        )

    @extend_schema(
        operation_id="notification_templates_update",
        summary="Write your own",
        description=(
            "Liquid: `{{ name }}`, `{% if %}`, `{% for %}`, and filters for words, numbers and dates. What "
            "cannot be filled in answers 400 with `template_invalid`, a name that is not there "
            "`variable_unknown`. Empty ones are the platform's; all empty is the same as DELETE."
        ),
        request=NotificationWordsSerializer,
        responses={200: NotificationTemplateSerializer},
        examples=[examples.WORDS, examples.TEMPLATE],
    )
    def put(self, _request: Request, kind: str, language: str) -> Response:
        words = Words(**self.body(NotificationWordsSerializer))
        template = services.template_set(
            actor=self.actor, code=kind, language=language, words=words
        )
        return Response(NotificationTemplateSerializer(template).data)

    @extend_schema(
        operation_id="notification_templates_destroy",
        summary="The platform's words again",
        responses={204: None},
    )
    def delete(self, _request: Request, kind: str, language: str) -> Response:
        services.template_reset(actor=self.actor, code=kind, language=language)
        return Response(status=204)


class TemplatePreviewView(TenantView):
    once = Once.NEVER
    needs = NEEDS

    @extend_schema(
        operation_id="notification_templates_preview",
        summary="What it would look like",
        description="With the type's example; nothing is kept.",
        request=NotificationWordsSerializer,
        responses={200: TemplatePreviewSerializer},
        examples=[examples.WORDS, examples.PREVIEW],
    )
    def post(self, _request: Request, kind: str, language: str) -> Response:
        request: Any = self.request._request
        template = template_for(self.actor, kind, language)
        words = words_clean(Words(**self.body(NotificationWordsSerializer)))
        words_validate(template.kind, words)
        content = example_content(template.kind, language, request.tenant, words)
        mail = mail_of(content, request.tenant, "sam@example.com", language)
        found = {
            **{name: getattr(content, name) for name in ("title", "body", "action", "url")},
            "subject": mail.subject,
            "text": mail.body,
            "html": mail.alternatives[0][0],
        }
        return Response(TemplatePreviewSerializer(found).data)
