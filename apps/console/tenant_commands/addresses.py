"""rename, domains."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from apps.common.urls import slug_host
from apps.console.tenant_commands.base import ACTOR, Subcommand, time
from apps.tenants import services
from apps.tenants.hosts import domain_normalize
from apps.tenants.models import Domain, Tenant
from apps.tenants.selectors_domains import domains_of


class Rename(Subcommand):
    name = "rename"
    help = "another name, another address, or both; the old address redirects"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--slug", dest="new_slug", help="the new address")
        parser.add_argument("--name", help="the new name")
        parser.add_argument("--reason", default="", help="kept in the history")

    def run(self, options: dict[str, Any]) -> None:
        if options["new_slug"] is None and options["name"] is None:
            raise CommandError("Say what to change: --slug, --name, or both.")
        tenant = self.tenant(options)
        with transaction.atomic():
            if options["new_slug"] is not None:
                tenant = services.tenant_readdress(
                    actor=ACTOR,
                    tenant_id=tenant.id,
                    slug=options["new_slug"],
                    reason=options["reason"],
                )
            if options["name"] is not None:
                tenant = services.tenant_rename(
                    actor=ACTOR, tenant_id=tenant.id, name=options["name"]
                )
        self.print_tenant(tenant, options)


class Domains(Subcommand):
    name = "domains"
    help = "list, add, check, verify, primary or remove domains of a tenant"
    ACTS = ("list", "add", "check", "verify", "primary", "remove")

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=cls.ACTS, metavar="|".join(cls.ACTS))
        parser.add_argument("slug")
        parser.add_argument("domain", nargs="?", help="needed for all but list")
        parser.add_argument(
            "--reason",
            default="",
            help="kept in the history; verify needs it, by hand and not by DNS",
        )
        parser.add_argument("--yes", action="store_true", help="remove: do not ask for the name")
        parser.add_argument("--dry-run", action="store_true", help="remove: say what would happen")

    def run(self, options: dict[str, Any]) -> None:
        tenant = self.tenant(options)
        if options["dry_run"] and options["act"] != "remove":
            raise CommandError(f"There is no --dry-run for {options['act']}.")
        if options["act"] == "list":
            self._list(tenant, options)
            return
        if not options["domain"]:
            raise CommandError(f"Which domain? tenants domains {options['act']} SLUG DOMAIN")
        getattr(self, f"_{options['act']}")(tenant, options)

    def _list(self, tenant: Tenant, options: dict[str, Any]) -> None:
        found = list(domains_of(tenant))
        if options["json"]:
            self.print_json([domain_facts(domain) for domain in found])
            return
        for domain in found:
            primary = "primary" if domain.is_primary else ""
            self.stdout.write(
                f"{domain.domain:<40} {domain.state:<14} {primary:<8} {domain.check_error}".rstrip()
            )

    def _add(self, tenant: Tenant, options: dict[str, Any]) -> None:
        domain = services.domain_add(actor=ACTOR, tenant_id=tenant.id, domain=options["domain"])
        self._print(domain, options)

    def _check(self, tenant: Tenant, options: dict[str, Any]) -> None:
        """Ends with an error when the record is not there, for scripts."""
        checked = services.domain_check(actor=ACTOR, domain_id=self._domain(tenant, options).id)
        self._print(checked, options)
        if checked.check_error:
            raise CommandError(checked.check_error)

    def _verify(self, tenant: Tenant, options: dict[str, Any]) -> None:
        domain = services.domain_verify(
            actor=ACTOR, domain_id=self._domain(tenant, options).id, reason=options["reason"]
        )
        self._print(domain, options)

    def _primary(self, tenant: Tenant, options: dict[str, Any]) -> None:
        domain = services.domain_make_primary(
            actor=ACTOR, domain_id=self._domain(tenant, options).id
        )
        self._print(domain, options)

    def _remove(self, tenant: Tenant, options: dict[str, Any]) -> None:
        domain = self._domain(tenant, options)
        facts = domain_facts(domain)
        if options["dry_run"]:
            self._say_what_would_go(tenant, domain)
            return
        name = domain.domain
        if not options["yes"] and input(f"Type {name} to remove it: ") != name:
            raise CommandError("Not removed: the name did not match.")
        services.domain_remove(actor=ACTOR, domain_id=domain.id, reason=options["reason"])
        if options["json"]:
            self.print_json(facts)
        else:
            self.stdout.write(f"{name} is removed.")

    def _say_what_would_go(self, tenant: Tenant, domain: Domain) -> None:
        if domain.is_current_subdomain:
            raise CommandError(f"{domain} is {tenant.slug}'s own address, which stays.")
        also = (
            f" Links would lead to {slug_host(tenant.slug)} instead." if domain.is_primary else ""
        )
        self.stdout.write(
            f"{domain} would lead to {tenant.slug} no longer, and be free for others.{also}"
        )

    def _domain(self, tenant: Tenant, options: dict[str, Any]) -> Domain:
        """By its name, also one of the platform's own."""
        typed = options["domain"].strip().rstrip(".").lower()
        found = domains_of(tenant).filter(domain=typed).first()
        if found is None and not typed.isascii():
            found = domains_of(tenant).filter(domain=domain_normalize(typed)).first()
        if found is None:
            raise CommandError(f"{tenant.slug} has no domain {options['domain']}.")
        return found

    def _print(self, domain: Domain, options: dict[str, Any]) -> None:
        found = domain_facts(domain)
        if options["json"]:
            self.print_json(found)
            return
        for name, value in found.items():
            shown = {True: "yes", False: "no", None: "-", "": "-"}.get(value, value)
            self.stdout.write(f"{name:<18} {shown}")


def domain_facts(domain: Domain) -> dict[str, Any]:
    return {
        "id": str(domain.id),
        "domain": domain.domain,
        "state": domain.state.value,
        "is_primary": domain.is_primary,
        "is_alias": domain.is_alias,
        "verified_at": time(domain.verified_at),
        "checked_at": time(domain.checked_at),
        "check_code": str(domain.check_code) or None,
        "check_error": domain.check_error,
        "txt_name": domain.txt_name,
        "txt_value": domain.txt_value,
    }


COMMANDS: tuple[type[Subcommand], ...] = (Rename, Domains)
