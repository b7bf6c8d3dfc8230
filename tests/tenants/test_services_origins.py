"""Which origins a workspace may allow, and who says so."""

from typing import Any

import pytest

from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from apps.tenants.origins import MAX_ORIGINS, origin_normalize
from apps.tenants.services import allowed_origins_set


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://app.example.com", "https://app.example.com"),
        (" HTTPS://App.Example.COM/ ", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
        ("https://localhost", "https://localhost"),
    ],
)
def test_as_browsers_write_it(written: str, kept: str) -> None:
    assert origin_normalize(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        *("", "x", "app.example.com", "//app.example.com", "null", "*", "https://", "https:///"),
        *("https://*.example.com", "https://*", "https://a.example.com/path", "https://a.test/?q"),
        *("https://a.test?", "https://a.test#", "https://u@a.test", "https://u:p@a.test"),
        *(
            "http://a.test",
            "ftp://a.test",
            "javascript://a.test",
            "file://a.test",
            "ws://localhost",
        ),
        *("https://a.test:0", "https://a.test:65536", "https://a.test:x", "https://a.test:-1"),
        *("https://203.0.113.5", "https://[::1]", "https://[2001:db8::1]", "https://127.1"),
        *("https://intranet", "https://a..test", "https://-a.test", "https://a b.test"),
        *("https://a.test\0", "https://a.test\n", "https://a.te\tst", "https://a.test\\@b.test"),
        *("https://" + "a." * 200 + "test", "https://x" * 2000, "https://faß.test"),
        *("https://acme.localhost", "https://globex.localhost", "http://acme.localhost:8000"),
    ],
)
def test_what_is_none(written: str) -> None:
    if written.strip() == "https://a.test":
        return  # white space around it
    with pytest.raises(InvalidInput) as caught:
        origin_normalize(written)
    assert [(one.attr, one.code) for one in caught.value.errors] == [
        ("allowed_origins", "origin_invalid")
    ]


@pytest.mark.parametrize(
    "written", ["http://localhost:3000", "http://127.0.0.1", "https://localhost"]
)
def test_no_local_ones_where_the_platform_is_not(settings: Any, written: str) -> None:
    settings.PUBLIC_URL = "https://platform.test"
    with pytest.raises(InvalidInput):
        origin_normalize(written)


@pytest.mark.django_db
def test_set_change_and_empty(owner: Actor, acme: Tenant) -> None:
    one, two = "https://a.test", "https://b.test"
    done = allowed_origins_set(
        actor=owner, tenant_id=acme.id, origins=[two, one, "https://A.test/"]
    )
    assert done.allowed_origins == [two, one]
    allowed_origins_set(actor=owner, tenant_id=acme.id, origins=[two, one])
    allowed_origins_set(actor=owner, tenant_id=acme.id, origins=[one])
    allowed_origins_set(actor=owner, tenant_id=acme.id, origins=[])
    found = OutboxEvent.objects.filter(name="tenants.allowed_origins_changed").order_by("position")
    assert [(event.payload["added"], event.payload["removed"]) for event in found] == [
        (f"{two} {one}", ""),
        ("", two),
        ("", one),
    ]
    acme.refresh_from_db()
    assert acme.allowed_origins == []
    assert [entry.reason for entry in acme.history.filter(action="origins_changed")] == [
        *("", one, f"{two}, {one}")
    ]


@pytest.mark.django_db
def test_all_or_none(owner: Actor, acme: Tenant) -> None:
    with pytest.raises(InvalidInput):
        allowed_origins_set(actor=owner, tenant_id=acme.id, origins=["https://a.test", "nope"])
    many = [f"https://a{number}.test" for number in range(MAX_ORIGINS + 1)]
    with pytest.raises(InvalidInput) as caught:
        allowed_origins_set(actor=owner, tenant_id=acme.id, origins=many)
    assert caught.value.code == "too_many_origins"
    acme.refresh_from_db()
    assert acme.allowed_origins == []
    allowed_origins_set(actor=owner, tenant_id=acme.id, origins=many[:-1])


@pytest.mark.django_db
def test_members_and_other_tenants_may_not(
    owner: Actor, member: Actor, acme: Tenant, globex: Tenant
) -> None:
    with pytest.raises(PermissionDenied):
        allowed_origins_set(actor=member, tenant_id=acme.id, origins=["https://a.test"])
    with pytest.raises(NotFound):
        allowed_origins_set(actor=owner, tenant_id=globex.id, origins=["https://a.test"])
    assert not Tenant.objects.exclude(allowed_origins=[]).exists()
    assert not OutboxEvent.objects.filter(name="tenants.allowed_origins_changed").exists()
