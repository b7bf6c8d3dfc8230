"""From a message to what devices get, over real HTTP."""

import uuid
from typing import Any

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from apps.accounts.models import BrowserSession
from apps.accounts.session_end import sign_ins_end_all
from apps.common.breakers import Breaker
from apps.common.notifying import Channel, Urgency
from apps.common.outbound import NOT_PUBLIC
from apps.events.models import OutboxEvent
from apps.messaging.errors import CannotTell, Refused, Unavailable
from apps.notifications.channels import channel_of
from apps.notifications.channels.push import PushChannel
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.models import Delivery, PushDevice
from apps.notifications.push import Note, Result, web
from apps.notifications.push.services import ask, push_services
from apps.notifications.sending import send_due
from apps.organizations.actors import actor_for
from apps.organizations.models import Member
from apps.sandbox.push import state
from apps.sandbox.push.pages import registration
from apps.sandbox.push.state import Mode, Service
from tests.conftest import World
from tests.notifications.pushing import Register, message_to, subscription, taken
from tests.notifications.support import SYSTEM, limit_neared
from tests.notifications.test_handing_out import note
from tests.zone import Zone

pytestmark = pytest.mark.django_db
NOTE = Note("0" * 32, "Hello", "Bob", "http://acme.localhost/", Urgency.URGENT)


def test_each_kind_of_device_gets_it(inside: World, register: Register, bob_member: Member) -> None:
    bob = actor_for(inside.bob)
    made = {service: register(bob, service)[1] for service in Service}
    message = message_to(bob_member, title="Grüße 👋", body="A" * 600)
    sent = PushChannel().send(message)
    assert sent.provider in {"webpush", "fcm", "apns"}
    for service, receiver in made.items():
        (got,) = taken(receiver)
        assert (got.service, got.title, got.topic) == (service, "Grüße 👋", message.id.hex)
        assert got.body == "A" * 499 + "…"
        assert got.url == message.tenant.url("/plan/")
        assert abs(got.ttl_s - 259_200) < 5
    assert state.topics() == {message.id.hex: 3}


def test_only_the_browser_can_read_it(
    inside: World, register: Register, bob_member: Member
) -> None:
    """RFC 8291, opened with the keys of the browser alone, by the package and not by the sandbox."""
    receiver = register(actor_for(inside.bob))[1]
    PushChannel().send(message_to(bob_member, title="A secret"))
    body = state.from_b64(taken(receiver)[0].raw)
    assert b"secret" not in body
    plain = http_ece.decrypt(
        body,
        private_key=receiver.key(),
        auth_secret=state.from_b64(receiver.auth),
        version="aes128gcm",
    )
    assert b'"title": "A secret"' in plain
    with pytest.raises(http_ece.ECEException):
        http_ece.decrypt(
            body,
            private_key=ec.generate_private_key(ec.SECP256R1()),
            auth_secret=state.from_b64(receiver.auth),
            version="aes128gcm",
        )


def test_the_vector_of_rfc_8291() -> None:
    """Appendix A: what is encrypted elsewhere is read with these keys, so ours is with the same."""
    number = int.from_bytes(state.from_b64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    body = state.from_b64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    receiver = ec.derive_private_key(number, ec.SECP256R1())
    secret = state.from_b64("BTBZMqHH6r4Tts7J_aSIgg")

    def read(sent: bytes) -> bytes:
        return bytes(
            http_ece.decrypt(sent, private_key=receiver, auth_secret=secret, version="aes128gcm")
        )

    assert read(body) == b"When I grow up, I want to be a watermelon"
    address = {
        "endpoint": "https://push.example.net/",
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
        "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    }
    assert read(web.encrypted(address, b"As do I")) == b"As do I"


def test_again_it_has_the_same_topic(inside: World, register: Register, bob_member: Member) -> None:
    """A worker that died after sending: the device shows the second in place of the first."""
    receiver = register(actor_for(inside.bob))[1]
    message = message_to(bob_member)
    with pytest.raises(CannotTell):
        PushChannel().find(message)
    for _ in range(2):
        PushChannel().send(message)
    assert [one.topic for one in taken(receiver)] == [message.id.hex] * 2


@pytest.mark.parametrize("service", Service)
def test_what_is_gone_is_forgotten(
    inside: World, register: Register, bob_member: Member, service: Service
) -> None:
    bob = actor_for(inside.bob)
    gone, kept = register(bob, service)[1], register(bob, Service.WEB)[1]
    state.receiver_remove(gone.id)
    sent = PushChannel().send(message_to(bob_member))
    assert sent.provider == "webpush"
    assert len(taken(kept)) == 1
    assert PushDevice.objects.count() == 1
    rows = OutboxEvent.objects.filter(name="notifications.push_device_removed")
    assert [one.payload["reason"] for one in rows] == ["gone"]
    state.switch_set(Service.WEB, Mode.GONE)
    with pytest.raises(Refused, match="webpush: 410"):
        PushChannel().send(message_to(bob_member))
    assert PushDevice.objects.count() == 0
    with pytest.raises(Refused, match="at no device"):
        PushChannel().send(message_to(bob_member))


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize("mode", [Mode.DOWN, Mode.THROTTLE, Mode.LOST])
def test_a_service_in_trouble(
    inside: World,
    register: Register,
    bob_member: Member,
    service: Service,
    mode: Mode,
) -> None:
    receiver = register(actor_for(inside.bob), service)[1]
    state.switch_set(service, mode, times=1)
    with pytest.raises(Unavailable) as found:
        PushChannel().send(message_to(bob_member))
    assert found.value.retry_after_s == (2 if mode is Mode.THROTTLE else 30)
    assert PushDevice.objects.count() == 1
    PushChannel().send(message_to(bob_member))
    assert len(taken(receiver)) == (2 if mode is Mode.LOST else 1)


def test_one_that_took_it_is_enough(inside: World, register: Register, bob_member: Member) -> None:
    bob = actor_for(inside.bob)
    register(bob, Service.FCM)
    receiver = register(bob, Service.WEB)[1]
    state.switch_set(Service.FCM, Mode.DOWN)
    assert PushChannel().send(message_to(bob_member)).provider == "webpush"
    assert len(taken(receiver)) == 1


def test_who_is_away_is_not_asked_again_and_again(
    inside: World, register: Register, bob_member: Member
) -> None:
    register(actor_for(inside.bob), Service.FCM)
    state.switch_set(Service.FCM, Mode.DOWN, times=5)
    for _ in range(5):
        with pytest.raises(Unavailable):
            PushChannel().send(message_to(bob_member))
    # It would take messages again, and is not asked.
    with pytest.raises(Unavailable, match="failed too often"):
        PushChannel().send(message_to(bob_member))
    assert Breaker("push.fcm").status().state == "open"


def test_a_busy_device_closes_nobody_elses_way(
    inside: World, register: Register, bob_member: Member
) -> None:
    """Too many for one browser say nothing about its service."""
    register(actor_for(inside.bob))
    state.switch_set(Service.WEB, Mode.THROTTLE, times=10)
    for _ in range(10):
        with pytest.raises(Unavailable, match="429"):
            PushChannel().send(message_to(bob_member))
    PushChannel().send(message_to(bob_member))


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "fd00::1"])
def test_a_name_that_leads_inside(push: str, settings: Any, zone: Zone, address: str) -> None:
    """Nothing is connected to, and the device is none."""
    settings.OUTBOUND_RESOLVERS = settings.DNS_RESOLVERS
    zone.addresses["push.example.com"] = [["8.8.8.8", address]]
    given = {**subscription()["keys"], "endpoint": "https://push.example.com/a"}
    answer = ask(web.WebPush(), given, NOTE)
    assert (answer.result, answer.detail) == (Result.GONE, NOT_PUBLIC)


def test_a_name_that_nobody_has(push: str, settings: Any, zone: Zone) -> None:
    settings.OUTBOUND_RESOLVERS = settings.DNS_RESOLVERS
    given = {**subscription()["keys"], "endpoint": "https://localhost/a"}
    assert ask(web.WebPush(), given, NOTE).result is Result.AWAY
    assert Breaker("push.web.localhost").status().failed == 1


def test_the_vapid_token_is_for_that_service(push: str) -> None:
    head = web.authorization("https://push.example.com:8443/a/b?c")["Authorization"]
    token = head.removeprefix("vapid t=").partition(",")[0]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == "https://push.example.com:8443"
    assert claims["sub"] == "mailto:support@localhost"
    assert head.endswith(web.public_key())


def test_another_key_is_refused_and_the_device_stays(
    inside: World, register: Register, bob_member: Member, settings: Any
) -> None:
    register(actor_for(inside.bob))
    settings.WEB_PUSH_PRIVATE_KEY = web.private_key_new()
    receiver = state.receiver_add(Service.WEB, server_key=web.public_key())
    settings.WEB_PUSH_PRIVATE_KEY = web.private_key_new()
    given = registration(receiver)["subscription"]
    answer = ask(web.WebPush(), {"endpoint": given["endpoint"], **given["keys"]}, NOTE)
    assert (answer.result, answer.detail[:3]) == (Result.REFUSED, "403")
    assert PushDevice.objects.count() == 1


def test_nothing_is_sent_where_the_member_is_not_signed_in(
    inside: World, register: Register, bob_member: Member
) -> None:
    session = BrowserSession.objects.create(
        person=inside.bob,
        tenant=inside.acme,
        host="acme.localhost",
        key_hash="x" * 64,
        expires_at="2100-01-01T00:00Z",
    )
    reader = [message_to(bob_member).reader]
    receiver = register(actor_for(inside.bob), sign_in_id=session.id)[1]
    assert PushChannel().reachable(reader) == {bob_member.id}  # type: ignore[arg-type]
    PushChannel().send(message_to(bob_member))
    sign_ins_end_all(actor=SYSTEM, person_id=inside.bob.id, note="A test")
    assert PushChannel().reachable(reader) == set()  # type: ignore[arg-type]
    with pytest.raises(Refused, match="signed in at no device"):
        PushChannel().send(message_to(bob_member))
    assert len(taken(receiver)) == 1
    BrowserSession.objects.all().delete()
    assert PushChannel().reachable(reader) == set()  # type: ignore[arg-type]


def test_an_apps_sign_in_ends_it_too(
    bearer: Any, inside: World, push: str, bob_member: Member
) -> None:
    receiver = state.receiver_add(Service.FCM)
    app = bearer(inside.bob)
    assert app.post("push-devices/", {"kind": "android", "token": receiver.id}).status_code == 201
    device = PushDevice.objects.get()
    assert device.sign_in_id is not None
    PushChannel().send(message_to(bob_member))
    sign_ins_end_all(actor=SYSTEM, person_id=inside.bob.id, note="A test")
    with pytest.raises(Refused):
        PushChannel().send(message_to(bob_member))
    again = bearer(inside.bob)
    assert again.post(f"push-devices/{device.id}/seen/").status_code == 200
    PushChannel().send(message_to(bob_member))
    assert len(taken(receiver)) == 2


def test_nothing_is_sent_inside_a_transaction(
    inside: World, register: Register, bob_member: Member
) -> None:
    register(actor_for(inside.bob))
    with transaction.atomic(), pytest.raises(RuntimeError):
        PushChannel().send(message_to(bob_member))


def test_without_keys_nobody_is_reached(inside: World, bob_member: Member) -> None:
    assert push_services() == {}
    assert PushChannel().reachable([message_to(bob_member).reader]) == set()  # type: ignore[list-item]
    assert isinstance(channel_of(Channel.PUSH), PushChannel)


@pytest.mark.django_db(transaction=True)
def test_a_delivery(inside: World, register: Register, alice_member: Member) -> None:
    receiver = register(actor_for(inside.alice))[1]
    notification = note(inside, "billing.limit_neared", limit_neared(inside.acme))
    assert notification is not None
    delivery = Delivery.objects.create(
        notification=notification,
        member=alice_member,
        channel="push",
        reason=Reason.CHOSEN,
        due_at=notification.created_at,
    )
    send_due(ChannelName.PUSH, at_most=5)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.provider) == (DeliveryState.SENT, "webpush")
    (got,) = taken(receiver)
    assert "8 of 10 are used" in got.title
    assert uuid.UUID(got.topic) == delivery.id
