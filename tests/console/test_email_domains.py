"""E-mail domains as staff see and change them."""

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import EmailDomain
from apps.tenants.models import Tenant
from tests.console.conftest import messages_of
from tests.zone import Zone

LIST = "/console/accounts/emaildomain/"
Published = Callable[[], list[tuple[str, str]]]


def make(tenant: Tenant, name: str, **fields: object) -> EmailDomain:
    values = {"token": "t0k3n", "verified_at": timezone.now(), **fields}
    return EmailDomain.objects.create(tenant=tenant, domain=name, **values)


def url(domain: EmailDomain, act: str = "") -> str:
    return f"{LIST}{domain.pk}/{act}/" if act else f"{LIST}{domain.pk}/"


def names(console: Client, query: str = "") -> list[str]:
    return [one.domain for one in console.get(f"{LIST}?{query}").context["cl"].result_list]


def test_list_and_filters(console: Client, acme: Tenant, globex: Tenant) -> None:
    make(acme, "claim.test", verified_at=None)
    make(acme, "gone.test", proof_missing_since=timezone.now())
    make(globex, "open.test", join_mode="automatic")
    for query, expected in (
        ("", ["claim.test", "gone.test", "open.test"]),
        ("state=waiting", ["claim.test"]),
        ("state=proof_missing", ["gone.test"]),
        ("state=verified", ["open.test"]),
        ("state=nonsense", ["claim.test", "gone.test", "open.test"]),
        ("join_mode__exact=automatic", ["open.test"]),
        ("q=globex", ["open.test"]),
    ):
        assert names(console, query) == expected, query
    with CaptureQueriesContext(connection) as three:
        names(console)
    for number in range(17):
        make(acme, f"d{number}.test")
    with CaptureQueriesContext(connection) as twenty:
        assert len(names(console)) == 20
    assert len(three) == len(twenty) <= 7


def test_what_staff_do(console: Client, acme: Tenant, zone: Zone, published: Published) -> None:
    domain = make(acme, "acme.test", join_mode="automatic")
    page = console.get(url(domain)).content.decode()
    for text in ("Anybody, at once", "_wrapper-challenge.acme.test", "wrapper-verify=t0k3n"):
        assert text in page
    console.post(url(domain, "close"))
    domain.refresh_from_db()
    assert domain.join_mode == "off"
    lost = console.post(url(domain, "check"))
    assert messages_of(lost)[-1].startswith("The name acme.test does not exist in DNS.")
    refused = console.post(url(domain, "verify"), {"reason": " "})
    assert "reason" in refused.context["form"].errors
    console.post(url(domain, "verify"), {"reason": "Contract 12"})
    domain.refresh_from_db()
    assert (domain.token, domain.proof_missing_since) == ("", None)
    console.post(url(domain, "remove"), {"reason": "Asked for", "domain": "other.test"})
    assert EmailDomain.objects.exists()
    console.post(url(domain, "remove"), {"reason": "Asked for", "domain": "acme.test"})
    assert not EmailDomain.objects.exists()
    assert published() == [
        (f"accounts.email_domain_{what}", "staff@platform.test")
        for what in ("join_mode_changed", "proof_lost", "removed")
    ]
