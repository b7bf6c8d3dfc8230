"""Start-up checks: an app's tables are shared or per tenant, tenants never point at public, settings fit."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.tenants.proof import nameservers


@register()
def tenant_apps_are_separate(**_kwargs: Any) -> list[CheckMessage]:
    """An app in both lists would have its tables twice, and public's would answer for a tenant."""
    both = sorted(set(settings.SHARED_APPS) & set(settings.TENANT_APPS))
    return [
        Error(f"{name} is both shared and per tenant", id="tenants.E001", hint="Split the app.")
        for name in both
    ]


@register()
def tenant_tables_do_not_reference_public(**_kwargs: Any) -> list[CheckMessage]:
    """Such a key ties a tenant's schema to this database and slows every creation of a tenant."""
    tenant_apps = set(settings.TENANT_APPS)
    found: list[CheckMessage] = []
    for model in apps.get_models():
        if model._meta.app_config.name not in tenant_apps:
            continue
        for field in model._meta.concrete_fields:
            target = field.related_model if field.many_to_one or field.one_to_one else None
            if target is not None and target._meta.app_config.name not in tenant_apps:
                found.append(
                    Error(
                        f"{model._meta.label}.{field.name} references the shared {target._meta.label}",
                        id="tenants.E002",
                        hint="Store the id in a UUIDField instead.",
                    )
                )
    return found


@register()
def dns_resolvers_are_addresses(**_kwargs: Any) -> list[CheckMessage]:
    """Found at the start, not at the first check of a domain."""
    try:
        nameservers()
    except ValueError as error:
        return [
            Error(
                f"DNS_RESOLVERS: {error}",
                id="tenants.E003",
                hint="Give IP addresses, with :port where it is not 53, separated by commas.",
            )
        ]
    return []
