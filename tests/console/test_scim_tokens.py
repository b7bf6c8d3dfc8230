"""Provisioning tokens as staff see and revoke them."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import ScimToken
from apps.tenants.models import Tenant
from tests.conftest import World
from tests.organizations.scim.conftest import make_scim

LIST = "/console/accounts/scimtoken/"
Published = Callable[[], list[tuple[str, str]]]


def make(tenant: Tenant, label: str, **fields: object) -> ScimToken:
    return ScimToken.objects.create(
        tenant=tenant, label=label, token_hash=label, hint="abcd", created_by="x", **fields
    )


def names(console: Client, query: str = "") -> list[str]:
    return [one.label for one in console.get(f"{LIST}?{query}").context["cl"].result_list]


def test_list_and_filters(console: Client, acme: Tenant, globex: Tenant) -> None:
    now = timezone.now()
    make(acme, "good")
    make(globex, "late", expires_at=now - timedelta(days=1))
    make(globex, "gone", revoked_at=now, expires_at=now - timedelta(days=1))
    for query, expected in (
        ("", ["gone", "late", "good"]),
        ("state=good", ["good"]),
        ("state=expired", ["late"]),
        ("state=revoked", ["gone"]),
        ("state=nonsense", ["gone", "late", "good"]),
        ("q=globex", ["gone", "late"]),
    ):
        assert names(console, query) == expected, query
    with CaptureQueriesContext(connection) as three:
        names(console)
    for number in range(17):
        make(acme, f"t{number}")
    with CaptureQueriesContext(connection) as twenty:
        assert len(names(console)) == 20
    assert len(three) == len(twenty) <= 7


def test_staff_revoke(console: Client, world: World, published: Published) -> None:
    scim = make_scim(world, world.acme)
    before = published()
    token = ScimToken.objects.get()
    page = console.get(f"{LIST}{token.pk}/").content.decode()
    assert "alice@acme.test" in page
    assert token.token_hash not in page
    assert scim.get("Users")[0] == 200
    console.post(f"{LIST}{token.pk}/revoke/")
    assert scim.get("Users")[0] == 401
    assert published()[len(before) :] == [
        ("organizations.scim_token_revoked", "staff@platform.test")
    ]
