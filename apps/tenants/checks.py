"""Start-up checks: where tables live, how connections are shared, settings that do not fit."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import OperationalError

from apps.common.database import SYSTEM_ALIAS
from apps.tenants.backend.base import SESSION, TRANSACTION
from apps.tenants.pooler import pooler_mixes_clients
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
def connections_are_shared_safely(**_kwargs: Any) -> list[CheckMessage]:
    """What would let a statement run in the context of another tenant, or fail now and then."""
    logins = connections.settings
    return [
        Error(f"DATABASES[{alias!r}]: {problem}", id="tenants.E003", hint=hint)
        for alias, entry in logins.items()
        for problem, hint in (*_unsafe(alias, entry), *_unsafe_together(alias, logins))
    ]


def _unsafe_together(alias: str, logins: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    app, system = logins[DEFAULT_DB_ALIAS], logins.get(SYSTEM_ALIAS)
    if alias != DEFAULT_DB_ALIAS:
        return []
    if system is None and (app.get("POOL_MODE") == TRANSACTION or app["OPTIONS"].get("pool")):
        return [
            (
                "one login for app and system, and a pool",
                "Set DATABASE_SYSTEM_URL to a direct connection of the owner: it locks by session.",
            )
        ]
    if system is not None and app["USER"] == system["USER"]:
        return [
            (
                "the system's login serves requests, which no policy holds then",
                "DATABASE_URL is for the login wrapper_app, DATABASE_SYSTEM_URL for the owner.",
            )
        ]
    return []


def _unsafe(alias: str, entry: dict[str, Any]) -> list[tuple[str, str]]:
    options = entry.get("OPTIONS", {})
    mode = entry.get("POOL_MODE", SESSION)
    pool = options.get("pool")
    found = []
    if mode not in (SESSION, TRANSACTION):
        found.append(
            (f"unknown POOL_MODE {mode!r}", "Set DATABASE_POOL_MODE=session or transaction.")
        )
    if options.get("server_side_binding"):
        found.append(
            (
                "parameters are bound by the server",
                "Remove server_side_binding: a statement and its context have to fit into one message.",
            )
        )
    if alias == SYSTEM_ALIAS and (mode == TRANSACTION or pool):
        found.append(
            (
                "the system's login is pooled",
                "Connect it directly: it holds advisory locks, listens and migrates.",
            )
        )
    if pool and entry.get("CONN_MAX_AGE"):
        found.append(
            (
                "a pool, and connections that are kept",
                "Set CONN_MAX_AGE to 0, so that they go back to the pool.",
            )
        )
    if mode == TRANSACTION and not entry.get("DISABLE_SERVER_SIDE_CURSORS"):
        found.append(
            (
                "named cursors, which outlive the transaction that a pooler lends a connection for",
                "Set DISABLE_SERVER_SIDE_CURSORS to True.",
            )
        )
    if mode == TRANSACTION and options.get("prepare_threshold") is not None:
        found.append(
            (
                "prepared statements, which stay on the connection that a pooler takes back",
                "Remove prepare_threshold.",
            )
        )
    return found


@register(Tags.database)
def pooler_keeps_sessions(
    databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Runs at `migrate` and `check --database`: looks whether a pooler gives our session to others.

    A login that cannot connect is a warning: the app's is made by the first `migrate`.
    """
    found: list[CheckMessage] = []
    for alias, entry in connections.settings.items():
        if not databases or entry.get("POOL_MODE", SESSION) != SESSION:
            continue
        try:
            # Not connections[alias]: that is the system's while a command runs.
            wrapper = connections.create_connection(alias)
            is_mixed = pooler_mixes_clients(wrapper.get_connection_params())
        except OperationalError as error:
            found.append(
                CheckWarning(
                    f"DATABASES[{alias!r}] cannot be reached: {str(error).strip()}",
                    id="tenants.W004",
                    hint="At the first `migrate` the app's login does not exist yet. Later, it must.",
                )
            )
            continue
        if is_mixed:
            found.append(
                Error(
                    f"DATABASES[{alias!r}] is reached through a pooler that lends connections by "
                    "transaction, while POOL_MODE is session: statements would run in the context of "
                    "other tenants.",
                    id="tenants.E004",
                    hint="Set DATABASE_POOL_MODE=transaction, or let the pooler lend by session. The "
                    "system's login needs a direct connection.",
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
                id="tenants.E005",
                hint="Give IP addresses, with :port where it is not 53, separated by commas.",
            )
        ]
    return []
