"""Pages on which people choose what they are told of, and see what was sent and why."""

import re
from datetime import time

import pytest

from apps.accounts.models import Person
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.models import (
    ChannelDefault,
    Delivery,
    InboxItem,
    Notification,
    Preference,
    Timing,
)
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.notifications.choosing import CATEGORY, CODE, prefer, say
from tests.notifications.test_digests import tell_of
from tests.portal.conftest import SignIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]
PREFERENCES, DEFAULTS, LOG = (
    "/notifications/preferences/",
    "/settings/notifications/",
    "/settings/notifications/log/",
)
TIMES = {"digest": "never", "hour": "8", "weekday": "0", "quiet_from": "", "quiet_until": ""}


def field_of(html: str, name: str) -> str:
    """The select's whole text, or nothing."""
    found = re.search(rf'<select[^>]*name="{re.escape(name)}".*?</select>', html, re.DOTALL)
    return found.group(0) if found else ""


def test_choosing(sign_in: SignIn, bob: Person, acme: Tenant, bob_member: Member) -> None:
    client = sign_in(bob, acme)
    html = client.get(PREFERENCES).content.decode()
    assert "Default: on" in field_of(html, "plan:email")
    assert "the time zone of your profile" in html
    answer = client.post(
        PREFERENCES,
        {
            **TIMES,
            "plan:email": "off",
            "plan:in_app": "",
            f"{CODE}:email": "on",
            "digest": "weekly",
            "weekday": "4",
            "quiet_from": "22:00",
            "quiet_until": "07:00",
        },
    )
    assert answer.status_code == 302
    rows = Preference.objects.values_list("member_id", "subject", "channel", "is_on")
    assert set(rows) == {
        (bob_member.id, CATEGORY, "email", False),
        (bob_member.id, CODE, "email", True),
    }
    timing = Timing.objects.get()
    assert (timing.digest, timing.weekday, timing.quiet_until) == ("weekly", 4, time(7))
    html = client.get(PREFERENCES).content.decode()
    assert '<option value="off" selected>' in field_of(html, "plan:email")
    # What is sent as it was shown changes nothing, and what is empty is left to the workspace.
    client.post(PREFERENCES, {**TIMES, "plan:email": ""})
    assert list(Preference.objects.values_list("subject", flat=True)) == [CODE]


def test_half_of_quiet_hours_is_none(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    answer = sign_in(bob, acme).post(PREFERENCES, {**TIMES, "quiet_from": "22:00"})
    assert answer.status_code == 422
    assert "Quiet hours have a beginning and an end." in answer.content.decode()
    assert Timing.objects.count() == 0


@pytest.mark.parametrize("name", ["nothing:email", f"{CODE}:pigeon", f"{CODE}:sms"])
def test_a_field_of_nothing(sign_in: SignIn, bob: Person, acme: Tenant, name: str) -> None:
    answer = sign_in(bob, acme).post(PREFERENCES, {**TIMES, name: "on"})
    assert answer.status_code == 422
    assert Preference.objects.count() == 0


def test_what_is_locked_says_so(sign_in: SignIn, bob: Person, acme: Tenant, in_acme: None) -> None:
    say(CATEGORY, True, is_locked=True)
    client = sign_in(bob, acme)
    html = client.get(PREFERENCES).content.decode()
    assert field_of(html, "plan:email") == ""
    assert "set by the workspace" in html
    assert "always, as it is urgent" in html
    assert client.post(PREFERENCES, {**TIMES, "plan:email": "off"}).status_code == 422
    assert Preference.objects.count() == 0


def test_who_unsubscribed_can_take_it_back(
    sign_in: SignIn, bob: Person, acme: Tenant, bob_member: Member
) -> None:
    say(CATEGORY, True, is_locked=True)
    prefer(bob_member, CATEGORY, False, is_unsubscribed=True)
    client = sign_in(bob, acme)
    html = client.get(PREFERENCES).content.decode()
    assert "Unsubscribed" in field_of(html, "plan:email")
    assert client.post(PREFERENCES, {**TIMES, "plan:email": ""}).status_code == 302
    assert Preference.objects.count() == 0


def test_defaults(sign_in: SignIn, alice: Person, bob: Person, acme: Tenant, in_acme: None) -> None:
    client = sign_in(alice, acme)
    assert "Default: on" in field_of(client.get(DEFAULTS).content.decode(), "plan:email")
    body = {"plan:email": "locked_off", f"{CODE}:email": "on", "people:email": ""}
    assert client.post(DEFAULTS, body).status_code == 302
    rows = ChannelDefault.objects.values_list("subject", "channel", "is_on", "is_locked")
    assert set(rows) == {("plan", "email", False, True), (CODE, "email", True, False)}
    html = client.get(DEFAULTS).content.decode()
    assert '<option value="locked_off" selected>' in field_of(html, "plan:email")
    other = sign_in(bob, acme)
    assert other.get(DEFAULTS).status_code == 403
    assert other.post(DEFAULTS, {"plan:email": ""}).status_code == 403
    assert ChannelDefault.objects.count() == 2


@pytest.fixture
def told(alice_member: Member) -> Notification:
    return tell_of()


def test_the_log(
    sign_in: SignIn, alice: Person, bob: Person, acme: Tenant, told: Notification
) -> None:
    client = sign_in(alice, acme)
    html = client.get(LOG).content.decode()
    assert f"{LOG}{told.id}/" in html
    html = client.get(f"{LOG}{told.id}/").content.decode()
    assert "Waiting" in html
    assert "By default" in html
    for query, is_there in (
        ("type=billing.limit_neared", True),
        ("type=billing.limit_exceeded", False),
        ("member=alice@acme.test", True),
        ("member=bob@acme.test", False),
        ("member=nobody@acme.test", False),
        ("state=pending&channel=email", True),
        ("state=failed", False),
    ):
        html = client.get(f"{LOG}?{query}").content.decode()
        assert (str(told.id) in html) is is_there, query
    assert client.get(f"{LOG}{MISSING}/").status_code == 404
    other = sign_in(bob, acme)
    assert (other.get(LOG).status_code, other.get(f"{LOG}{told.id}/").status_code) == (403, 403)


def test_trying_again(
    sign_in: SignIn, alice: Person, bob: Person, acme: Tenant, told: Notification
) -> None:
    Delivery.objects.filter(channel="email").update(
        state=DeliveryState.FAILED, reason=Reason.REFUSED, error="no such mailbox"
    )
    delivery = Delivery.objects.get(channel="email")
    path = f"{LOG}deliveries/{delivery.id}/retry/"
    client = sign_in(alice, acme)
    html = client.get(f"{LOG}{told.id}/").content.decode()
    assert path in html
    assert "no such mailbox" in html
    assert sign_in(bob, acme).post(path).status_code == 403
    answer = client.post(path)
    assert (answer.status_code, answer["Location"]) == (302, f"{LOG}{told.id}/")
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING
    client.post(path)
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING


def test_how_one_was_told(
    sign_in: SignIn, alice: Person, bob: Person, acme: Tenant, told: Notification
) -> None:
    item = InboxItem.objects.get()
    page = sign_in(alice, acme).get(f"/notifications/{item.id}/trace/")
    assert page.status_code == 200
    assert "Seats: 8 of 10 are used" in page.content.decode()
    assert "By default" in page.content.decode()
    assert sign_in(bob, acme).get(f"/notifications/{item.id}/trace/").status_code == 404
