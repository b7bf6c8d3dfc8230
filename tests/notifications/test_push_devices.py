"""What takes push messages for a member: the API, whose it is, and how many there are."""

from typing import Any

import pytest
from django.db import transaction

from apps.common.actors import Actor
from apps.common.crypto import decrypt
from apps.common.errors import ImpersonationRefused
from apps.common.proofs import Impersonator, Proof
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.notifications import upkeep
from apps.notifications.models import PushDevice
from apps.notifications.selectors_devices import push_devices_for
from apps.notifications.services import push_device_register, push_devices_forget_unseen
from apps.notifications.services.push_devices import MAX_DEVICES
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member
from apps.organizations.services import member_update_status
from apps.sandbox.push import state
from apps.sandbox.push.state import Service
from tests.api.client import MISSING, same_problem, statements
from tests.conftest import World
from tests.notifications.pushing import Register, long_ago, subscription
from tests.notifications.support import SYSTEM
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db
PATH = "push-devices/"


def published(name: str) -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name=f"notifications.{name}").order_by("position")
    return list(rows.values_list("payload", flat=True))


def test_a_browser_registers_once(api: Any, inside: World, push: str, bob_member: Member) -> None:
    bob, given = api(inside.bob), {"kind": "web", "subscription": subscription(expirationTime=None)}
    agent = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux) Gecko Firefox/140.0"}
    first = bob.post(PATH, given, **agent)
    assert first.status_code == 201, first.json()
    again = bob.post(PATH, {**given, "label": "At home"}, **agent)
    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]
    (device,) = PushDevice.objects.all()
    assert (device.member_id, device.kind, device.label) == (bob_member.id, "web", "At home")
    assert bob.get(PATH).json()["results"] == [again.json()]
    assert first.json()["label"] == "Firefox on Linux"
    endpoint = given["subscription"]["endpoint"]
    assert endpoint.encode() not in bytes(device.address_encrypted)
    assert endpoint.encode() in decrypt(bytes(device.address_encrypted))
    (event,) = published("push_device_added")
    assert event == {
        "device_id": str(device.id),
        "member_id": str(bob_member.id),
        "kind": "web",
        "label": "Firefox on Linux",
    }


@pytest.mark.parametrize(("service", "kind"), [(Service.FCM, "android"), (Service.APNS, "ios")])
def test_an_app_registers(api: Any, inside: World, push: str, service: Service, kind: str) -> None:
    token = state.receiver_add(service).id
    made = api(inside.bob).post(PATH, {"kind": kind, "token": token, "label": "Pixel"})
    assert (made.status_code, made.json()["kind"], made.json()["label"]) == (201, kind, "Pixel")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.com/a",
        "https://localhost/a",
        "https://127.0.0.1/a",
        "https://169.254.169.254/latest/",
        "https://[::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://10.1.2.3/a",
        "https://push.example.com:6379/a",
        "https://user@push.example.com/a",
        "https://push.example.com\\@127.0.0.1/a",
        "ftp://push.example.com/a",
        "nonsense",
    ],
)
def test_addresses_that_no_push_service_has(
    api: Any, inside: World, push: str, endpoint: str
) -> None:
    given = {"kind": "web", "subscription": subscription(endpoint=endpoint)}
    refused = api(inside.bob).post(PATH, given)
    if endpoint == "https://localhost/a":
        # A name: where it leads is seen when it is asked (test_push_sending.py).
        assert refused.status_code == 201
        return
    assert refused.status_code == 400, endpoint
    assert refused.json()["errors"][0]["attr"] == "subscription"
    assert PushDevice.objects.count() == 0


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": "AAAA", "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
        {"p256dh": "B" + "A" * 86, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
        {"p256dh": "!", "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
        {"auth": "AAAA"},
        {"auth": "ä"},
    ],
)
def test_keys_that_nothing_can_be_encrypted_for(
    api: Any, inside: World, push: str, keys: dict[str, str]
) -> None:
    good = subscription()
    given = {"kind": "web", "subscription": {**good, "keys": {**good["keys"], **keys}}}
    refused = api(inside.bob).post(PATH, given)
    assert (refused.status_code, PushDevice.objects.count()) == (400, 0)


@pytest.mark.parametrize(
    ("given", "attr"),
    [
        ({"kind": "web"}, "subscription"),
        ({"kind": "ios"}, "token"),
        ({"kind": "ios", "token": "../x"}, "token"),
        ({"kind": "android", "token": ""}, "token"),
        ({"kind": "watch", "token": "x"}, "kind"),
        ({}, "kind"),
    ],
)
def test_bad_input(api: Any, inside: World, push: str, given: dict[str, Any], attr: str) -> None:
    refused = api(inside.bob).post(PATH, given)
    assert refused.status_code == 400
    assert attr in {one["attr"] for one in refused.json()["errors"]}


def test_what_is_not_configured_is_not_offered(api: Any, inside: World) -> None:
    refused = api(inside.bob).post(PATH, {"kind": "ios", "token": "ab" * 32})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "not_offered"


def test_a_device_is_whose_it_was_last(
    inside: World, push: str, alice_member: Member, bob_member: Member
) -> None:
    receiver = state.receiver_add(Service.FCM)
    kwargs: Any = {"kind": "android", "address": {"token": receiver.id}, "label": "Tablet"}
    alice, bob = actor_for(inside.alice), actor_for(inside.bob)
    first, _new = push_device_register(actor=alice, sign_in_id=None, **kwargs)
    second, is_new = push_device_register(actor=bob, sign_in_id=None, **kwargs)
    assert (first.id, is_new) == (second.id, True)
    assert PushDevice.objects.get().member_id == bob_member.id
    assert len(published("push_device_added")) == 2
    (removed,) = published("push_device_removed")
    assert (removed["member_id"], removed["reason"]) == (str(alice_member.id), "other_member")


def test_the_newest_are_kept(inside: World, register: Register) -> None:
    bob = actor_for(inside.bob)
    made = [register(bob, Service.FCM, label=f"{n}")[0] for n in range(MAX_DEVICES)]
    PushDevice.objects.filter(id=made[7].id).update(last_seen_at=long_ago())
    register(bob, Service.FCM, label="one more")
    left = set(PushDevice.objects.values_list("label", flat=True))
    assert len(left) == MAX_DEVICES
    assert "7" not in left
    (removed,) = published("push_device_removed")
    assert (removed["label"], removed["reason"]) == ("7", "too_many")


def test_removing_it(api: Any, inside: World, register: Register) -> None:
    device, _receiver = register(actor_for(inside.bob), label="Laptop")
    other = register(actor_for(inside.alice))[0]
    bob = api(inside.bob)
    missing = bob.delete(f"{PATH}{MISSING}/")
    same_problem(bob.delete(f"{PATH}{other.id}/"), missing)
    assert PushDevice.objects.count() == 2
    assert bob.delete(f"{PATH}{device.id}/").status_code == 204
    assert list(PushDevice.objects.all()) == [other]
    (removed,) = published("push_device_removed")
    assert (removed["label"], removed["reason"]) == ("Laptop", "by_member")
    assert "endpoint" not in removed


def test_another_workspaces_device(api: Any, inside: World, register: Register) -> None:
    device = register(actor_for(inside.bob))[0]
    with tenant_context(inside.globex):
        charlie = api(inside.charlie, inside.globex)
        missing = charlie.delete(f"{PATH}{MISSING}/")
        same_problem(charlie.delete(f"{PATH}{device.id}/"), missing)
        same_problem(charlie.post(f"{PATH}{device.id}/seen/"), missing)
        assert charlie.get(PATH).json()["results"] == []
    assert PushDevice.objects.get() == device


def test_seeing_it(api: Any, inside: World, register: Register) -> None:
    device = register(actor_for(inside.bob))[0]
    PushDevice.objects.update(last_seen_at=long_ago())
    assert api(inside.alice).post(f"{PATH}{device.id}/seen/").status_code == 404
    assert PushDevice.objects.get().last_seen_at == long_ago()
    seen = api(inside.bob).post(f"{PATH}{device.id}/seen/")
    assert seen.status_code == 200
    assert PushDevice.objects.get().last_seen_at > device.last_seen_at


def test_programs_and_support_have_no_devices(api: Any, inside: World, push: str) -> None:
    key = make_key(actor_for(inside.alice))
    program = api(None, Authorization=f"Bearer {key.text}")
    for refused in (program.get(PATH), program.post(PATH, {"kind": "web"})):
        assert (refused.status_code, refused.json()["code"]) == (403, "person_required")
    acting = Proof(impersonator=Impersonator(inside.staff.id, inside.staff.email))
    with pytest.raises(ImpersonationRefused):
        push_device_register(
            actor=actor_for(inside.bob, acting),
            kind="android",  # type: ignore[arg-type]
            address={"token": "x"},
            label="",
            sign_in_id=None,
        )


def test_the_list_takes_one_statement(api: Any, inside: World, register: Register) -> None:
    bob = actor_for(inside.bob)
    for _ in range(3):
        register(bob)
    client = api(inside.bob)
    client.get(PATH)
    with statements(at_most=3):
        assert len(client.get(PATH).json()["results"]) == 3


def test_who_leaves_has_none(inside: World, register: Register, bob_member: Member) -> None:
    register(actor_for(inside.bob))
    kept = register(actor_for(inside.alice))[0]
    with transaction.atomic():
        member_update_status(
            actor=actor_for(inside.alice), member_id=bob_member.id, status=MemberStatus.REMOVED
        )
    drain_once()
    assert list(PushDevice.objects.all()) == [kept]
    (removed,) = published("push_device_removed")
    assert (removed["member_id"], removed["reason"]) == (str(bob_member.id), "left")


def test_what_is_not_seen_for_long_goes(inside: World, register: Register) -> None:
    bob = actor_for(inside.bob)
    old, kept = register(bob)[0], register(bob)[0]
    PushDevice.objects.filter(id=old.id).update(last_seen_at=long_ago())
    upkeep.prune()
    assert list(push_devices_for(bob)) == [kept]
    assert published("push_device_removed")[0]["reason"] == "unseen"
    assert push_devices_forget_unseen() == 0


def test_nobody_else_is_asked(inside: World) -> None:
    assert list(push_devices_for(Actor.system("tests"))) == []
    assert SYSTEM.member_id is None
