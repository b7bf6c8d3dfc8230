"""The platform's own provider: named by the environment, its endpoints kept in a row."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.core.cache import caches
from django.db import transaction
from django.utils import timezone

from apps.accounts.enums import ProviderState
from apps.accounts.errors import ProviderUnavailable
from apps.accounts.models import IdentityProvider
from apps.accounts.oidc.config import Provider, is_configured, provider_of
from apps.accounts.oidc.discovery import Discovered, discover, discovery_url
from apps.common.database import system_connection

log = structlog.get_logger(__name__)

# How long the discovery document is taken as it was; after a failure, how long until the next attempt.
FRESH_H, RETRY_S = 24, 60


def platform_provider() -> Provider:
    """The provider, discovered where that is due: then it takes seconds, so not inside a transaction.

    Raises ProviderUnavailable, also where none is configured.
    """
    if not is_configured():
        raise ProviderUnavailable
    row = _row()
    url = discovery_url(settings.OIDC_DISCOVERY_URL)
    is_same = row is not None and (row.discovery_url, row.client_id) == (
        url,
        settings.OIDC_CLIENT_ID,
    )
    is_fresh = row is not None and row.discovered_at > timezone.now() - timedelta(hours=FRESH_H)
    if (
        row is not None
        and is_same
        and (is_fresh or caches["global"].get("oidc-rediscovery-failed"))
    ):
        return provider_of(row)
    try:
        found = discover(url, is_trusted=True)
    except ProviderUnavailable:
        caches["global"].set("oidc-rediscovery-failed", 1, RETRY_S)
        if row is None or not is_same:
            raise
        return provider_of(row)
    return provider_of(_store(url, found))


@system_connection()
def _row() -> IdentityProvider | None:
    return IdentityProvider.objects.filter(tenant=None).first()


@system_connection()
@transaction.atomic
def _store(url: str, found: Discovered) -> IdentityProvider:
    values = {
        "name": settings.OIDC_NAME[:60],
        "state": ProviderState.ON,
        "discovery_url": url,
        "issuer": found.issuer,
        "authorization_endpoint": found.authorization_endpoint,
        "token_endpoint": found.token_endpoint,
        "userinfo_endpoint": found.userinfo_endpoint,
        "jwks_uri": found.jwks_uri,
        "end_session_endpoint": found.end_session_endpoint,
        "names_issuer": found.names_issuer,
        "discovered_at": timezone.now(),
        "client_id": settings.OIDC_CLIENT_ID,
        "client_authentication": found.client_authentication,
        "algorithms": list(found.algorithms),
    }
    row, _created = IdentityProvider.objects.update_or_create(tenant=None, defaults=values)
    return row
