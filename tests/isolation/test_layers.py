"""The boundary in the layers around the database: cache, sessions, logs, links in mails, content types."""

import json
import logging
import re
import threading
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import structlog
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.cache import cache, caches
from django.db import DatabaseError, connection, transaction
from django.test import Client

from apps.common.database import app_connection
from apps.common.logs import ecs_formatter
from apps.common.tenancy import NoTenant, TenantRef, tenant_context
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for
from apps.organizations.models import Invitation, Organization
from apps.organizations.services import invitation_create
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.conftest import World

pytestmark = pytest.mark.django_db

# Host headers and their like: what a client may say of itself, and no link may repeat.
HOSTS = (
    {"HTTP_HOST": "evil.test"},
    {"HTTP_HOST": "acme.localhost.evil.test:8000"},
    {"HTTP_HOST": "evil.test:8000", "HTTP_X_FORWARDED_HOST": "acme.localhost"},
    {"HTTP_X_FORWARDED_HOST": "evil.test"},
    {"HTTP_FORWARDED": "host=evil.test;proto=https"},
    {"HTTP_X_HOST": "evil.test", "HTTP_X_FORWARDED_SERVER": "evil.test"},
    {"HTTP_X_ORIGINAL_URL": "http://evil.test/", "HTTP_ORIGIN": "http://evil.test"},
)


# --- Cache -------------------------------------------------------------------------------------------


def test_equal_keys_of_two_tenants_do_not_meet(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        cache.set("balance", "kanarienvogel")
        cache.set_many({"a": 1, "b": 2})
        assert cache.incr("a") == 2
    with tenant_context(globex):
        assert cache.get("balance") is None
        assert cache.get_many(["a", "b", "balance"]) == {}
        assert not cache.has_key("a")
        assert cache.add("balance", "zaunkoenig")
        cache.delete("b")
    with tenant_context(acme):
        assert cache.get_many(["a", "b", "balance"]) == {"a": 2, "b": 2, "balance": "kanarienvogel"}


@pytest.mark.parametrize(
    "act",
    [
        lambda: cache.get("x"),
        lambda: cache.set("x", 1),
        lambda: cache.add("x", 1),
        lambda: cache.get_many(["x"]),
        lambda: cache.delete("x"),
        lambda: cache.incr("x"),
        lambda: cache.touch("x"),
    ],
)
def test_without_a_tenant_the_cache_is_an_error(act: Callable[[], object]) -> None:
    with pytest.raises(NoTenant):
        act()


def test_a_key_cannot_reach_into_another_tenant_or_out(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(globex):
        cache.set("secret", "zaunkoenig")
        theirs = cache.make_key("secret")
    caches["global"].set("session", "everybody's")
    with tenant_context(acme):
        for key in (theirs, f"../{globex.id}:secret", f":{theirs}", "global:1:session", "session"):
            assert cache.get(key) is None, key


# --- Sessions ----------------------------------------------------------------------------------------


def test_a_session_is_good_on_the_host_that_made_it(world: World) -> None:
    """alice is in acme alone; the session of one host is shown to each of the others."""
    client = Client(HTTP_HOST=host(world.acme))
    force_sign_in(client, world.alice, world.acme)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.get("/members/").status_code == 200
    for elsewhere in (host(world.globex), PUBLIC):
        stranger = Client(HTTP_HOST=elsewhere)
        stranger.cookies[settings.SESSION_COOKIE_NAME] = cookie
        path = "/workspaces/" if elsewhere == PUBLIC else "/members/"
        assert stranger.get(path).status_code == 302, elsewhere
    # Shown elsewhere it ended, for whoever has it.
    assert client.get("/members/").status_code == 302


def test_a_host_gets_its_cookie_for_itself_alone(world: World) -> None:
    client = Client(HTTP_HOST=host(world.acme))
    force_sign_in(client, world.alice, world.acme)
    made = {
        **client.get("/settings/").cookies,
        **client.post("/theme/", {"theme": "dark"}).cookies,
    }
    assert made
    assert {name: morsel["domain"] for name, morsel in made.items()} == dict.fromkeys(made, "")
    assert (settings.SESSION_COOKIE_DOMAIN, settings.CSRF_COOKIE_DOMAIN) == (None, None)


# --- Logs --------------------------------------------------------------------------------------------


def test_a_line_names_the_tenant_that_it_is_about(acme: Tenant, globex: Tenant) -> None:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ecs_formatter())
    logger = logging.getLogger("tests.isolation")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    logger.propagate = False
    log = structlog.get_logger("tests.isolation")
    try:
        with tenant_context(acme):
            log.info("in acme")
            with tenant_context(globex):
                log.info("in globex")
            other = threading.Thread(target=log.info, args=("in another thread",))
            other.start()
            other.join()
        log.info("outside")
    finally:
        logger.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["message"], line.get("organization", {}).get("id")) for line in lines] == [
        ("in acme", str(acme.id)),
        ("in globex", str(globex.id)),
        ("in another thread", None),
        ("outside", None),
    ]


# --- Links in mails ----------------------------------------------------------------------------------


def links() -> list[str]:
    return re.findall(r"https?://[^\s\"<>]+", "\n".join(sent.body for sent in mail.outbox))


@pytest.mark.parametrize("headers", HOSTS, ids=str)
def test_links_in_mails_do_not_come_from_the_request(
    world: World, headers: dict[str, str], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    """A reset that is asked for with another host's name leads to ours, or is not sent."""
    client = Client(**{"HTTP_HOST": PUBLIC, **headers})
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/password/reset/", {"email": "alice@acme.test"})
        client.post(
            "/api/v1/auth/password-reset/",
            {"email": "alice@acme.test"},
            content_type="application/json",
        )
    with django_capture_on_commit_callbacks(execute=True):
        drain_once()
    found = links()
    assert found or "HTTP_HOST" in headers  # a strange host finds nothing to ask
    assert all(link.startswith(f"{settings.PUBLIC_URL}/") for link in found), found


def test_the_link_of_an_invitation_leads_to_the_tenant(
    world: World, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with tenant_context(world.acme):
        root = Organization.objects.get(depth=1)
        invitation_create(
            actor=actor_for(world.alice),
            email="dana@acme.test",
            role_ids=[role_by_code("member").id],
            organization_id=root.id,
        )
    with django_capture_on_commit_callbacks(execute=True):
        drain_once()
    found = links()
    assert found
    assert all("globex" not in link for link in found)
    with tenant_context(world.globex):
        assert Invitation.objects.count() == 0


# --- Content types -----------------------------------------------------------------------------------


def test_no_tenants_table_refers_to_content_types_or_anything_shared() -> None:
    """A content type's id is the platform's: it would mean something else after a restore elsewhere."""
    foreign = [
        f"{model._meta.label}.{field.name}"
        for config in apps.get_app_configs()
        if config.name in settings.TENANT_APPS
        for model in config.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if (related := field.related_model) is not None
        and not isinstance(related, str)
        and related._meta.app_config.name not in settings.TENANT_APPS
    ]
    assert foreign == []


# --- A context that cannot be set --------------------------------------------------------------------


def test_a_request_whose_context_fails_gets_an_error_and_nobodys_rows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant's role is gone in the middle of things: no row, and not those of the tenant before."""
    client = Client(HTTP_HOST=host(world.acme), raise_request_exception=False)
    force_sign_in(client, world.alice, world.acme)
    assert client.get("/members/").status_code == 200
    monkeypatch.setattr(TenantRef, "role_name", property(lambda ref: "t_gone_00000000"))
    with transaction.atomic():
        response = client.get("/members/")
        transaction.set_rollback(True)
    assert response.status_code == 500
    assert b"acme.test" not in response.content


def test_nothing_runs_after_a_context_that_failed(acme: Tenant, globex: Tenant) -> None:
    with app_connection(), tenant_context(globex):
        assert Organization.objects.filter(depth=1).count() == 1
    gone = TenantRef(acme.id, "gone", "t_gone_00000000")
    with app_connection():
        with tenant_context(gone), pytest.raises(DatabaseError), transaction.atomic():
            Organization.objects.count()
        with tenant_context(acme), connection.cursor() as cursor:
            cursor.execute("SELECT current_schema(), current_user")
            assert cursor.fetchone() == (acme.schema_name, acme.schema_name)
