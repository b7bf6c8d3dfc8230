"""How allauth's second factors behave here: secrets are encrypted, passkeys belong to the base domain."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import caches
from django.utils.translation import gettext_lazy as _

from apps.common import crypto


class MfaAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This did not work. Each code is good once, and for half a minute."),
    }

    def encrypt(self, text: str) -> str:
        return crypto.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The base domain, whatever host is asked (WebAuthn, section 5.4.2). Origins: `mfa_forms`."""
        return {"id": settings.BASE_DOMAIN, "name": settings.MFA_TOTP_ISSUER}


class UsedCodes:
    """Stands in for the cache in which allauth notes used TOTP codes: that of no tenant.

    allauth forgets a code after one period, but with tolerance it is good for more of them.
    """

    def add(self, key: str, value: str, timeout: int) -> bool:
        """Of any number at once, one gets True."""
        periods = 2 * settings.MFA_TOTP_TOLERANCE + 1
        return bool(caches["global"].add(key, value, timeout * periods))
