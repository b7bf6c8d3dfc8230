from django.utils.translation import gettext_lazy as _

from apps.common.errors import NotAuthenticated, PermissionDenied, PlatformError


class InvalidCredentials(NotAuthenticated):
    """Wrong password, unknown address or inactive person: the caller cannot tell which."""

    code = "invalid_credentials"
    default_detail = _("The e-mail address and the password do not match.")


class EmailNotVerified(PermissionDenied):
    code = "email_not_verified"
    default_detail = _("Confirm your e-mail address first: we have sent you a link.")


class MfaRequired(PermissionDenied):
    """The workspace's policy asks for more than this sign-in proved."""

    code = "mfa_required"
    title = _("A second factor is required")
    default_detail = _(
        "This workspace requires a second factor. Set one up on your security page, then sign in with it."
    )


class MfaCodeRequired(NotAuthenticated):
    """The password is right, and the account has a second factor."""

    code = "mfa_required"
    title = _("A second factor is required")
    default_detail = _("Send `mfa_code` too: a code of the authenticator app, or a recovery code.")


class MfaCodeInvalid(NotAuthenticated):
    code = "mfa_code_invalid"
    default_detail = _("The code is wrong, or was used before. Each one is good once.")


class _BearerError(NotAuthenticated):
    """RFC 6750, section 3.1."""

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'})


class TokenExpired(_BearerError):
    code = "token_expired"
    default_detail = _("The access token has expired. Get a new one with the refresh token.")


class TokenInvalid(_BearerError):
    code = "token_invalid"
    default_detail = _("The access token is not valid.")


class TokenRevoked(_BearerError):
    code = "token_revoked"
    default_detail = _("This sign-in was ended. Sign in again.")


class IdentityUnknown(_BearerError):
    """A good token of the provider's, whose subject is nobody here."""

    code = "identity_unknown"
    default_detail = _(
        "No account here is connected with this identity. Sign in once in a browser, by the same provider."
    )


class RefreshTokenInvalid(NotAuthenticated):
    code = "refresh_token_invalid"
    default_detail = _("The refresh token is unknown, expired or revoked. Sign in again.")


class RefreshTokenReused(NotAuthenticated):
    code = "refresh_token_reused"
    default_detail = _("The refresh token was used before. Sign in again.")


class ProviderRefused(PlatformError):
    """A sign-in by a provider that is not accepted. code: the reason, for programs and the history.

    detail: for the person; says nothing that the provider sent.
    """

    status = 400
    code = "provider_refused"
    title = _("This sign-in was not accepted")
    default_detail = _("What the identity provider answered is not valid. Try again.")


class ProviderUnavailable(ProviderRefused):
    """The provider, not the person, is at fault, and later it may work."""

    code = "provider_unavailable"
    title = _("The identity provider does not answer")
    default_detail = _("Try again in a few minutes, or sign in another way.")


class WorkspaceSession(PermissionDenied):
    """A session that began by a tenant's own provider, and something outside that tenant."""

    code = "workspace_session"
    default_detail = _(
        "This sign-in is good in the workspace only. Sign in on the platform's own site."
    )


class SsoRequired(PermissionDenied):
    code = "sso_required"
    title = _("Sign in with your organization")
    default_detail = _("This workspace takes only sign-ins by its identity provider.")
