"""Who has a key gets in, to what it allows and as long as it is good; nobody else does."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.services import (
    binding_create,
    member_update_status,
    organization_create,
    organization_move,
)
from apps.roles.api_key_text import DIGITS, api_key_text_make
from apps.roles.models import ApiKey, Role
from apps.roles.services import api_key_revoke, api_key_rotate, api_key_update
from apps.tenants.models import Tenant
from tests.api.client import statements
from tests.roles.support import HERE, answer, by_key, make_key

pytestmark = pytest.mark.django_db
INVALID = (401, "api_key_invalid")
GOOD = (200, "")


def test_the_key_alone_chooses_the_workspace(owner: Actor, acme: Tenant) -> None:
    text = make_key(owner).text
    for client in (by_key(text), by_key(text, acme), by_key(text, **{"X-Tenant": "acme"})):
        listed = client.get("members/")
        assert listed.status_code == 200
        found = {row["email"] for row in listed.json()["results"]}
        assert found == {"alice@acme.test", "bob@acme.test"}


def test_it_may_what_it_was_given_and_history_names_it(owner: Actor, root: Organization) -> None:
    new = {"name": "New", "parent": str(root.id)}
    refused = by_key(make_key(owner).text).post("organizations/", new)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert "organizations.create_organization" in refused.json()["detail"]
    assert Organization.objects.count() == 1
    codes = ["organizations.view_organization", "organizations.create_organization"]
    made = by_key(make_key(owner, "Writer", codes).text).post("organizations/", new)
    assert made.status_code == 201, made.content
    event = OutboxEvent.objects.get(name="organizations.organization_changed")
    assert (event.actor_kind, event.actor_label) == ("api_key", "key:Writer")
    assert event.actor_person_id is None


def test_it_takes_one_statement(owner: Actor, acme: Tenant) -> None:
    """Besides the tenant's, by host or by key, and the list's three."""
    text = make_key(owner).text
    for client in (by_key(text), by_key(text, acme)):
        client.get("members/")
        with statements(5):
            assert client.get("members/").status_code == 200


def test_what_is_none_of_ours_takes_no_statement(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The audit log has some of them; tests/audit says how many.
    monkeypatch.setattr("apps.audit.middleware.refusal_record", lambda _refusal: False)
    good = api_key_text_make(acme.id)
    wrong = DIGITS[(DIGITS.index(good[30]) + 1) % 62]
    with statements(0):
        assert answer(by_key(good[:30] + wrong + good[31:])) == INVALID
        assert answer(by_key("sk_test")) == INVALID
    with statements(1):
        assert answer(by_key("sk_test", acme)) == INVALID


MALFORMED = (
    "", "sk", "sk_", "sk__", "SK_", "Sk_x", "sk-", "sk_ ", "sk_.", "sk_é", "sk_€", "sk_😀",
    "sk_null", "sk_undefined", "sk_None", "sk_live_" + "0" * 24, "sk_test_" + "a" * 24, "sk_" + "0" * 54,
    "sk_" + "0" * 55, "sk_" + "0" * 56, "sk_" + "z" * 55, "sk_" + "-" * 55, "sk_" + "%00" * 18 + "a",
    "sk_" + "0" * 5000, "sk_a.b.c", "eyJhbGciOiJub25lIn0.e30.", "sk_' OR 1=1 --", "sk_{{7*7}}",
    "sk_../../etc/passwd", "sk_<script>", "sk_\t", "sk_" + "0" * 27 + " " + "0" * 27, "sk_,sk_",
    "sk_" + "٣" * 55, "sk_" + "０" * 55, "=sk_", "\"sk_\"", "sk_" + "A" * 49, "pk_" + "0" * 55,
    "sk_" + "=" * 55, "Bearer sk_" + "0" * 55,
)  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_ones_are_refused(text: str, acme: Tenant) -> None:
    """By the one authenticator or the other, and never as a mistake of ours."""
    assert len(MALFORMED) >= 40
    for client in (by_key(text), by_key(text, acme)):
        response = client.get("members/")
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith('Bearer realm="api"')


def test_one_that_was_never_made(acme: Tenant) -> None:
    text = api_key_text_make(acme.id)
    for client in (by_key(text), by_key(text, acme)):
        assert answer(client) == INVALID


def test_revocation_holds_from_the_next_request(owner: Actor) -> None:
    made = make_key(owner)
    client = by_key(made.text)
    assert answer(client) == GOOD
    api_key_revoke(actor=owner, api_key_id=made.key.id)
    assert answer(client) == (401, "api_key_revoked")


def test_expiry(owner: Actor) -> None:
    made = make_key(owner, expires_in_days=1)
    client = by_key(made.text)
    assert answer(client) == GOOD
    ApiKey.objects.update(expires_at=timezone.now())
    assert answer(client) == (401, "api_key_expired")
    ApiKey.objects.update(expires_at=None)
    assert answer(client) == GOOD


def test_a_change_of_permissions_holds_from_the_next_request(owner: Actor) -> None:
    made = make_key(owner)
    client = by_key(made.text)
    assert answer(client) == GOOD
    api_key_update(
        actor=owner, api_key_id=made.key.id, permission_codes=["organizations.view_organization"]
    )
    assert answer(client) == (403, "permission_denied")
    assert answer(client, path="organizations/") == GOOD


@pytest.mark.parametrize("code", ["roles.bind_role", "no.such_permission"])
def test_what_keys_may_not_have_allows_nothing(owner: Actor, code: str) -> None:
    """Should a row say so all the same, as after a release that declares less."""
    text = make_key(owner).text
    ApiKey.objects.update(permissions=[code])
    assert answer(by_key(text)) == (403, "permission_denied")
    assert answer(by_key(text), "POST", "role-bindings/", {}) == (403, "permission_denied")


def test_both_are_good_while_it_is_rotated_and_then_one(owner: Actor) -> None:
    first = make_key(owner)
    second = api_key_rotate(actor=owner, api_key_id=first.key.id, overlap_s=3600)
    assert second.text != first.text
    old, new = by_key(first.text), by_key(second.text)
    assert (answer(old), answer(new)) == (GOOD, GOOD)
    ApiKey.objects.update(previous_until=timezone.now())
    assert (answer(old), answer(new)) == ((401, "api_key_replaced"), GOOD)
    third = api_key_rotate(actor=owner, api_key_id=first.key.id, overlap_s=3600)
    assert answer(old) == INVALID
    assert (answer(new), answer(by_key(third.text))) == (GOOD, GOOD)
    api_key_revoke(actor=owner, api_key_id=first.key.id)
    for client in (new, by_key(third.text)):
        assert answer(client) == (401, "api_key_revoked")


def test_rotating_does_not_prolong_the_key_of_before(owner: Actor) -> None:
    made = make_key(owner, expires_in_days=1)
    soon = timezone.now() + timedelta(minutes=5)
    ApiKey.objects.update(expires_at=soon)
    rotated = api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=7 * 24 * 3600)
    assert rotated.key.previous_until == soon
    assert rotated.key.expires_at is not None
    assert rotated.key.expires_at > timezone.now() + timedelta(days=89)


def test_an_expired_key_that_is_rotated_stays_refused(owner: Actor) -> None:
    made = make_key(owner)
    ApiKey.objects.update(expires_at=timezone.now())
    rotated = api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=3600)
    assert rotated.key.previous_until is None
    assert answer(by_key(made.text)) == INVALID
    assert answer(by_key(rotated.text)) == GOOD


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ([HERE], GOOD),
        (["127.0.0.0/8"], GOOD),
        (["10.0.0.0/8", "127.0.0.0/30"], GOOD),
        (["0.0.0.0/0"], GOOD),
        (["10.0.0.0/8"], (403, "api_key_network_denied")),
        (["127.0.0.2", "::1"], (403, "api_key_network_denied")),
    ],
)
def test_networks(owner: Actor, networks: list[str], expected: Any) -> None:
    made = make_key(owner, networks=networks)
    assert answer(by_key(made.text)) == expected
    made.key.refresh_from_db()
    assert (made.key.last_used_at is not None) is (expected == GOOD)


@pytest.mark.parametrize("address", ["::ffff:10.1.2.3", "10.1.2.3"])
def test_an_address_of_ipv4_is_one_however_it_is_written(owner: Actor, address: str) -> None:
    client = by_key(make_key(owner, networks=["10.0.0.0/8"]).text)
    client.client.defaults["REMOTE_ADDR"] = address
    assert answer(client) == GOOD
    client.client.defaults["REMOTE_ADDR"] = "2001:db8::1"
    assert answer(client) == (403, "api_key_network_denied")


def test_headers_do_not_change_where_it_is_used_from(owner: Actor) -> None:
    text = make_key(owner, networks=["10.0.0.0/8"]).text
    for headers in ({"X-Forwarded-For": "10.1.2.3"}, {"X-Real-IP": "10.1.2.3"}):
        assert answer(by_key(text, **headers)) == (403, "api_key_network_denied")


def test_at_an_organization_it_is_good_there_and_below(owner: Actor, root: Organization) -> None:
    north = organization_create(actor=owner, name="North", parent_id=root.id)
    oslo = organization_create(actor=owner, name="Oslo", parent_id=north.id)
    south = organization_create(actor=owner, name="South", parent_id=root.id)
    codes = ["organizations.view_organization", "organizations.update_organization"]
    client = by_key(make_key(owner, "North", codes, organization_id=north.id).text)
    listed = client.get("organizations/").json()["results"]
    assert [row["name"] for row in listed] == ["North", "Oslo"]
    assert client.patch(f"organizations/{oslo.id}/", {"name": "Oslo 2"}).status_code == 200
    for other in (south, root):
        assert client.patch(f"organizations/{other.id}/", {"name": "Mine"}).status_code == 404
    organization_move(actor=owner, organization_id=oslo.id, parent_id=south.id)
    assert [row["name"] for row in client.get("organizations/").json()["results"]] == ["North"]
    assert client.patch(f"organizations/{oslo.id}/", {"name": "Oslo 3"}).status_code == 404
    organization_move(actor=owner, organization_id=north.id, parent_id=south.id)
    assert client.get(f"organizations/{north.id}/").status_code == 200
    assert not Organization.objects.filter(name__in=["Mine", "Oslo 3"]).exists()


def test_without_its_organization_it_is_good_nowhere(owner: Actor) -> None:
    made = make_key(owner)
    ApiKey.objects.update(organization_id="0197c2a4-0000-7000-8000-000000000000")
    assert answer(by_key(made.text)) == (403, "permission_denied")


def test_it_outlives_its_creator(owner: Actor, root: Organization, member: Actor) -> None:
    """It belongs to the workspace. Who made it had it all, then."""
    bob = Member.objects.get(id=member.member_id)
    admin = Role.objects.get(code="admin")
    binding_create(actor=owner, member_id=bob.id, role_id=admin.id, organization_id=root.id)
    made = make_key(actor_for(Person.objects.get(id=bob.person_id)))
    member_update_status(actor=owner, member_id=bob.id, status="removed")
    assert answer(by_key(made.text)) == GOOD


def test_too_many_wrong_keys_from_one_address_have_to_wait(
    owner: Actor, acme: Tenant, settings: Any
) -> None:
    settings.API_REQUESTS_PER_15_MINUTES_BY_ADDRESS = 6
    good = by_key(make_key(owner).text)
    bad = by_key(api_key_text_make(acme.id))
    for _ in range(6):
        assert answer(bad) == INVALID
    response = bad.get("members/")
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert int(response["Retry-After"]) > 0
    assert answer(good) == GOOD, "who has a good one does not wait for who has none"
    bad.client.defaults["REMOTE_ADDR"] = "192.0.2.1"
    assert answer(bad) == INVALID


def test_a_key_comes_before_a_session(owner: Actor, api: Any, bob: Person) -> None:
    """And is no browser: no CSRF token is asked for."""
    client = api(bob)
    client.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {make_key(owner).text}"
    client.client.handler.enforce_csrf_checks = True
    assert answer(client, "POST", "organizations/", {}) == (403, "permission_denied")
    assert answer(client, path="me/") == (403, "person_required")


def test_keys_of_two_workspaces_do_not_meet(owner: Actor, globex: Tenant, charlie: Person) -> None:
    acmes = make_key(owner)
    with tenant_context(globex):
        theirs = make_key(actor_for(charlie))
    found = [by_key(made.text).get("members/").json()["results"] for made in (acmes, theirs)]
    assert {row["email"] for row in found[1]} == {"charlie@globex.test"}
    assert "charlie@globex.test" not in {row["email"] for row in found[0]}
