"""`manage.py tenants rename` and `tenants domains`."""

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.tenants.models import Domain, Tenant
from apps.tenants.services import tenant_readdress
from tests.conftest import SYSTEM
from tests.tenants.conftest import MakeDomain, make_domain
from tests.zone import Zone

__all__ = ["make_domain"]
NAME = "work.acme.test"
Published = Callable[[], list[tuple[str, str]]]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("tenants", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return str(caught.value)


class TestRename:
    def test_both(self, acme: Tenant, published: Published) -> None:
        out = run("rename", "acme", "--slug", "acme-works", "--name", "Acme Works", "--json")
        found = json.loads(out)
        assert (found["slug"], found["name"], found["url"]) == (
            "acme-works",
            "Acme Works",
            "http://acme-works.localhost:8000/",
        )
        assert published() == [
            ("tenants.tenant_readdressed", "system:command"),
            ("tenants.tenant_renamed", "system:command"),
        ]

    def test_one(self, acme: Tenant) -> None:
        assert "acme-works" in run("rename", "acme", "--slug", "acme-works", "--reason", "Law")
        entry = acme.history.first()
        assert entry is not None
        assert entry.reason == "acme → acme-works: Law"
        run("rename", "acme-works", "--name", "Acme Works")
        acme.refresh_from_db()
        assert (acme.slug, acme.name) == ("acme-works", "Acme Works")

    def test_an_old_slug_names_the_tenant_and_says_so(self, acme: Tenant) -> None:
        tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
        out, err = StringIO(), StringIO()
        call_command("tenants", "show", "acme", stdout=out, stderr=err)
        assert "slug               acme-works" in out.getvalue()
        assert err.getvalue() == "acme is an old address of acme-works.\n"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "Say what to change"),
            (["--slug", "globex"], "This address is taken."),
            (["--slug", "www"], "This address is reserved."),
            (["--slug", "acme-works", "--name", ""], "Give the workspace a name."),
            (["--slug", ""], "Use 2 to 40"),
        ],
    )
    def test_refused(
        self, acme: Tenant, published: Published, arguments: list[str], message: str
    ) -> None:
        assert message in refused("rename", "acme", *arguments)
        acme.refresh_from_db()
        assert (acme.slug, acme.name, published()) == ("acme", "Acme", [])

    def test_an_unknown_tenant(self, acme: Tenant) -> None:
        assert refused("rename", "nobody", "--name", "x") == "There is no tenant nobody."


class TestDomains:
    def test_the_whole_way(self, acme: Tenant, zone: Zone) -> None:
        added = json.loads(run("domains", "add", "acme", "Work.Acme.Test", "--json"))
        assert (added["domain"], added["state"], added["verified_at"]) == (NAME, "waiting", None)
        assert refused("domains", "check", "acme", NAME).startswith(f"The name {NAME} does not")
        zone.records[added["txt_name"]] = [added["txt_value"]]
        checked = json.loads(run("domains", "check", "acme", NAME, "--json"))
        assert (checked["state"], checked["check_code"], checked["check_error"]) == (
            "verified",
            "found",
            "",
        )
        assert "is_primary         yes" in run("domains", "primary", "acme", NAME)
        listed = run("domains", "list", "acme").splitlines()
        assert [line.split() for line in listed] == [
            ["acme.localhost", "verified"],
            [NAME, "verified", "primary"],
        ]
        assert [one["domain"] for one in json.loads(run("domains", "list", "acme", "--json"))] == [
            "acme.localhost",
            NAME,
        ]
        assert run("domains", "remove", "acme", NAME, "--yes") == f"{NAME} is removed.\n"
        acme.refresh_from_db()
        assert acme.primary_host == ""
        assert not Domain.objects.filter(domain=NAME).exists()

    def test_by_hand(self, acme: Tenant, make_domain: MakeDomain) -> None:
        domain = make_domain(acme, NAME)
        assert refused("domains", "verify", "acme", NAME) == "Say how you know whose it is."
        assert "txt_name           -" in run(
            "domains", "verify", "acme", NAME, "--reason", "Contract"
        )
        domain.refresh_from_db()
        assert domain.verified_at is not None

    def test_removing_asks_for_the_name(
        self, acme: Tenant, make_domain: MakeDomain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_domain(acme, NAME, verified=True)
        Tenant.objects.filter(id=acme.id).update(primary_host=NAME)
        assert run("domains", "remove", "acme", NAME, "--dry-run") == (
            f"{NAME} would lead to acme no longer, and be free for others. "
            "Links would lead to acme.localhost instead.\n"
        )
        monkeypatch.setattr("builtins.input", lambda _question: "work.acme")
        assert "did not match" in refused("domains", "remove", "acme", NAME)
        assert Domain.objects.filter(domain=NAME).exists()
        monkeypatch.setattr("builtins.input", lambda _question: NAME)
        assert json.loads(run("domains", "remove", "acme", NAME, "--json"))["domain"] == NAME
        assert not Domain.objects.filter(domain=NAME).exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["add", "acme"], "Which domain?"),
            (["add", "acme", "localhost"], "Enter a whole domain"),
            (["check", "acme", "acme.localhost"], "needs no proof"),
            (["check", "acme", "unknown.test"], "acme has no domain unknown.test."),
            (["check", "acme", "globex.localhost"], "acme has no domain globex.localhost."),
            (["primary", "acme", "claim.test"], "claim.test is not verified yet."),
            (["remove", "acme", "acme.localhost", "--yes"], "is the workspace's own address"),
            (["remove", "acme", "acme.localhost", "--dry-run"], "which stays"),
            (["add", "acme", "x.test", "--dry-run"], "There is no --dry-run for add."),
            (["list", "nobody"], "There is no tenant nobody."),
        ],
    )
    def test_refused(
        self,
        acme: Tenant,
        globex: Tenant,
        make_domain: MakeDomain,
        published: Published,
        arguments: list[str],
        message: str,
    ) -> None:
        make_domain(acme, "claim.test")
        assert message in refused("domains", *arguments)
        assert published() == []
        assert Domain.objects.count() == 3
