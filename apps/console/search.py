"""What the palette finds."""

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from apps.accounts.models import Person
from apps.console.navigation import pages
from apps.tenants.models import Tenant

LIMIT = 8


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the palette, as unfold's template reads it."""

    title: str
    description: str
    link: str
    icon: str


def results(term: str) -> list[Result]:
    """Tenants by address, name or domain, people by address or name, pages by title."""
    term = term.strip()[:100]
    if not term:
        return []
    return [*_tenants(term), *_people(term), *_pages(term)]


def _tenants(term: str) -> list[Result]:
    found = Tenant.objects.filter(
        Q(slug__icontains=term)
        | Q(name__icontains=term)
        | Q(id__in=Tenant.objects.filter(domains__domain__icontains=term).values("id"))
    ).order_by("slug")
    return [
        Result(
            tenant.slug,
            f"Tenant, {tenant.name}, {tenant.get_status_display().lower()}",
            reverse("admin:tenants_tenant_change", args=[tenant.pk]),
            "domain",
        )
        for tenant in found[:LIMIT]
    ]


def _people(term: str) -> list[Result]:
    found = Person.objects.filter(Q(email__icontains=term) | Q(name__icontains=term))
    return [
        Result(
            person.email,
            f"Person, {person.name}",
            reverse("admin:accounts_person_change", args=[person.pk]),
            "person",
        )
        for person in found.order_by("email")[:LIMIT]
    ]


def _pages(term: str) -> list[Result]:
    return [
        Result(page.title, "Page", reverse(page.url_name), page.icon)
        for page in pages()
        if term.lower() in page.title.lower()
    ]
