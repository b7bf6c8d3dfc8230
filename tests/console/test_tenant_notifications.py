"""What a tenant's people were told, in the console."""

import pytest
from django.test import Client

from apps.events.models import OutboxEvent
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.models import Delivery
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.console.conftest import messages_of
from tests.notifications.test_digests import tell_of

pytestmark = pytest.mark.django_db


def url(tenant: Tenant, page: str = "notifications") -> str:
    return f"/console/tenants/tenant/{tenant.pk}/{page}/"


def test_what_was_sent(console: Client, acme: Tenant, alice_member: Member) -> None:
    tell_of()
    html = console.get(url(acme)).content.decode()
    assert "A limit of the plan is near" in html
    assert "alice@acme.test" in html
    html = console.get(url(acme), {"q": "failed"}).content.decode()
    assert "Nothing fits." in html


def test_trying_again(console: Client, acme: Tenant, alice_member: Member) -> None:
    tell_of()
    mail = Delivery.objects.get(channel="email")
    sent = {"named": str(mail.id), "reason": "Ticket 7"}
    refused = console.post(url(acme, "retry_delivery"), sent)
    assert "nothing to try again" in messages_of(refused)[-1]
    Delivery.objects.filter(id=mail.id).update(state=DeliveryState.FAILED, reason=Reason.REFUSED)
    html = console.get(url(acme)).content.decode()
    assert f"retry_delivery/?named={mail.id}" in html
    done = console.post(url(acme, "retry_delivery"), sent)
    assert messages_of(done) == ["It is sent again in a moment."]
    mail.refresh_from_db()
    assert mail.state == DeliveryState.PENDING
    event = OutboxEvent.objects.get(name="notifications.delivery_retried")
    assert (event.payload["note"], event.actor_label) == ("Ticket 7", "staff@platform.test")
