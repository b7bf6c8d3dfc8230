"""What is noted while keys are used, what is told before they expire, and when they are forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.services import membership_remove
from apps.common.actors import Actor
from apps.common.tasks import flush_notes
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.roles import tasks
from apps.roles.models import ApiKey
from apps.roles.services import (
    api_key_revoke,
    api_key_rotate,
    api_key_update,
    api_keys_announce_expiry,
    api_keys_prune,
)
from apps.tenants.models import Tenant
from tests.accounts.support import html_of, mails_after_drain
from tests.api.client import statements
from tests.roles.support import HERE, by_key, make_key

pytestmark = pytest.mark.django_db


def first_uses() -> list[dict[str, str]]:
    found = OutboxEvent.objects.filter(name="roles.api_key_first_used")
    return list(found.values_list("payload", flat=True))


def test_use_is_noted_once_a_minute(owner: Actor) -> None:
    made = make_key(owner)
    client = by_key(made.text)
    client.get("members/")
    key = ApiKey.objects.get()
    assert key.last_used_at is not None
    assert key.last_used_ip == HERE
    noted = key.last_used_at
    with statements(5):
        client.get("members/")
    assert ApiKey.objects.get().last_used_at == noted
    ApiKey.objects.update(last_used_at=noted - timedelta(seconds=61))
    client.client.defaults["REMOTE_ADDR"] = "192.0.2.9"
    with statements(5):
        client.get("members/")
    flush_notes()
    again = ApiKey.objects.get()
    assert again.last_used_at is not None
    assert again.last_used_at > noted
    assert again.last_used_ip == "192.0.2.9"
    assert first_uses() == [{"api_key_id": str(key.id), "name": "Import", "ip": HERE}]


def test_a_refused_request_is_a_use_too(owner: Actor) -> None:
    """Somebody has the key: that is what its people want to see."""
    assert by_key(make_key(owner).text).get("roles/").status_code == 403
    assert ApiKey.objects.get().last_used_ip == HERE


def expire_in(days: float) -> None:
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(days=days))


def test_expiry_is_told_once_a_week_ahead(owner: Actor, acme: Tenant) -> None:
    made = make_key(owner)
    expire_in(7.5)
    assert api_keys_announce_expiry() == []
    expire_in(6.5)
    assert api_keys_announce_expiry() == [made.key.id]
    assert api_keys_announce_expiry() == []
    (mail,) = mails_after_drain()
    assert mail.to == ["alice@acme.test"]
    assert mail.subject == "The API key “Import” of Acme expires soon"
    link = f"http://acme.localhost:8000/api-keys/{made.key.id}/"
    for text in (str(mail.body), html_of(mail)):
        assert link in text
        assert made.key.hint in text
        assert made.text not in text
        assert "never used" in text


def test_a_chosen_expiry_is_told_of_anew(owner: Actor) -> None:
    made = make_key(owner)
    expire_in(3)
    api_keys_announce_expiry()
    api_key_update(actor=owner, api_key_id=made.key.id, expires_in_days=30)
    assert ApiKey.objects.get().expiry_announced_at is None
    expire_in(3)
    assert api_keys_announce_expiry() == [made.key.id]


def test_a_short_life_that_was_chosen_is_not_told_of(owner: Actor) -> None:
    make_key(owner, expires_in_days=7)
    assert api_keys_announce_expiry() == []


@pytest.mark.parametrize("ended", ["expired", "revoked", "never"])
def test_of_others_nothing_is_told(owner: Actor, ended: str) -> None:
    made = make_key(owner)
    expire_in(3)
    if ended == "revoked":
        api_key_revoke(actor=owner, api_key_id=made.key.id)
    else:
        ApiKey.objects.update(expires_at=None if ended == "never" else timezone.now())
    assert api_keys_announce_expiry() == []


def test_no_mail_once_it_was_rotated(owner: Actor) -> None:
    made = make_key(owner)
    expire_in(3)
    api_keys_announce_expiry()
    api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=3600)
    assert mails_after_drain() == []


def test_who_left_is_told_nothing(owner: Actor, acme: Tenant, bob: Person) -> None:
    """The one who asked for the workspace is, if they are in it."""
    make_key(owner)
    ApiKey.objects.update(created_by_person_id=bob.id)
    expire_in(3)
    membership_remove(actor=owner, person_id=bob.id, tenant_id=acme.id)
    api_keys_announce_expiry()
    assert [mail.to for mail in mails_after_drain()] == [["alice@acme.test"]]
    membership_remove(actor=owner, person_id=acme.owner_person_id, tenant_id=acme.id)
    ApiKey.objects.update(expiry_announced_at=None)
    api_keys_announce_expiry()
    assert len(mails_after_drain()) == 1


def test_what_ended_90_days_ago_is_forgotten(owner: Actor) -> None:
    now = timezone.now()
    for name in ("revoked", "expired", "revoked lately", "expired lately", "works"):
        make_key(owner, name)
    for name, field, days in (
        ("revoked", "revoked_at", 91),
        ("expired", "expires_at", 91),
        ("revoked lately", "revoked_at", 89),
        ("expired lately", "expires_at", 89),
    ):
        ApiKey.objects.filter(name=name).update(**{field: now - timedelta(days=days)})
    assert api_keys_prune() == 2
    left = ApiKey.objects.order_by("id").values_list("name", flat=True)
    assert list(left) == ["revoked lately", "expired lately", "works"]


def test_the_sweep_goes_through_all_open_tenants(
    owner: Actor, acme: Tenant, globex: Tenant, charlie: Person
) -> None:
    make_key(owner)
    expire_in(3)
    with tenant_context(globex):
        make_key(actor_for(charlie), "Theirs")
        expire_in(3)
    with tenant_context(None):
        told = OutboxEvent.objects.filter(name="roles.api_key_expiry_announced")
        Tenant.objects.filter(id=globex.id).update(status="suspended")
        tasks.tend_api_keys.delay()
        tasks.tend_api_keys_of.delay([str(globex.id), str(owner.person_id)])
        assert list(told.values_list("tenant_id", flat=True)) == [acme.id]
        Tenant.objects.filter(id=globex.id).update(status="ready")
        tasks.tend_api_keys.delay()
        assert set(told.values_list("tenant_id", flat=True)) == {acme.id, globex.id}
        assert told.count() == 2
