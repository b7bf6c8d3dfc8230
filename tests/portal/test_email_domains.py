"""Settings, E-mail domains."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import EmailDomain, Person
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_addresses import HTMX, told, words
from tests.zone import Zone

pytestmark = pytest.mark.django_db
LIST = "/settings/email-domains/"
NAME = "acme.test"


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def make(tenant: Tenant, name: str = NAME, **fields: object) -> EmailDomain:
    values = {"token": "t0k3n", "verified_at": timezone.now(), **fields}
    return EmailDomain.objects.create(tenant=tenant, domain=name, **values)


def url(domain: EmailDomain, tail: str = "") -> str:
    return f"{LIST}{domain.id}/{tail}"


def test_from_a_claim_to_open_doors(client: Client, zone: Zone) -> None:
    assert "Add your company’s e-mail domain" in words(client.get(LIST))
    refused = client.post(LIST, {"domain": "gmail.com"})
    assert refused.status_code == 422
    assert "Anybody can have an address at gmail.com." in words(refused)
    added = client.post(LIST, {"domain": NAME})
    domain = EmailDomain.objects.get()
    assert (added.status_code, added["Location"]) == (302, url(domain))
    page = client.get(url(domain))
    assert read(page.content).check() == []
    for text in (
        "Prove that it is yours",
        f"_wrapper-challenge.{NAME}",
        f"wrapper-verify={domain.token}",
        "Once the record is found, you can let people with an address at acme.test join",
    ):
        assert text in words(page)
    early = client.post(url(domain, "join-mode/"), {"join_mode": "automatic"})
    assert early.status_code == 302
    assert told(early)[-1].startswith("The record of acme.test has to be found first.")

    missing = client.post(url(domain, "check/"), **HTMX)
    assert "The domain does not exist" in words(missing)
    zone.prove(domain)
    found = client.post(url(domain, "check/"), **HTMX)
    assert found["HX-Refresh"] == "true"
    assert told(found)[-1] == "acme.test is verified."
    saved = client.post(url(domain, "join-mode/"), {"join_mode": "automatic"})
    assert (saved.status_code, saved["Location"]) == (302, url(domain))
    page = client.get(url(domain))
    assert read(page.content).check() == []
    assert "Verified Anybody joins" in words(page)
    assert 'value="automatic" id="id_join_mode_2" checked' in re.sub(
        r"\s+", " ", page.content.decode()
    ).replace('required id="id_join_mode_2"', 'id="id_join_mode_2"')
    assert f"{NAME} Verified Anybody joins" in words(client.get(LIST))
    zone.clear()
    again = client.post(url(domain, "check/"))
    assert told(again)[-1].startswith("The name acme.test does not exist in DNS.")
    page = client.get(url(domain))
    assert read(page.content).check() == []
    assert "Put the record back before in 7 days" in words(page)
    domain.refresh_from_db()
    assert domain.join_mode == "off"


def test_remove(client: Client, acme: Tenant) -> None:
    domain = make(acme)
    page = client.get(url(domain, "remove/"))
    assert read(page.content).check() == []
    wrong = client.post(url(domain, "remove/"), {"confirmation": "other.test"})
    assert (wrong.status_code, EmailDomain.objects.count()) == (422, 1)
    done = client.post(url(domain, "remove/"), {"confirmation": NAME})
    assert (done.status_code, done["Location"]) == (302, LIST)
    assert not EmailDomain.objects.exists()


def test_members_see_nothing_and_others_ids_are_not_there(
    client: Client, sign_in: SignIn, acme: Tenant, globex: Tenant, bob: Person
) -> None:
    domain, foreign = make(acme), make(globex, "globex.test")
    member = sign_in(bob, acme)
    paths = ["", "check/", "join-mode/", "remove/"]
    for tail in paths:
        assert member.post(url(domain, tail), {"join_mode": "request"}).status_code in (403, 405)
        expected = 405 if tail == "" else 404
        assert client.post(url(foreign, tail), {}).status_code == expected
        assert client.post(f"{LIST}{MISSING}/{tail}", {}).status_code == expected
    assert member.get(LIST).status_code == 403
    assert member.post(LIST, {"domain": "new.test"}).status_code == 403
    assert client.get(url(foreign)).status_code == 404
    assert EmailDomain.objects.count() == 2
    assert set(EmailDomain.objects.values_list("join_mode", flat=True)) == {"off"}


def test_where_the_record_has_gone(client: Client, acme: Tenant) -> None:
    make(acme, proof_missing_since=timezone.now() - timedelta(days=3), check_code="missing")
    assert f"{NAME} Proof missing" in words(client.get(LIST))
