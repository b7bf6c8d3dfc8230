from allauth.core.internal import ratelimit
from django.apps import AppConfig
from django.core.cache import caches
from django.utils.connection import ConnectionProxy

from apps.accounts.attempts import attempts


class AccountsConfig(AppConfig):
    name = "apps.accounts"

    def ready(self) -> None:
        # Imports models.
        from allauth.socialaccount.internal import jwtkit
        from allauth.socialaccount.providers import registry

        # allauth has no setting for the cache of its limits, and the default cache is the tenant's.
        ratelimit.cache = attempts
        # Tokens of Google belong to no tenant either, of which it remembers the used ones.
        jwtkit.cache = ConnectionProxy(caches, "global")
        # What including its URLs would do.
        registry.load()
        from allauth.mfa.totp.internal import auth as totp

        from apps.accounts import checks, signals  # noqa: F401  # register themselves
        from apps.accounts.api import openapi  # noqa: F401  # registers the schemes
        from apps.accounts.entitlements import ENTITLEMENTS
        from apps.accounts.exports import SHARED_ROWS
        from apps.accounts.mfa_adapter import UsedCodes
        from apps.accounts.permissions import PERMISSIONS
        from apps.accounts.purging import STEPS
        from apps.common.access import register_permissions
        from apps.common.entitlements import register_entitlements
        from apps.tenants.exports.shared import register_shared_rows
        from apps.tenants.purging import register_purge_step

        totp.cache = UsedCodes()
        register_permissions(PERMISSIONS)
        register_entitlements(ENTITLEMENTS)
        register_shared_rows(*SHARED_ROWS)
        register_purge_step(*STEPS)
