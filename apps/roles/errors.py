"""Why an API key is refused. Only who has a real key's text learns more than that it is not valid."""

from django.utils.translation import gettext_lazy as _

from apps.common.errors import NotAuthenticated, PermissionDenied


class _ApiKeyError(NotAuthenticated):
    """RFC 6750, section 3.1."""

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'})


class ApiKeyInvalid(_ApiKeyError):
    code = "api_key_invalid"
    default_detail = _("There is no such API key, or its workspace is not open.")


class ApiKeyExpired(_ApiKeyError):
    code = "api_key_expired"
    default_detail = _("The API key has expired. Rotate it, or create another one.")


class ApiKeyRevoked(_ApiKeyError):
    code = "api_key_revoked"
    default_detail = _("The API key was revoked.")


class ApiKeyReplaced(_ApiKeyError):
    """The text of before a rotation, after the time for which both were good."""

    code = "api_key_replaced"
    default_detail = _("The API key was rotated, and this text of it is good no longer.")


class ApiKeyNetworkDenied(PermissionDenied):
    code = "api_key_network_denied"
    default_detail = _("The API key may not be used from this network address.")
