"""What the caller is told of, how and when."""

from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.notifications.api.v1 import examples
from apps.notifications.api.v1.serializers_choices import (
    PreferencesSerializer,
    PreferencesUpdateSerializer,
)
from apps.notifications.api.v1.views import InboxView
from apps.notifications.matrix import preferences_matrix
from apps.notifications.selectors_choices import times_for
from apps.notifications.services import notification_preferences_set
from apps.notifications.services.preferences import Choice, Times


class PreferencesView(InboxView):
    @extend_schema(
        operation_id="notification_preferences_retrieve",
        summary="What you are told of",
        description="By category and type, and by channel; and when.",
        responses={200: PreferencesSerializer},
        examples=[examples.PREFERENCES],
    )
    def get(self, _request: Request) -> Response:
        self.query()
        return self._answer()

    @extend_schema(
        operation_id="notification_preferences_update",
        summary="Choose what you are told of",
        description=(
            "What you leave out stays. What waits to be sent follows: what is turned off is not sent."
        ),
        request=PreferencesUpdateSerializer,
        responses={200: PreferencesSerializer},
        examples=[examples.PREFERENCES, examples.PREFERENCES_UPDATE],
    )
    def patch(self, _request: Request) -> Response:
        body = self.body(PreferencesUpdateSerializer)
        times = None
        if timing := body.get("timing"):
            times = replace(times_for(self.member), **timing)
        choices = [Choice(**one) for one in body.get("preferences", [])]
        notification_preferences_set(actor=self.member, choices=choices, times=times)
        return self._answer()

    def _answer(self) -> Response:
        times = times_for(self.member)
        timing: dict[str, Any] = {name: getattr(times, name) for name in Times.__slots__}
        timing["time_zone"] = self.request.user.time_zone  # type: ignore[union-attr]
        found = {"categories": preferences_matrix(self.member), "timing": timing}
        return Response(PreferencesSerializer(found).data)
