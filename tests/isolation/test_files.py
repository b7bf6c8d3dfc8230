"""Links to files: good on their own tenant's host, and nowhere else."""

import logging
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from apps.common import files
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.tenants.models import Domain, Tenant
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.conftest import World

pytestmark = pytest.mark.django_db
NAME = "docs/Bericht ünd “mehr”.html"


@pytest.fixture
def links(world: World) -> dict[str, str]:
    """A link to a file of the same name in each tenant; it holds the tenant's slug."""
    found = {}
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            tenant_files.save(NAME, ContentFile(f"<b>{tenant.slug}</b>".encode()))
            found[tenant.slug] = tenant_files.url(NAME)
    return found


def visit(http_host: str, path: str, method: str = "GET", client: Client | None = None) -> Any:
    client = client or Client(raise_request_exception=False)
    response: Any = client.generic(method, path, HTTP_HOST=http_host)
    response.read = b"".join(response.streaming_content) if response.streaming else response.content
    for resource in getattr(response, "_resource_closers", ()):
        resource()
    return response


def body(response: Any) -> bytes:
    return response.read


def without_id(response: Any) -> bytes:
    return body(response).replace(response["X-Request-ID"].encode(), b"ID")


def test_a_link_gives_the_file_as_an_attachment(world: World, links: dict[str, str]) -> None:
    response = visit(host(world.acme), links["acme"])
    assert response.status_code == 200
    assert body(response) == b"<b>acme</b>"
    assert response["Content-Disposition"] == (
        "attachment; filename*=utf-8''Bericht%20%C3%BCnd%20%E2%80%9Cmehr%E2%80%9D.html"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Length"] == "11"


def test_head_and_other_methods(world: World, links: dict[str, str]) -> None:
    response = visit(host(world.acme), links["acme"], "HEAD")
    assert (response.status_code, response["Content-Length"]) == (200, "11")
    assert body(response) == b""
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert visit(host(world.acme), links["acme"], method).status_code == 405


def test_on_another_host_it_is_like_a_missing_one(world: World, links: dict[str, str]) -> None:
    missing = visit(host(world.acme), "/files/no-such-link/")
    foreign = visit(host(world.acme), links["globex"])
    assert (missing.status_code, foreign.status_code) == (404, 404)
    assert without_id(missing) == without_id(foreign)
    assert b"zaun" not in body(foreign)
    assert visit(PUBLIC, links["acme"]).status_code == 404
    # Nor does a session of its own tenant help.
    client = Client(HTTP_HOST=host(world.globex))
    force_sign_in(client, world.charlie, world.globex)
    assert visit(host(world.globex), links["acme"], client=client).status_code == 404
    assert visit(host(world.globex), links["globex"], client=client).status_code == 200


def test_a_header_that_names_the_tenant_does_not_help(world: World, links: dict[str, str]) -> None:
    client = Client(headers={"X-Tenant": "globex"}, raise_request_exception=False)
    assert visit(host(world.acme), links["globex"], client=client).status_code == 404
    assert body(visit(host(world.acme), links["acme"], client=client)) == b"<b>acme</b>"


def test_a_link_with_one_byte_changed_is_none(world: World, links: dict[str, str]) -> None:
    good = links["acme"]
    for at in range(good.index("/files/") + len("/files/"), len(good) - 1, 7):
        changed = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
        assert visit(host(world.acme), changed).status_code == 404, at


def test_an_expired_link_says_so(
    world: World, links: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LINK_LIFETIME_S", -1)
    response = visit(host(world.acme), links["acme"])
    assert response.status_code == 410
    assert "This link has expired" in response.content.decode()
    assert visit(host(world.acme), links["globex"]).status_code == 404


def test_a_deleted_file_and_a_closed_tenant(world: World, links: dict[str, str]) -> None:
    with tenant_context(world.globex):
        tenant_files.delete(NAME)
    assert visit(host(world.globex), links["globex"]).status_code == 404
    Tenant.objects.filter(id=world.acme.id).update(status="suspended")
    assert visit(host(world.acme), links["acme"]).status_code == 403
    Tenant.objects.filter(id=world.acme.id).update(status="archived")
    assert visit(host(world.acme), links["acme"]).status_code == 404


def test_the_link_is_not_logged(
    world: World, links: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    token = links["acme"].split("/files/")[1].strip("/")
    written = logging.getLogger().handlers[0].formatter
    assert written is not None
    for name in (host(world.acme), host(world.globex), PUBLIC):
        caplog.clear()
        visit(name, links["acme"])
        lines = "\n".join(written.format(record) for record in caplog.records)
        assert '"path":"/files/…/"' in lines
        assert token[:40] not in lines, name


def test_it_is_good_on_the_subdomain_only(world: World, links: dict[str, str]) -> None:
    """A domain of the tenant's own may be somebody else's tomorrow."""
    domain = Domain.objects.create(
        tenant=world.acme, domain="work.acme.test", verified_at=timezone.now()
    )
    assert visit(domain.domain, "/sign-in/").status_code == 302
    assert visit(domain.domain, links["acme"]).status_code == 404
    assert links["acme"].startswith(f"http://{host(world.acme)}/files/")
