"""What the tests of accounts share."""

import re
import time
from collections.abc import Iterable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts.handoff import bind_session
from apps.accounts.methods import TYPE_OF_METHOD
from apps.accounts.models import EmailDomain, Person
from apps.accounts.proof import bind_proof
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.tenants.models import Tenant

PASSWORD = "wrapper-demo"
SYSTEM = Actor.system("tests")
PUBLIC = "localhost:8000"


def use_urls(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """`urls_public` and `urls_tenant` of a package. By `settings` every resolver would be made anew."""
    for name in ("ROOT_URLCONF", "PUBLIC_URLCONF"):
        monkeypatch.setattr(settings, name, f"{package}.urls_public")
    monkeypatch.setattr(settings, "TENANT_URLCONF", f"{package}.urls_tenant")


def host(tenant: Tenant) -> str:
    return f"{tenant.slug}.{PUBLIC}"


def mails_after_drain() -> list[mail.EmailMultiAlternatives]:
    """Let the events process work, and return every mail so far."""
    drain_once()
    return [m for m in mail.outbox if isinstance(m, mail.EmailMultiAlternatives)]


def link_in(message: mail.EmailMultiAlternatives) -> str:
    """Path of the first link of a mail's text, which must lead to the public site."""
    url = re.search(r"http\S+", str(message.body))
    assert url is not None
    assert url[0].startswith("http://localhost:8000/")
    return url[0].removeprefix("http://localhost:8000")


def html_of(message: mail.EmailMultiAlternatives) -> str:
    return str(message.alternatives[0][0])


def post_json(client: Client, path: str, body: dict[str, Any], **extra: Any) -> Any:
    return client.post(path, body, content_type="application/json", **extra)


def force_sign_in(
    client: Client,
    person: Person,
    tenant: Tenant | None = None,
    *,
    methods: Iterable[str] = ("password",),
    ago_s: float = 0,
) -> None:
    """Sign in without a page on the client's host: the tenant's, or without one the public host.

    methods: how it was proved, `ago_s` seconds ago.
    """
    client.force_login(person)
    session = client.session
    name = client.defaults.get("HTTP_HOST") or (host(tenant) if tenant else PUBLIC)
    bind_session(session, tenant, name.partition(":")[0])
    proved_at = time.time() - ago_s
    if tenant is not None:
        bind_proof(session, methods, proved_at)
    else:
        session["account_authentication_methods"] = [
            {"method": "mfa", "type": TYPE_OF_METHOD[method], "at": proved_at}
            if method in TYPE_OF_METHOD
            else {"method": method, "at": proved_at}
            for method in methods
        ]
        session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def sign_in(client: Client, person: Person) -> None:
    """Sign in on the public host through the page."""
    response = client.post(
        "/accounts/login/", {"login": person.email, "password": PASSWORD}, HTTP_HOST=PUBLIC
    )
    assert response.status_code == 302
    assert response["Location"] == "/workspaces/"


def make_email_domain(
    tenant: Tenant, name: str = "acme.test", *, verified: bool = False, **fields: Any
) -> EmailDomain:
    """A claim, or with `verified` a domain that is proven."""
    with tenant_context(tenant):
        return EmailDomain.objects.create(
            tenant=tenant,
            domain=name,
            verified_at=timezone.now() if verified else None,
            **{"token": "t0k3n", **fields},
        )
