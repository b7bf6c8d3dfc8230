"""Audit logs in the console."""

from typing import Any

import pytest
from django.test import Client

from apps.audit.chains import chain_of
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from apps.trail.chains import PLATFORM_CHAIN, entries_append
from apps.trail.checkpoints import checkpoint_make
from apps.trail.models import PlatformEntry
from tests.api.client import MISSING, statements
from tests.audit.conftest import new_entry, superuser
from tests.console.conftest import messages_of, tenant_rows

pytestmark = pytest.mark.django_db
LIST = "/console/trail/platformentry/"


def url(tenant: Tenant) -> str:
    return f"/console/tenants/tenant/{tenant.pk}/audit/"


def write(tenant: Tenant, count: int = 3) -> None:
    with tenant_context(tenant):
        entries_append(
            chain_of(tenant), [new_entry(n, actor_label="<b>alice</b>") for n in range(count)]
        )


def test_the_platforms_entries(console: Client) -> None:
    entries_append(PLATFORM_CHAIN, [new_entry(n, actor_label=f"{n}@x.test") for n in range(3)])
    html = console.get(LIST).content.decode()
    assert "2@x.test" in html
    entry = PlatformEntry.objects.get(seq=2)
    assert f"{LIST}{entry.event_id}/" in html
    detail = console.get(f"{LIST}{entry.event_id}/").content.decode()
    for text in ("1@x.test", "203.0.113.7", "organizations.member_joined", bytes(entry.hash).hex()):
        assert text in detail, text
    assert console.get(f"{LIST}{MISSING}/").status_code == 404
    only = console.get(LIST, {"q": "0@x.test"}).content.decode()
    assert "2@x.test" not in only
    assert "0@x.test" in only


def test_the_platforms_chain_is_verified(console: Client) -> None:
    entries_append(PLATFORM_CHAIN, [new_entry(n) for n in range(3)])
    assert console.get(f"{LIST}verify/").status_code == 200
    assert "3 entries" in messages_of(console.post(f"{LIST}verify/"))[-1]
    with superuser(PLATFORM_CHAIN) as cursor:
        cursor.execute("UPDATE trail_platformentry SET address = 'x' WHERE seq = 2")
    assert "broken at entry 2" in messages_of(console.post(f"{LIST}verify/"))[-1]


def test_a_tenants_entries(console: Client, acme: Tenant, globex: Tenant) -> None:
    write(acme)
    checkpoint_make(chain_of(acme))
    assert url(acme) in console.get(f"/console/tenants/tenant/{acme.pk}/").content.decode()
    html = console.get(url(acme)).content.decode()
    assert "&lt;b&gt;alice&lt;/b&gt;" in html
    assert "365 days" in html
    assert "alice" not in console.get(url(globex)).content.decode()
    assert console.get(url(acme).replace(str(acme.pk), MISSING)).status_code == 404


def test_a_tenants_chain_is_verified(console: Client, acme: Tenant) -> None:
    write(acme)
    page = f"/console/tenants/tenant/{acme.pk}/audit_verify/"
    assert console.get(page).status_code == 200
    assert "is whole" in messages_of(console.post(page))[-1]
    with superuser(chain_of(acme)) as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE seq = 1")
    assert "broken at entry 1" in messages_of(console.post(page))[-1]


def test_a_long_chain_is_left_to_the_command(
    console: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.console.audit.MAX_VERIFIED", 1)
    write(acme)
    page = f"/console/tenants/tenant/{acme.pk}/audit_verify/"
    assert "manage.py audit verify --tenant acme" in messages_of(console.post(page))[-1]


def test_it_costs_the_same_for_more(console: Client, acme: Tenant) -> None:
    write(acme, 150)
    with statements(12):
        assert console.get(url(acme)).status_code == 200


def test_a_tenant_without_a_schema(console: Client, alice: Any) -> None:
    (row,) = tenant_rows(1, alice)
    assert "no audit log (yet)" in console.get(url(row)).content.decode()
