"""What the caller is told of, and what was sent to whom."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.notifications.enums import DeliveryState
from apps.notifications.models import Delivery, Preference, Timing
from apps.organizations.models import Member
from tests.api.client import MISSING, Api
from tests.conftest import World
from tests.notifications.choosing import CATEGORY, CODE, say
from tests.notifications.test_digests import tell_of

pytestmark = pytest.mark.django_db
PATH = "notification-preferences/"
ApiOf = Callable[..., Api]


def email_of(found: dict[str, Any], code: str) -> dict[str, Any]:
    lines = [*found["categories"], *(t for c in found["categories"] for t in c["types"])]
    (line,) = [one for one in lines if one["code"] == code]
    (cell,) = [one for one in line["channels"] if one["channel"] == "email"]
    return cell


def test_reading_and_choosing(inside: World, api: ApiOf, bob_member: Member) -> None:
    bob = api(inside.bob, inside.acme)
    found = bob.get(PATH).json()
    assert email_of(found, CODE) == {
        "channel": "email",
        "choice": None,
        "default": True,
        "is_on": True,
        "is_locked": False,
        "reason": "default",
    }
    assert found["timing"] == {
        "digest": "never",
        "hour": 8,
        "weekday": 0,
        "quiet_from": None,
        "quiet_until": None,
        "time_zone": "UTC",
    }
    answer = bob.patch(
        PATH,
        {
            "preferences": [{"subject": CATEGORY, "channel": "email", "is_on": False}],
            "timing": {"digest": "daily", "quiet_from": "22:00", "quiet_until": "07:00"},
        },
    )
    assert answer.status_code == 200
    found = answer.json()
    assert email_of(found, CODE)["is_on"] is False
    assert email_of(found, CATEGORY)["choice"] is False
    assert found["timing"]["quiet_until"] == "07:00"
    assert Preference.objects.get().member_id == bob_member.id
    # What is left out stays.
    bob.patch(PATH, {"timing": {"hour": 9}})
    timing = Timing.objects.get()
    assert (timing.digest, timing.hour, timing.quiet_from is None) == ("daily", 9, False)
    bob.patch(PATH, {"preferences": [{"subject": CATEGORY, "channel": "email", "is_on": None}]})
    assert Preference.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"preferences": [{"subject": "x", "channel": "email", "is_on": True}]}, "preferences.0"),
        (
            {"preferences": [{"subject": CODE, "channel": "email", "is_on": "yes"}]},
            "preferences.0.is_on",
        ),
        ({"timing": {"hour": 24}}, "timing.hour"),
        ({"timing": {"quiet_from": "22:00"}}, "quiet_until"),
        ({"timing": {"digest": "yearly"}}, "timing.digest"),
    ],
)
def test_bad_input(inside: World, api: ApiOf, body: Any, attr: str) -> None:
    answer = api(inside.bob, inside.acme).patch(PATH, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr
    assert (Preference.objects.count(), Timing.objects.count()) == (0, 0)


def test_what_is_locked(inside: World, api: ApiOf) -> None:
    say(CATEGORY, True, is_locked=True)
    bob = api(inside.bob, inside.acme)
    assert email_of(bob.get(PATH).json(), CODE)["is_locked"] is True
    body = {"preferences": [{"subject": CODE, "channel": "email", "is_on": False}]}
    answer = bob.patch(PATH, body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "locked")


def test_the_log(inside: World, api: ApiOf, alice_member: Member, bob_member: Member) -> None:
    notification = tell_of()
    alice = api(inside.alice, inside.acme)
    path = "notifications/deliveries/"
    found = alice.get(path).json()["results"]
    assert {(one["channel"], one["state"]) for one in found} == {
        ("email", "pending"),
        ("push", "skipped"),
    }
    assert {one["member_id"] for one in found} == {str(alice_member.id)}
    assert len(alice.get(path, state="pending").json()["results"]) == 1
    assert len(alice.get(path, notification=str(notification.id)).json()["results"]) == 2
    for query in ({"member": str(bob_member.id)}, {"type": "x"}, {"notification": MISSING}):
        assert alice.get(path, **query).json()["results"] == []
    assert api(inside.bob, inside.acme).get(path).status_code == 403


def test_trying_again(inside: World, api: ApiOf, alice_member: Member) -> None:
    tell_of()
    alice = api(inside.alice, inside.acme)
    delivery = Delivery.objects.get(channel="email")
    path = f"notifications/deliveries/{delivery.id}/retry/"
    assert alice.post(path).status_code == 409
    Delivery.objects.update(state=DeliveryState.FAILED)
    assert api(inside.bob, inside.acme).post(path).status_code == 403
    assert api(inside.charlie, inside.globex).post(path).status_code == 404
    answer = alice.post(path)
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")
    assert alice.post(f"notifications/deliveries/{MISSING}/retry/").status_code == 404
