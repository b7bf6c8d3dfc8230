"""The trace context of whoever asks (W3C) goes into events, if it is one."""

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.events.models import OutboxEvent

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (TRACE, TRACE),
        ("", ""),
        (TRACE.upper(), ""),
        (TRACE + "-x", ""),
        ("00-" + "0" * 32 + "-b7ad6b7169203331-01", ""),
        ("x" * 5000, ""),
    ],
)
def test_the_trace_of_a_request_is_kept_with_its_events(
    alice: Person, sent: str, kept: str
) -> None:
    client = Client(HTTP_HOST="localhost:8000")
    response = client.post(
        "/api/v1/auth/password-reset/",
        {"email": alice.email},
        content_type="application/json",
        headers={"traceparent": sent},
    )
    assert response.status_code == 202
    assert OutboxEvent.objects.order_by("-position")[0].traceparent == kept
