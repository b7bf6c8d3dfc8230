"""A request whose statement takes too long: 503, and when to come again."""

from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.response import Response

from apps.accounts.models import Person
from apps.onboarding.api.v1.views import OnboardingView

pytestmark = pytest.mark.django_db


def test_it_is_told_to_come_again(
    api: Any, alice: Person, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_WEB_STATEMENT_TIMEOUT_MS = 300

    def get(self: OnboardingView, request: Any) -> Response:
        # What fails within an atomic block of a test's would fail the rest of the test.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")
        return Response({})

    monkeypatch.setattr(OnboardingView, "get", get)
    answer = api(alice).get("onboarding/")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert int(answer["Retry-After"]) > 0
