"""Refusing mails by the link in one, as RFC 8058 has it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.notifications import sending
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.models import Delivery, Preference
from apps.notifications.unsubscribing import Link, unsubscribe_url
from apps.organizations.models import Member
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_readdress
from tests.conftest import SYSTEM, World
from tests.notifications.choosing import CATEGORY, CODE, prefer, timed
from tests.notifications.test_digests import make_due, tell_of

pytestmark = pytest.mark.django_db
S = DeliveryState
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
Browser = Callable[..., Client]


def path_of(tenant: Tenant, member: Member, category: str = CATEGORY) -> str:
    url = unsubscribe_url(tenant, Link(member.id, category))
    return "/" + url.split("/", 3)[3]


def stranger(tenant: Tenant) -> Client:
    """Without a session; it enforces CSRF, as browsers meet it."""
    return Client(enforce_csrf_checks=True, HTTP_HOST=f"{tenant.slug}.localhost:8000")


def refused() -> set[tuple[str, str, bool]]:
    rows = Preference.objects.filter(is_on=False)
    return set(rows.values_list("subject", "channel", "is_unsubscribed"))


def told() -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name="notifications.unsubscribed").order_by("id")
    return [one.payload for one in rows]


def test_one_click(inside: World, alice_member: Member) -> None:
    tell_of()
    path = path_of(inside.acme, alice_member)
    answer = stranger(inside.acme).post(path, ONE_CLICK)
    assert (answer.status_code, answer["Cache-Control"]) == (
        200,
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    assert refused() == {(CATEGORY, "email", True)}
    found = Delivery.objects.get(channel="email", member=alice_member)
    assert (found.state, found.reason) == (S.SKIPPED, Reason.UNSUBSCRIBED)
    event = OutboxEvent.objects.get(name="notifications.unsubscribed")
    assert event.actor_label == "alice@acme.test"
    assert event.payload == {
        "member_id": str(alice_member.id),
        "categories": CATEGORY,
        "means": "one_click",
    }
    # Again, as mail providers do.
    assert stranger(inside.acme).post(path, ONE_CLICK).status_code == 200
    assert len(told()) == 1


def test_who_follows_the_link_is_asked(inside: World, alice_member: Member) -> None:
    path = path_of(inside.acme, alice_member)
    page = stranger(inside.acme).get(path)
    assert page.status_code == 200
    assert "No more mails about plan and payment?" in page.content.decode()
    assert refused() == set()
    done = stranger(inside.acme).post(path)
    assert "You are unsubscribed" in done.content.decode()
    assert refused() == {(CATEGORY, "email", True)}
    assert told()[0]["means"] == "link"


def test_from_all(inside: World, alice_member: Member) -> None:
    stranger(inside.acme).post(path_of(inside.acme, alice_member), {"all": "1"})
    categories = {"people", "access", "plan", "credits", "setup", "workspace"}
    assert refused() == {(one, "email", True) for one in categories}
    assert told()[0]["categories"] == "people,access,plan,credits,setup,workspace"


def test_of_a_digest_from_all(inside: World, alice_member: Member, mailoutbox: list[Any]) -> None:
    timed(alice_member, digest="daily")
    tell_of()
    tell_of(used=9)
    make_due()
    sending.send_due(ChannelName.EMAIL, at_most=5)
    (mail,) = mailoutbox
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = mail.extra_headers["List-Unsubscribe"]
    assert url.startswith("<http://acme.localhost")
    assert url[1:-1] in mail.body
    assert url[1:-1] in mail.alternatives[0][0]
    stranger(inside.acme).post("/" + url[1:-1].split("/", 3)[3], ONE_CLICK)
    assert len(refused()) == 6


def test_every_mail_says_how(inside: World, alice_member: Member, mailoutbox: list[Any]) -> None:
    tell_of()
    sending.send_due(ChannelName.EMAIL, at_most=5)
    (mail,) = mailoutbox
    path = path_of(inside.acme, alice_member)
    assert mail.extra_headers["List-Unsubscribe"].endswith(f"{path}>")
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert path in mail.body
    assert "/notifications/preferences/" in mail.body


def test_what_was_chosen_for_a_type_gives_way(inside: World, alice_member: Member) -> None:
    prefer(alice_member, CODE, True)
    stranger(inside.acme).post(path_of(inside.acme, alice_member), ONE_CLICK)
    assert Preference.objects.filter(is_on=True).count() == 0


@pytest.mark.parametrize("end", ["x", "", "/../"])
def test_a_forged_link(inside: World, alice_member: Member, end: str) -> None:
    path = path_of(inside.acme, alice_member)
    forged = path[:-2] + end + "/"
    assert stranger(inside.acme).post(forged, ONE_CLICK).status_code == 404
    assert refused() == set()


@pytest.mark.parametrize(
    "value", [["a", "b"], "text", ["x" * 32, "y" * 32, "plan"], [1, 2, 3], None, {}]
)
def test_a_signature_of_something_else(inside: World, alice_member: Member, value: Any) -> None:
    token = signing.Signer(salt="notifications.unsubscribe").sign_object(value)
    path = f"/notifications/unsubscribe/{token}/"
    assert stranger(inside.acme).get(path).status_code == 404
    other = signing.dumps([inside.acme.id.hex, alice_member.id.hex, "plan"], salt="other")
    path = f"/notifications/unsubscribe/{other}/"
    assert stranger(inside.acme).post(path).status_code == 404
    assert refused() == set()


def test_a_link_of_another_workspace(inside: World, alice_member: Member) -> None:
    path = path_of(inside.acme, alice_member)
    assert stranger(inside.globex).post(path, ONE_CLICK).status_code == 404
    assert refused() == set()
    with tenant_context(inside.globex):
        assert Preference.objects.count() == 0


def test_a_suspended_workspace_takes_it(inside: World, alice_member: Member) -> None:
    Tenant.objects.filter(id=inside.acme.id).update(status=TenantStatus.SUSPENDED)
    assert stranger(inside.acme).get("/notifications/preferences/").status_code == 403
    path = path_of(inside.acme, alice_member)
    assert stranger(inside.acme).post(path, ONE_CLICK).status_code == 200
    assert refused() == {(CATEGORY, "email", True)}


def test_who_left_has_nothing_to_refuse(inside: World, bob_member: Member) -> None:
    path = path_of(inside.acme, bob_member)
    bob_member.delete()
    assert stranger(inside.acme).post(path, ONE_CLICK).status_code == 200
    assert told() == []


def test_who_is_deactivated_may_all_the_same(inside: World, bob_member: Member) -> None:
    Member.objects.filter(id=bob_member.id).update(status="deactivated")
    path = path_of(inside.acme, bob_member)
    assert stranger(inside.acme).post(path, ONE_CLICK).status_code == 200
    assert refused() == {(CATEGORY, "email", True)}


def test_the_link_is_in_no_log(inside: World, alice_member: Member) -> None:
    path = path_of(inside.acme, alice_member)
    answer = stranger(inside.acme).get(path)
    assert answer.wsgi_request.log_path == "/notifications/unsubscribe/"


def test_an_old_address_takes_it_too(inside: World, alice_member: Member) -> None:
    """Mail providers do not follow redirects."""
    path = path_of(inside.acme, alice_member)
    tenant_readdress(actor=SYSTEM, tenant_id=inside.acme.id, slug="acme-new")
    assert stranger(inside.acme).get("/notifications/").status_code == 308
    assert stranger(inside.acme).post(path, ONE_CLICK).status_code == 200
    assert refused() == {(CATEGORY, "email", True)}
